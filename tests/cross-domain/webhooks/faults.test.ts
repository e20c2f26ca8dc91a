import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { openConnection } from "../../../src/platform/database/connection.js";
import { openDatabase } from "../../../src/platform/database/database.js";
import { limitedKey } from "../../domains/loyalty/limited-key.js";
import {
  atEndOfTest,
  deliveriesOf,
  givenWebhook,
  type Receiver,
  recordContact,
  startReceiver,
  webhookNow,
} from "../../domains/webhooks/given.js";
import { startTestApp, type TestApp } from "../../support/app.js";
import { startProgram } from "../../support/program.js";
import { startProxy } from "../../support/proxy.js";
import { until, waitMs } from "../../support/until.js";

const contacts = "subscription { interactionRecorded { interaction { id } } }";
const fast = { waitsMs: [20, 20], pollMs: 20 };

let app: TestApp;
let receiver: Receiver;
beforeEach(async () => {
  app = await startTestApp({ webhooks: fast });
  receiver = await startReceiver();
});
afterEach(() => app.stop());

/** Another one on the same database, for as long as the test runs. */
async function anotherApp(options: Parameters<typeof startTestApp>[0] = {}): Promise<TestApp> {
  const other = await startTestApp({ on: app, webhooks: fast, ...options });
  atEndOfTest(() => other.stop());
  return other;
}

const run = (statement: ReturnType<typeof sql>) => app.database.transaction((tx) => tx.execute(statement));
const keyIdOf = (key: string) => key.split("_")[2];

async function resume(id: string, skipMissed: boolean) {
  const { data } = await app.execute(
    `mutation ($input: ResumeWebhookInput!) { resumeWebhook(input: $input) { webhook { status } userErrors { code field } } }`,
    { input: { id, skipMissed } },
  );
  return data.resumeWebhook;
}

test("two nodes share the work: every event is attempted once", async () => {
  const other = await anotherApp();
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  const sent: string[] = [];
  for (let i = 0; i < 40; i++) sent.push((await recordContact(i % 2 ? app : other)).interactionId);
  await until(
    () => webhookNow(app, id),
    ({ pendingDeliveryCount }) => receiver.received.length >= 40 && pendingDeliveryCount === 0,
  );
  const received = receiver.received.map(({ body }) => body.data.interactionRecorded.interaction.id);
  expect(received.toSorted()).toEqual(sent.toSorted());
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(40);
});

test("a node that is killed between sending and recording: the event is sent again, under the same id", async () => {
  const connection = app.connection as { host: string; user: string; database: string };
  const proxy = await startProxy(connection.host); // to the server's socket, which no URL names
  atEndOfTest(() => proxy.close());
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  receiver.answer = () => {}; // keeps it waiting
  await app.app.stop();
  const program = startProgram("src/main.ts", {
    DATABASE_URL: `postgres://${connection.user}@127.0.0.1:${proxy.port}/${connection.database}`,
    PORT: "0",
    ADMIN_API_KEY: app.key,
    WEBHOOK_PRIVATE_ADDRESSES: "on",
  });
  atEndOfTest(() => program.kill("SIGKILL"));
  const [url] = /http:\/\/\S+(?=\/graphql)/.exec(await program.printed(/GraphQL .*\n/)) as unknown as [
    string,
  ];
  const elsewhere = { ...app, execute: executeOn(url, app.key) };
  const { interactionId } = await recordContact(elsewhere);
  const first = await receiver.next();
  program.kill("SIGKILL");
  await program.ended;
  receiver.answer = (response) => response.writeHead(204).end();
  const heir = await anotherApp();
  const [held] = await deliveriesOf(heir, id);
  expect(held).toMatchObject({ status: "PENDING", attempts: 1, lastStatusCode: null, lastError: null });
  // The lease ends: a minute goes by.
  await heir.database.transaction((tx) =>
    tx.execute(sql`update webhook_deliveries set next_attempt_at = now() where status = 'PENDING'`),
  );
  const second = await receiver.next();
  expect(second.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
  expect(second.body.data.interactionRecorded.interaction.id).toBe(interactionId);
  const [delivered] = await until(
    () => deliveriesOf(heir, id),
    ([one]) => one.status === "DELIVERED",
  );
  expect(delivered.attempts).toBe(2);
});

function executeOn(url: string, key: string): TestApp["execute"] {
  return async (document, variables = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify({ query: document, variables }),
    });
    return { status: response.status, ...((await response.json()) as object) } as never;
  };
}

