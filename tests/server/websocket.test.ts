import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { maxSocketOperations } from "../../src/platform/limits.js";
import { startTestApp, type TestApp } from "../support/app.js";
import { connectSocket } from "../support/socket.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

const connect = (payload?: object | null, headers?: Record<string, string>) =>
  connectSocket(app, payload, headers);

const RECORD = `mutation ($input: RecordInteractionsInput!) { recordInteractions(input: $input) { results { outcome cursor interaction { id customer { id } } } } }`;
let number = 0;
async function record(summary: string, more: object = {}) {
  const interaction = {
    sourceRef: `ws-${++number}`,
    customer: { sourceRef: "ws-customer" },
    channel: "chat",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "message",
    occurredAt: "2026-11-21T09:30:00Z",
    summary,
    ...more,
  };
  const { data, errors } = await app.execute(RECORD, {
    input: { source: "test", interactions: [interaction] },
  });
  expect(errors).toBeUndefined();
  return data.recordInteractions.results[0];
}

const ALL =
  "subscription ($after: Cursor, $where: InteractionFilter) { interactionRecorded(after: $after, where: $where) { cursor interaction { summary customer { id seq } } } }";

test("without a valid key the socket is closed with 4403", async () => {
  const { closed } = await connect({ authorization: "Bearer nonsense" });
  expect(await closed).toBe(4403);
});

test("a syntax error answers its operation and leaves the others on the socket alone", async () => {
  const { send, next, socket } = await connect();
  expect((await next()).type).toBe("connection_ack");
  const start = await record("before");
  send({ id: "stream", type: "subscribe", payload: { query: ALL, variables: { after: start.cursor } } });
  send({ id: "broken", type: "subscribe", payload: { query: "subscription {" } });
  const refused = await next();
  expect(refused).toMatchObject({
    id: "broken",
    type: "error",
    payload: [{ extensions: { code: "GRAPHQL_PARSE_FAILED" } }],
  });
  await record("after");
  const event = await next();
  expect(event).toMatchObject({ id: "stream", type: "next" });
  expect(event.payload.data.interactionRecorded.interaction.summary).toBe("after");
  socket.close();
});

test("a stream resumes from a cursor without loss and without repetition, with fresh data for each event", async () => {
  const start = await record("r0");
  const { send, next, socket } = await connect();
  await next();
  send({ id: "1", type: "subscribe", payload: { query: ALL, variables: { after: start.cursor } } });
  await record("r1");
  const first = (await next()).payload.data.interactionRecorded;
  expect(first.interaction.summary).toBe("r1");
  socket.close();
  await record("r2");
  await record("r3");

  const again = await connect();
  await again.next();
  again.send({ id: "2", type: "subscribe", payload: { query: ALL, variables: { after: first.cursor } } });
  const second = (await again.next()).payload.data.interactionRecorded;
  const third = (await again.next()).payload.data.interactionRecorded;
  await record("r4");
  const fourth = (await again.next()).payload.data.interactionRecorded;

  expect([second, third, fourth].map((event) => event.interaction.summary)).toEqual(["r2", "r3", "r4"]);
  expect(fourth.interaction.customer.seq).toBe(first.interaction.customer.seq + 3);
  again.socket.close();
});

test("a filter lets through what the same filter of a list finds", async () => {
  const start = await record("f0");
  const { send, next, socket } = await connect();
  await next();
  const where = { channel: { eq: "phone" }, summary: { containsIgnoreCase: "BILL" } };
  send({ id: "1", type: "subscribe", payload: { query: ALL, variables: { after: start.cursor, where } } });
  await record("the bill", { channel: "phone" });
  await record("the bill by chat");
  await record("weather", { channel: "phone" });
  await record("Billing again", { channel: "phone" });
  const seen = [(await next()).payload, (await next()).payload].map(
    (payload) => payload.data.interactionRecorded.interaction.summary,
  );
  expect(seen).toEqual(["the bill", "Billing again"]);
  socket.close();
});

test("a snapshot's liveCursor joins the customer's stream without a gap", async () => {
  const { interaction } = await record("s0");
  const snapshot = await app.execute("query ($id: ID!) { customer(id: $id) { seq liveCursor } }", {
    id: interaction.customer.id,
  });
  await record("s1");
  const { send, next, socket } = await connect();
  await next();
  const query =
    "subscription ($id: ID!, $after: Cursor) { customerChanged(id: $id, after: $after) { type seq customer { id } subject { __typename ... on Interaction { summary } } } }";
  send({
    id: "1",
    type: "subscribe",
    payload: { query, variables: { id: interaction.customer.id, after: snapshot.data.customer.liveCursor } },
  });
  await record("s2");
  const events = [(await next()).payload.data.customerChanged, (await next()).payload.data.customerChanged];
  expect(events).toEqual(
    ["s1", "s2"].map((summary, i) => ({
      type: "INTERACTION_RECORDED",
      seq: snapshot.data.customer.seq + i + 1,
      customer: { id: interaction.customer.id },
      subject: { __typename: "Interaction", summary },
    })),
  );
  socket.close();
});

