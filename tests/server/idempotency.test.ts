import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { removeOldRequests } from "../../src/platform/idempotency/idempotent-requests.js";
import { startTestApp, type TestApp } from "../support/app.js";
import { givenKey } from "../support/live.js";
import { connectSocket } from "../support/socket.js";
import { until } from "../support/until.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

/** Nothing but the idempotency key keeps this from being done twice. */
const CREATE = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey { id } } }`;
const inputOf = (name: string) => ({ input: { name, scopes: ["customers:read"] } });

// biome-ignore lint/suspicious/noExplicitAny: an answer of any shape
type Told = { status: number; headers: Headers; body: any };

async function send(key: string, body: object, headers: Record<string, string> = {}): Promise<Told> {
  const response = await fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${app.key}`,
      "idempotency-key": key,
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const data = /^data: (.+)$/m.exec(text)?.[1] ?? text;
  return { status: response.status, headers: response.headers, body: JSON.parse(data) };
}

const create = (key: string, name: string, headers?: Record<string, string>) =>
  send(key, { query: CREATE, variables: inputOf(name) }, headers);
const codeOf = ({ body }: Told) => body.errors?.[0].extensions.code;

async function keysNamed(name: string): Promise<number> {
  const rows = await app.database.read.execute(sql`select 1 as one from api_keys where name = ${name}`);
  return rows.length;
}

test("the same key with the same input gets the first answer again, and nothing is done twice", async () => {
  const key = randomUUID();
  const first = await create(key, "once");
  const again = await create(key, "once");
  expect(first.body.data.createApiKey.key).toMatch(/^c360_/);
  expect([again.status, again.body.data]).toEqual([200, first.body.data]);
  expect([first, again].map(({ headers }) => headers.get("idempotent-replayed"))).toEqual([null, "true"]);
  expect(await keysNamed("once")).toBe(1);
  // The order of the fields of an input means nothing.
  const { input } = inputOf("once");
  const turned = { scopes: input.scopes, name: input.name };
  expect((await send(key, { query: CREATE, variables: { input: turned } })).body.data).toEqual(
    first.body.data,
  );
});

test("the same key with another input is refused", async () => {
  const key = randomUUID();
  await create(key, "mine");
  const other = await create(key, "another");
  expect([other.status, codeOf(other)]).toEqual([409, "IDEMPOTENCY_CONFLICT"]);
  expect(await keysNamed("another")).toBe(0);
});

test("of twins at the same time one runs; the others are told to wait, or get its answer", async () => {
  const key = randomUUID();
  const all = await Promise.all(Array.from({ length: 12 }, () => create(key, "twin")));
  expect(await keysNamed("twin")).toBe(1);
  const told = new Set(all.map((one) => codeOf(one) ?? one.body.data.createApiKey.key));
  told.delete("IDEMPOTENCY_IN_PROGRESS");
  expect(told.size).toBe(1);
  for (const one of all.filter(codeOf))
    expect([one.status, one.headers.get("retry-after")]).toEqual([409, "1"]);
});

test("keys are each caller's own", async () => {
  const key = randomUUID();
  const { key: other } = await givenKey(app, ["keys:manage", "customers:read"]);
  const first = await create(key, "apart");
  const second = await create(key, "apart", { authorization: `Bearer ${other}` });
  expect(second.body.data.createApiKey.key).not.toBe(first.body.data.createApiKey.key);
  expect(await keysNamed("apart")).toBe(2);
});

test("the directive means the same on HTTP, on WebSocket and for events", async () => {
  const query = CREATE.replace("{", `@idempotent(key: "${randomUUID()}") {`);
  const body = { query, variables: inputOf("everywhere") };
  const headers = { accept: "text/event-stream" };
  const socket = await connectSocket(app);
  await socket.next();
  socket.send({ id: "1", type: "subscribe", payload: body });
  const first = (await socket.next()).payload.data;
  expect(first.createApiKey.key).toMatch(/^c360_/);
  await socket.next();
  socket.send({ id: "2", type: "subscribe", payload: body });
  expect((await socket.next()).payload.data).toEqual(first);
  await socket.next();
  socket.send({ id: "3", type: "subscribe", payload: { ...body, variables: inputOf("else") } });
  expect((await socket.next()).payload.errors[0].extensions.code).toBe("IDEMPOTENCY_CONFLICT");
  socket.socket.close();
  const without = { authorization: `Bearer ${app.key}`, "content-type": "application/json" };
  for (const more of [{}, headers]) {
    const response = await fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: { ...without, ...more },
      body: JSON.stringify(body),
    });
    expect(await response.text()).toContain(first.createApiKey.key);
  }
  expect(await keysNamed("everywhere")).toBe(1);
  const key = randomUUID();
  const asEvents = await create(key, "as events", headers);
  expect((await create(key, "as events")).body.data).toEqual(asEvents.body.data);
  expect((await create(key, "as others", headers)).body.errors[0].extensions.code).toBe(
    "IDEMPOTENCY_CONFLICT",
  );
});