test("receivers that do not answer hold places of their key alone: another key's webhook and tests are sent at once", async () => {
  const keyOf = () => limitedKey(app, ["webhooks:read", "webhooks:write", "interactions:read"]);
  const [greedy, other] = [await keyOf(), await keyOf()];
  const silent = await startReceiver(() => {});
  const silentIds: string[] = [];
  for (let i = 0; i < 6; i++)
    silentIds.push((await givenWebhook(app, { url: silent.url, document: contacts }, greedy)).id);
  for (let i = 0; i < 8; i++) await recordContact(app);
  while (silent.received.length < 36) await silent.next();
  for (const silentId of silentIds)
    await until(
      () => webhookNow(app, silentId, greedy),
      ({ pendingDeliveryCount }) => pendingDeliveryCount === 8,
    );
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts }, other);
  const test = (webhook: string, key: string) =>
    app.execute(
      "mutation ($id: ID!) { sendTestWebhook(id: $id) { delivery { id } } }",
      { id: webhook },
      { key },
    );

  const { interactionId } = await recordContact(app);
  const { body } = await receiver.next();
  expect(body.data.interactionRecorded.interaction.id).toBe(interactionId);
  for (const silentId of silentIds) await test(silentId, greedy);
  await test(id, other);
  expect((await receiver.next()).body.type).toBe("WEBHOOK_TEST");

  // Of 54 deliveries and 6 tests of the other key.
  const types = silent.received.map(({ body: { type } }) => type);
  expect(types.filter((type) => type !== "WEBHOOK_TEST")).toHaveLength(36);
  expect(types.filter((type) => type === "WEBHOOK_TEST").length).toBeLessThanOrEqual(2);
});

test("a name that stands for a private address is not connected to, whatever else it stands for", async () => {
  const asked: string[] = [];
  const strict = await startTestApp({
    webhookPrivateAddresses: false,
    webhooks: {
      ...fast,
      resolve: async (name) => {
        asked.push(name);
        return name === "nowhere.example.com" ? [] : ["8.8.8.8", "127.0.0.1"];
      },
    },
  });
  atEndOfTest(() => strict.stop());
  const url = (name: string) => `https://${name}.example.com:${receiver.port}/`;
  const { id } = await givenWebhook(strict, { url: url("rebound"), document: contacts });
  const { id: nameless } = await givenWebhook(strict, { url: url("nowhere"), document: contacts });
  await recordContact(strict);
  for (const [webhook, lastError] of [
    [id, "ADDRESS_REFUSED"],
    [nameless, "NAME_NOT_FOUND"],
  ] as const) {
    const [delivery] = await until(
      () => deliveriesOf(strict, webhook),
      ([one]) => one?.status === "FAILED",
    );
    expect(delivery).toMatchObject({ attempts: 3, lastStatusCode: null, lastError });
  }
  expect([...new Set(asked)].sort()).toEqual(["nowhere.example.com", "rebound.example.com"]);
  expect(receiver.received).toEqual([]);
});

test("an address that became forbidden after it was registered is not connected to", async () => {
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  await app.app.stop();
  const strict = await anotherApp({ webhookPrivateAddresses: false });
  await recordContact(strict);
  const [delivery] = await until(
    () => deliveriesOf(strict, id),
    ([one]) => one?.status === "FAILED",
  );
  expect([delivery.lastError, receiver.received]).toEqual(["ADDRESS_REFUSED", []]);
});

