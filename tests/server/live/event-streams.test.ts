import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type SQL, sql } from "drizzle-orm";
import { createClient } from "graphql-sse";
import { newId } from "../../../src/platform/ids.js";
import { startTestApp, type TestApp } from "../../support/app.js";
import { givenKey, recordContacts, revokeKey } from "../../support/live.js";
import { until } from "../../support/until.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

const run = (statement: SQL) => app.database.transaction((tx) => tx.execute(statement));

const ALL =
  "subscription ($after: Cursor) { interactionRecorded(after: $after) { cursor interaction { summary } } }";
const WITHOUT_ARGUMENT = "subscription { interactionRecorded { cursor interaction { summary } } }";

interface Event {
  id?: string;
  event?: string;
  data?: string;
}

/** A request for events, and its events as they come; comments are passed over. */
async function events(body: object, headers: Record<string, string> = {}, key = app.key) {
  const leaving = new AbortController();
  const response = await fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      authorization: `Bearer ${key}`,
      ...headers,
    },
    body: JSON.stringify(body),
    signal: leaving.signal,
  });
  const next = response.ok ? reader(response) : async () => null;
  return { response, next, leave: () => leaving.abort() };
}

function reader(response: Response): () => Promise<Event | null> {
  const stream = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = "";
  return async function next(): Promise<Event | null> {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end < 0) {
        const { value, done } = await stream.read();
        if (done) return null;
        text += decoder.decode(value, { stream: true });
        continue;
      }
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      if (lines.every((line) => line.startsWith(":"))) continue;
      return Object.fromEntries(lines.map((line) => line.split(/: ?(.*)/s).slice(0, 2)));
    }
  };
}

const summaryOf = (event: Event | null) =>
  JSON.parse(event?.data ?? "null").data.interactionRecorded.interaction.summary;

test("each event carries its cursor as id, and Last-Event-ID resumes after it, with or without a cursor in the document", async () => {
  const [start] = await recordContacts(app, ["s0"]);
  const first = await events({ query: ALL, variables: { after: start.cursor } });
  expect(first.response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  await recordContacts(app, ["s1"]);
  const event = await first.next();
  expect(event).toMatchObject({ event: "next", id: expect.any(String) });
  expect(summaryOf(event)).toBe("s1");
  expect(JSON.parse(event?.data as string).data.interactionRecorded.cursor).toBe(event?.id);
  first.leave();
  await recordContacts(app, ["s2", "s3"]);

  for (const [query, variables] of [
    [ALL, { after: start.cursor }],
    [WITHOUT_ARGUMENT, {}],
  ] as const) {
    const again = await events({ query, variables }, { "last-event-id": event?.id as string });
    expect([summaryOf(await again.next()), summaryOf(await again.next())]).toEqual(["s2", "s3"]);
    again.leave();
  }
});

test("a client of the published protocol follows a subscription, a query and a mutation", async () => {
  const client = createClient({
    url: `${app.url}/graphql`,
    headers: { authorization: `Bearer ${app.key}` },
    retryAttempts: 0,
  });
  const [start] = await recordContacts(app, ["c0"]);
  const following = client.iterate({ query: ALL, variables: { after: start.cursor } });
  const next = following.next();
  await recordContacts(app, ["c1"]);
  expect((await next).value).toMatchObject({
    data: { interactionRecorded: { interaction: { summary: "c1" } } },
  });
  await following.return?.();

  const asked = client.iterate({ query: "{ customers(first: 1) { nodes { displayName } } }" });
  expect((await asked.next()).value).toMatchObject({ data: { customers: { nodes: [expect.anything()] } } });
  expect((await asked.next()).done).toBe(true);
  client.dispose();
  await until(
    () => app.app.live.connectionCount,
    (now) => now === 0,
  );
});

test("what is wrong with the operation is told in the stream; what is no operation is refused before", async () => {
  const invalid = await events({ query: "subscription { nonsense }" });
  expect(invalid.response.status).toBe(200);
  const told = await invalid.next();
  expect(told).toMatchObject({ event: "next" });
  expect(JSON.parse(told?.data as string)).toMatchObject({
    errors: [{ extensions: { code: "GRAPHQL_VALIDATION_FAILED", requestId: expect.any(String) } }],
  });
  expect(await invalid.next()).toEqual({ event: "complete", data: "" });
  expect(await invalid.next()).toBeNull();

  const badCursor = await events({ query: ALL, variables: { after: "bm9uc2Vuc2U" } });
  expect(JSON.parse((await badCursor.next())?.data as string)).toMatchObject({
    errors: [{ extensions: { code: "BAD_CURSOR" } }],
  });
  expect(await badCursor.next()).toEqual({ event: "complete", data: "" });

  for (const [body, code] of [
    [{ query: "subscription {" }, "GRAPHQL_PARSE_FAILED"],
    [{ query: 7 }, "BAD_REQUEST"],
    [{ query: ALL, variables: [] }, "BAD_REQUEST"],
    [{}, "BAD_REQUEST"],
  ] as const) {
    const { response } = await events(body);
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] });
  }
});