test("the feed comes in lists, filtered by type", async () => {
  const start = await record("e0");
  const { send, next, socket } = await connect();
  await next();
  const query =
    "subscription ($after: Cursor, $types: [EventType!]) { events(after: $after, types: $types) { cursor events { id cursor type occurredAt customerId seq } } }";
  send({
    id: "1",
    type: "subscribe",
    payload: { query, variables: { after: start.cursor, types: ["CUSTOMER_CREATED"] } },
  });
  const created = await record("e1", { customer: { sourceRef: "feed-customer" } });
  const batch = (await next()).payload.data.events;
  expect(batch.events).toEqual([
    expect.objectContaining({
      type: "CUSTOMER_CREATED",
      customerId: created.interaction.customer.id,
      seq: 1,
    }),
  ]);
  expect(batch.cursor).toBe(batch.events.at(-1).cursor);
  socket.close();
});

test.each([
  ["a forged cursor", { after: "bm9uc2Vuc2U" }, "BAD_CURSOR"],
  [
    "a cursor of another database",
    { after: Buffer.from("f1:00000000-0000-4000-8000-000000000000:1;").toString("base64url") },
    "CURSOR_EPOCH",
  ],
  ["a filter with a foreign id", { where: { id: { eq: "cus_1" } } }, "BAD_ID"],
])("%s is refused with a code and the socket lives on", async (_name, variables, code) => {
  const { send, next, socket } = await connect();
  await next();
  send({ id: "1", type: "subscribe", payload: { query: ALL, variables } });
  expect(await next()).toMatchObject({
    id: "1",
    type: "next",
    payload: { errors: [{ extensions: { code, requestId: expect.any(String) } }] },
  });
  expect(await next()).toEqual({ id: "1", type: "complete" });
  send({ type: "ping" });
  expect(await next()).toMatchObject({ type: "pong" });
  socket.close();
});

test("queries and mutations run on the socket behind the same checks", async () => {
  const { send, next, socket } = await connect();
  await next();
  send({ id: "1", type: "subscribe", payload: { query: "{ customers(first: 101) { nodes { id } } }" } });
  expect(await next()).toMatchObject({ payload: { errors: [{ extensions: { code: "PAGE_TOO_LARGE" } }] } });
  expect(await next()).toEqual({ id: "1", type: "complete" });
  socket.close();
});

test("a page of a foreign origin gets no socket", async () => {
  await expect(connect(null, { origin: "https://evil.example" })).rejects.toThrow("403");
});

test("an id that is reused while its operation runs closes the socket with 4409, and nothing of it goes on", async () => {
  const { send, next, closed } = await connect();
  await next();
  const stream = { query: "subscription { events { cursor } }" };
  send({ id: "1", type: "subscribe", payload: { query: "{ purchaseSummary { purchaseCount } }" } });
  send({ id: "1", type: "complete" });
  send({ id: "1", type: "subscribe", payload: stream });
  send({ id: "1", type: "subscribe", payload: stream });
  expect(await closed).toBe(4409);
  await waitUntil(() => app.services.feed.status.waiters === 0);
});

test("an operation whose id would stand before each of its events for pages closes the socket with 4400", async () => {
  const { send, next, closed } = await connect();
  await next();
  send({ id: "x".repeat(1_000), type: "subscribe", payload: { query: "{ __typename }" } });
  expect(await next()).toMatchObject({ id: "x".repeat(1_000), type: "next" });
  send({ id: "x".repeat(1_001), type: "subscribe", payload: { query: "{ __typename }" } });
  expect(await closed).toBe(4400);
});

test("more operations than a socket may hold close it with 4429, and its streams end with it", async () => {
  const { send, next, closed } = await connect();
  await next();
  for (let i = 0; i <= maxSocketOperations; i++) {
    send({ id: `s${i}`, type: "subscribe", payload: { query: "subscription { events { cursor } }" } });
  }
  expect(await closed).toBe(4429);
  await waitUntil(() => app.services.feed.status.waiters === 0);
});

test("a revoked key loses its sockets", async () => {
  const id = "0123456789abcdef0123456789abcdef";
  const key = `c360_live_${id}_${"k".repeat(40)}`;
  const hash = createHash("sha256").update(key).digest("hex");
  await app.database.transaction((tx) =>
    tx.execute(sql`insert into api_keys (id, name, secret_hash, scopes)
      values (${id}::uuid, 'test', decode(${hash}, 'hex'), '{events:read}')`),
  );
  const { send, next, closed } = await connect({ "x-api-key": key });
  expect((await next()).type).toBe("connection_ack");
  send({ id: "1", type: "subscribe", payload: { query: "subscription { events { cursor } }" } });
  await app.database.transaction((tx) =>
    tx.execute(sql`update api_keys set revoked_at = now() where id = ${id}::uuid`),
  );
  expect(await closed).toBe(4403);
  await waitUntil(() => app.services.feed.status.waiters === 0);
});

/** Waits for a condition by looking after each turn of the event loop; the test's own timeout is the bound. */
async function waitUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