test("a certificate that nobody vouches for is a failure", async () => {
  const { id } = await givenWebhook(app, {
    url: receiver.url.replace("http:", "https:"), // which speaks no TLS at all
    document: contacts,
  });
  await recordContact(app);
  const [delivery] = await until(
    () => deliveriesOf(app, id),
    ([one]) => one?.status === "FAILED",
  );
  expect(delivery).toMatchObject({ lastStatusCode: null, lastError: "TLS" });
});

test("a revoked key stops its webhooks: nothing more is sent, and it cannot be resumed", async () => {
  const key = await limitedKey(app, ["webhooks:write", "webhooks:read", "interactions:read"]);
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts }, key);
  await recordContact(app);
  await receiver.next();
  await run(sql`update api_keys set revoked_at = now() where id = ${keyIdOf(key)}::uuid`);
  await recordContact(app);
  const stopped = await until(
    () => webhookNow(app, id),
    ({ status }) => status === "DISABLED",
  );
  expect([stopped.statusReason, receiver.received.length]).toEqual(["KEY_REVOKED", 1]);
  expect(await deliveriesOf(app, id, { status: { eq: "PENDING" } })).toEqual([
    expect.objectContaining({ attempts: 0 }),
  ]);
  expect((await resume(id, false)).userErrors).toEqual([{ code: "KEY_REVOKED", field: "id" }]);
});

test("a key that loses a scope its document needs stops its webhooks; with the scope back, nothing is lost", async () => {
  const key = await limitedKey(app, ["webhooks:write", "webhooks:read", "interactions:read"]);
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts }, key);
  await run(sql`update api_keys set scopes = '{webhooks:read}' where id = ${keyIdOf(key)}::uuid`);
  const { interactionId } = await recordContact(app);
  const stopped = await until(
    () => webhookNow(app, id),
    ({ status }) => status === "DISABLED",
  );
  expect([stopped.statusReason, receiver.received]).toEqual(["DOCUMENT_REFUSED", []]);
  expect((await resume(id, false)).userErrors).toEqual([{ code: "FORBIDDEN", field: "document" }]);
  await run(
    sql`update api_keys set scopes = '{webhooks:read,interactions:read}' where id = ${keyIdOf(key)}::uuid`,
  );
  const later = await recordContact(app);
  expect(await resume(id, false)).toEqual({ webhook: { status: "ACTIVE" }, userErrors: [] });
  const ids = [await receiver.next(), await receiver.next()].map(
    ({ body }) => body.data.interactionRecorded.interaction.id,
  );
  expect(ids.toSorted()).toEqual([interactionId, later.interactionId].toSorted());
});

test("what happens to people after an event decides what is sent of it: a contact that is gone is not told as it was", async () => {
  receiver.answer = (response) => response.writeHead(500).end();
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  const { interactionId } = await recordContact(app);
  await until(
    () => deliveriesOf(app, id),
    ([one]) => one?.status === "FAILED",
  );
  const uuid = interactionId.slice("int_".length);
  await run(sql`delete from interactions where id = ${uuid}::uuid`);
  await app.execute(
    `mutation ($id: ID!) { redeliverWebhook(input: { id: $id, since: "2020-01-01T00:00:00Z" }) { count } }`,
    { id },
  );
  const { body } = await until(
    () => receiver.next(),
    ({ body }) => body.data.interactionRecorded.interaction === null,
  );
  expect(body).toEqual({
    type: "INTERACTION_RECORDED",
    timestamp: "2026-11-21T09:30:00Z",
    data: { interactionRecorded: { interaction: null } },
  });
});