test("what a subscription keeps of its variables is bounded: what it declares, and no more than a filter takes", async () => {
  const query = `subscription ($where: InteractionFilter) { interactionRecorded(where: $where) { interaction { summary } } }`;
  const where = (count: number) => ({
    customerId: { in: Array.from({ length: count }, () => newId("customer")) },
  });
  const large = await events({ query, variables: { where: where(900) } });
  expect(JSON.parse((await large.next())?.data as string)).toMatchObject({
    errors: [{ extensions: { code: "PAYLOAD_TOO_LARGE" } }],
  });
  expect(app.app.live.followerCount).toBe(0);
  const usual = await events({ query, variables: { where: where(500), unasked: "x".repeat(1_000_000) } });
  await until(
    () => app.app.live.followerCount,
    (now) => now === 1,
  );
  usual.leave();
});

test("a GET with its request in the address is served likewise, behind the same key", async () => {
  const address = `${app.url}/graphql?${new URLSearchParams({ query: ALL, variables: "{}" })}`;
  const headers = { accept: "text/event-stream", authorization: `Bearer ${app.key}` };
  const leaving = new AbortController();
  const response = await fetch(address, { headers, signal: leaving.signal });
  const next = reader(response);
  await recordContacts(app, ["g1"]);
  expect(summaryOf(await next())).toBe("g1");
  leaving.abort();
  expect((await fetch(address, { headers: { accept: "text/event-stream" } })).status).toBe(401);
  const broken = await fetch(`${address}{`, { headers });
  expect(broken.status).toBe(400);
  const query = 'mutation { deleteWebhook(id: "whk_0") { deletedId } }';
  const changing = await fetch(`${app.url}/graphql?${new URLSearchParams({ query })}`, { headers });
  expect(changing.status).toBe(405);
  expect(await changing.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_REQUEST" } }] });
});

test("scopes and cost hold as on every transport", async () => {
  const { key } = await givenKey(app, ["events:read"]);
  const forbidden = await events({ query: ALL }, {}, key);
  expect(JSON.parse((await forbidden.next())?.data as string)).toMatchObject({
    errors: [{ extensions: { code: "FORBIDDEN", scope: "interactions:read" } }],
  });
});

test("what the price cannot be charged for is refused before the stream by its own status: spent, or a fault of ours", async () => {
  const budget = { maximum: 10, restoreRate: 1 };
  const sharing = await startTestApp({ on: app, sharedBudgets: true, budget });
  try {
    const { key } = await givenKey(sharing, ["customers:read"]);
    const ask = (first: number) =>
      fetch(`${sharing.url}/graphql`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "text/event-stream",
          authorization: `Bearer ${key}`,
        },
        body: JSON.stringify({ query: `{ customers(first: ${first}) { nodes { id } } }` }),
      });
    const told = async (response: Response) => [
      response.status,
      ((await response.json()) as { errors: { extensions: object }[] }).errors[0]?.extensions,
      response.headers.has("retry-after"),
    ];
    expect(await told(await ask(100))).toEqual([
      400,
      expect.objectContaining({ code: "TOO_EXPENSIVE" }),
      false,
    ]);
    await run(sql`alter table budgets rename to budgets_away`);
    expect(await told(await ask(1))).toEqual([
      500,
      expect.objectContaining({ code: "INTERNAL_SERVER_ERROR" }),
      false,
    ]);
  } finally {
    await run(sql`alter table if exists budgets_away rename to budgets`);
    await sharing.stop();
  }
});

test("a revoked key's stream ends with the reason, within a second", async () => {
  const { key, id } = await givenKey(app, ["interactions:read"]);
  const stream = await events({ query: ALL }, {}, key);
  const revokedAt = Date.now();
  await revokeKey(app, id);
  expect(JSON.parse((await stream.next())?.data as string)).toMatchObject({
    errors: [{ extensions: { code: "UNAUTHENTICATED" } }],
  });
  expect(await stream.next()).toEqual({ event: "complete", data: "" });
  expect(Date.now() - revokedAt).toBeLessThan(1_000);
});

test("a node that stops cuts its streams without an end of the operation, so that clients come back", async () => {
  const other = await startTestApp({ on: app });
  const response = await fetch(`${other.url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      authorization: `Bearer ${other.key}`,
    },
    body: JSON.stringify({ query: ALL }),
  });
  const next = reader(response);
  const ended = next();
  await other.stop();
  expect(await ended).toBeNull();
});