test("a refusal as data is an answer; what did not run is none, and may be sent again", async () => {
  const refused = randomUUID();
  const query = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { userErrors { code } } }`;
  const empty = { query, variables: { input: { name: "", scopes: [] } } };
  const first = await send(refused, empty);
  expect(first.body.data.createApiKey.userErrors).not.toEqual([]);
  expect((await send(refused, empty)).body.data).toEqual(first.body.data);
  const wrong = randomUUID();
  expect(codeOf(await send(wrong, { query: CREATE, variables: { input: { name: 5 } } }))).toBe(
    "BAD_USER_INPUT",
  );
  expect((await create(wrong, "at last")).body.data.createApiKey.key).toMatch(/^c360_/);
});

test("a key that is none, or not the same in header and directive, is refused; a query needs none", async () => {
  expect(codeOf(await create("x".repeat(256), "long"))).toBe("BAD_USER_INPUT");
  const query = CREATE.replace("{", `@idempotent(key: "one") {`);
  expect(codeOf(await send("two", { query, variables: inputOf("both") }))).toBe("BAD_USER_INPUT");
  expect((await send("x".repeat(256), { query: "{ __typename }" })).body.data).toEqual({
    __typename: "Query",
  });
});

test("what is stored opens for nobody else", async () => {
  const key = randomUUID();
  const { body } = await create(key, "sealed");
  const [row] = await app.database.read.execute<{ text: string }>(
    sql`select encode(answer, 'escape') as text from idempotent_requests where key = ${key}`,
  );
  expect(row?.text.length).toBeGreaterThan(100);
  expect(row?.text).not.toContain("createApiKey");
  expect(row?.text).not.toContain(body.data.createApiKey.apiKey.id);
});

const RECORD = `mutation ($ref: String!) { recordInteractions(input: { source: "crm", interactions: [{ sourceRef: $ref,
  customer: { identity: { kind: EMAIL, value: "erased@example.com" } }, channel: "chat", direction: INBOUND,
  initiative: UNSOLICITED, kind: "message", occurredAt: "2026-11-01T10:00:00Z", summary: "who they are" }] }) {
  results { interaction { id summary customer { id } } } } }`;

test("an erasure forgets every answer that is kept, however many, and nothing runs twice then", async () => {
  const key = randomUUID();
  const first = await send(key, { query: RECORD, variables: { ref: "before" } });
  const [{ interaction }] = first.body.data.recordInteractions.results;
  await app.database.transaction((tx) =>
    tx.execute(sql`insert into idempotent_requests (caller_id, key, input_hash, claim_id, answered_at, answer)
      select 'admin', 'many-' || n, '', gen_random_uuid(), now(), 'sealed' from generate_series(1, 2500) n`),
  );
  const { customer } = interaction;
  const { data } = await app.execute(
    "mutation ($id: ID!) { eraseCustomer(input: { customerId: $id }) { request { id } } }",
    { id: customer.id },
  );
  const { id } = data.eraseCustomer.request;
  const ended = await until(
    () => app.execute("query ($id: ID!) { privacyRequest(id: $id) { status finishedAt } }", { id }),
    ({ data }) => data.privacyRequest.finishedAt !== null,
  );
  expect(ended.data.privacyRequest.status).toBe("DONE");

  const [kept] = await app.database.read.execute(
    sql`select count(*)::int as all, count(answer)::int as answers from idempotent_requests where key like 'many-%' or key = ${key}`,
  );
  expect(kept).toEqual({ all: 2_501, answers: 0 });
  const again = await send(key, { query: RECORD, variables: { ref: "before" } });
  expect([again.status, codeOf(again), again.body.data]).toEqual([409, "IDEMPOTENCY_ANSWER_GONE", undefined]);
  const anew = await send(randomUUID(), { query: RECORD, variables: { ref: "before" } });
  expect(anew.body.data.recordInteractions.results).toEqual([{ interaction: null }]);
  const other = await create(randomUUID(), "after an erasure");
  expect(other.body.data.createApiKey.key).toMatch(/^c360_/);
});

test("after a rotation the answer is not told, and nothing is done again", async () => {
  const { id, key: old } = await givenKey(app, ["keys:manage", "customers:read"]);
  const key = randomUUID();
  await create(key, "rotated", { authorization: `Bearer ${old}` });
  const rotated = await app.execute(
    `mutation { rotateApiKey(input: { id: "key_${id}" }) { key userErrors { code } } }`,
  );
  const fresh = rotated.data.rotateApiKey.key;
  const again = await create(key, "rotated", { authorization: `Bearer ${fresh}` });
  expect(codeOf(again)).toBe("IDEMPOTENCY_ANSWER_GONE");
  expect(await keysNamed("rotated")).toBe(1);
});

test("after a key lost a scope the answer that it got with it is not told, and nothing is done again", async () => {
  const { id, key: narrowed } = await givenKey(app, ["interactions:write", "interactions:read", "pii:read"]);
  const key = randomUUID();
  const headers = { authorization: `Bearer ${narrowed}` };
  const body = {
    query: `mutation ($ref: String!) { recordInteractions(input: { source: "crm", interactions: [{ sourceRef: $ref,
      customer: { sourceRef: "narrowed" }, channel: "chat", direction: INBOUND, initiative: UNSOLICITED, kind: "message",
      occurredAt: "2026-11-01T10:00:00Z", summary: "for few" }] }) { results { interaction { id summary } } } }`,
    variables: { ref: "narrowed" },
  };
  const first = await send(key, body, headers);
  expect(first.body.data.recordInteractions.results[0].interaction.summary).toBe("for few");
  const told = await app.execute(
    `mutation { updateApiKey(input: { id: "key_${id}", scopes: ["interactions:write", "interactions:read"] }) { userErrors { code } } }`,
  );
  expect(told.data.updateApiKey.userErrors).toEqual([]);
  // The key is looked up anew within a second.
  const again = await until(
    () => send(key, body, headers),
    (answer) => codeOf(answer) !== undefined,
  );
  expect([again.status, codeOf(again), again.body.data]).toEqual([409, "IDEMPOTENCY_ANSWER_GONE", undefined]);
  const [row] = await app.database.read.execute(
    sql`select count(*)::int as count from interactions where source_ref = 'narrowed'`,
  );
  expect(row).toEqual({ count: 1 });
});

test("a run whose node died is taken over after its lease, by the same input only", async () => {
  const key = randomUUID();
  await create(key, "died");
  const age = (by: string) =>
    app.database.transaction((tx) =>
      tx.execute(sql`update idempotent_requests set answered_at = null, answer = null,
        claimed_at = now() - ${by}::interval where key = ${key}`),
    );
  await age("1 minute");
  expect(codeOf(await create(key, "died"))).toBe("IDEMPOTENCY_IN_PROGRESS");
  await age("3 minutes");
  expect(codeOf(await create(key, "died otherwise"))).toBe("IDEMPOTENCY_CONFLICT");
  expect((await create(key, "died")).body.data.createApiKey.key).toMatch(/^c360_/);
});

test("a run goes on when its client hangs up, and who comes back gets its answer", async () => {
  const contact = {
    sourceRef: randomUUID(),
    customer: { sourceRef: "hung-up" },
    channel: "chat",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "message",
    occurredAt: "2026-11-21T09:30:00Z",
  };
  const body = {
    query: `mutation ($input: RecordInteractionsInput!) { recordInteractions(input: $input) {
      results { outcome interaction { customer { displayName interactions { totalCount } } } } } }`,
    variables: { input: { source: "test", interactions: [contact] } },
  };
  const key = randomUUID();
  await app.database.transaction(async (tx) => {
    await tx.execute(sql`lock table interactions in share mode`);
    const leaving = new AbortController();
    const asked = fetch(`${app.url}/graphql`, {
      method: "POST",
      signal: leaving.signal,
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${app.key}`,
        "idempotency-key": key,
      },
      body: JSON.stringify(body),
    });
    const waiting = sql`select 1 from pg_locks join pg_stat_activity using (pid) where datname = current_database() and not granted and relation = 'interactions'::regclass`;
    while ((await tx.execute(waiting)).length === 0);
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await app.execute("{ __typename }"); // the server has heard by then
  });
  let again = await send(key, body);
  while (codeOf(again) === "IDEMPOTENCY_IN_PROGRESS") again = await send(key, body);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect(again.body.data.recordInteractions.results).toEqual([
    {
      outcome: "RECORDED",
      interaction: { customer: { displayName: null, interactions: { totalCount: 1 } } },
    },
  ]);
});

test("after a day a key is free again, and its row is removed", async () => {
  const key = randomUUID();
  await create(key, "old");
  const age = () =>
    app.database.transaction((tx) =>
      tx.execute(
        sql`update idempotent_requests set claimed_at = now() - interval '25 hours' where key = ${key}`,
      ),
    );
  await age();
  expect((await create(key, "new")).body.data.createApiKey.key).toMatch(/^c360_/);
  await age();
  expect(await removeOldRequests(app.database)).toBe(1);
  expect(await removeOldRequests(app.database)).toBe(0);
});