test("of two who resume at once and skip what was missed, the second leaves alone what the first has set going", async () => {
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  await run(sql`update webhooks set status = 'PARKED', status_reason = 'EXHAUSTED'`);
  const { interactionId } = await recordContact(app);
  await until(
    () => deliveriesOf(app, id, { status: { eq: "PENDING" } }),
    ({ length }) => length === 1,
  );
  const first = await openConnection(app.connection, { statementTimeoutMs: waitMs });
  atEndOfTest(() => first.end());
  await first.send("begin");
  await first.send("update webhooks set status = 'ACTIVE', status_reason = null");
  const second = resume(id, true);
  await until(
    () =>
      app.database.read.execute(
        sql`select from pg_locks join pg_stat_activity using (pid) where datname = current_database() and not granted and locktype = 'transactionid'`,
      ),
    ({ length }) => length > 0,
  );
  await first.send("commit");

  expect(await second).toEqual({ webhook: { status: "ACTIVE" }, userErrors: [] });
  expect((await receiver.next()).body.data.interactionRecorded.interaction.id).toBe(interactionId);
  const [delivery] = await until(
    () => deliveriesOf(app, id),
    ([one]) => one.status !== "PENDING",
  );
  expect(delivery.status).toBe("DELIVERED");
});

test("after a restore a webhook is parked: which events it has seen is not known, and it says so until that is accepted", async () => {
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  await recordContact(app);
  await receiver.next();
  await run(sql`update feed_head set epoch = gen_random_uuid()`);
  const parked = await until(
    () => webhookNow(app, id),
    ({ status }) => status === "PARKED",
  );
  expect(parked.statusReason).toBe("FEED_RESTORED");
  expect((await resume(id, false)).userErrors).toEqual([{ code: "MISSED_EVENTS", field: "skipMissed" }]);
  expect(await resume(id, true)).toEqual({ webhook: { status: "ACTIVE" }, userErrors: [] });
  const { interactionId } = await recordContact(app);
  expect((await receiver.next()).body.data.interactionRecorded.interaction.id).toBe(interactionId);
});

test("events that retention removed before a webhook had them are told, never stepped over", async () => {
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  await run(sql`update webhooks set status = 'DISABLED', status_reason = 'GONE'`);
  await recordContact(app);
  const head = await until(
    async () => app.services.feed.status.head,
    (read) => read > 0,
  );
  await app.app.stop(); // so that no node has them in memory
  await run2(sql`delete from events where pos <= ${head}`, sql`update feed_head set min_pos = ${head} + 1`);
  const next = await anotherApp();
  app.execute = next.execute;
  expect((await resume(id, false)).userErrors).toEqual([{ code: "MISSED_EVENTS", field: "skipMissed" }]);
  await run2(sql`update webhooks set status = 'ACTIVE', status_reason = null`);
  await recordContact(next);
  const parked = await until(
    () => webhookNow(next, id),
    ({ status }) => status === "PARKED",
  );
  expect([parked.statusReason, receiver.received]).toEqual(["EVENTS_EXPIRED", []]);

  async function run2(...statements: ReturnType<typeof sql>[]) {
    const database = openDatabase(app.connection);
    await database.transaction(async (tx) => {
      for (const statement of statements) await tx.execute(statement);
    });
    await database.close();
  }
});

test("an event that is no longer kept when it could be sent expires in the log", async () => {
  receiver.answer = (response) => response.writeHead(500).end();
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  await recordContact(app);
  const [failed] = await until(
    () => deliveriesOf(app, id),
    ([one]) => one?.status === "FAILED",
  );
  await run(sql`update webhook_deliveries set event_id = gen_random_uuid()`); // another event has its place
  await app.execute(
    `mutation ($id: ID!, $ids: [ID!]) { redeliverWebhook(input: { id: $id, deliveryIds: $ids }) { count } }`,
    { id, ids: [failed.id] },
  );
  const before = receiver.received.length;
  const [expired] = await until(
    () => deliveriesOf(app, id),
    ([one]) => one.status !== "PENDING",
  );
  expect([expired.status, receiver.received.length]).toEqual(["EXPIRED", before]);
});
