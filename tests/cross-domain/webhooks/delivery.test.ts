import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { Webhook } from "standardwebhooks";
import { uuidOf } from "../../../src/platform/ids.js";
import {
  atEndOfTest,
  deliveriesOf,
  givenWebhook,
  recordContact,
  startReceiver,
  status,
  webhookNow,
} from "../../domains/webhooks/given.js";
import { startTestApp, type TestApp } from "../../support/app.js";
import { until } from "../../support/until.js";

const contacts = "subscription { interactionRecorded { interaction { id summary customer { id } } } }";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ webhooks: { waitsMs: [20, 20], pollMs: 20, timeoutMs: 500 } });
});
afterAll(() => app.stop());

afterEach(() => app.database.transaction((tx) => tx.execute(sql`delete from webhooks`)));

test("an event reaches the endpoint once, shaped by the document, under the event's id, signed as Standard Webhooks says", async () => {
  const receiver = await startReceiver();
  const { id, secret } = await givenWebhook(app, { url: receiver.url, document: contacts });
  const { interactionId, customerId } = await recordContact(app);
  const { headers, text, body } = await receiver.next();
  expect(body).toEqual({
    type: "INTERACTION_RECORDED",
    timestamp: "2026-11-21T09:30:00Z",
    data: {
      interactionRecorded: {
        interaction: { id: interactionId, summary: "Where is my order?", customer: { id: customerId } },
      },
    },
  });
  expect(new Webhook(secret).verify(text, headers as Record<string, string>)).toEqual(body);
  expect(() => new Webhook(secret).verify(`${text} `, headers as Record<string, string>)).toThrow(
    "No matching signature found",
  );
  expect(headers["content-type"]).toBe("application/json");
  const log = await until(
    () => deliveriesOf(app, id),
    ([delivery]) => delivery.status === "DELIVERED",
  );
  expect(log).toEqual([
    expect.objectContaining({
      webhookId: id,
      eventId: headers["webhook-id"],
      eventType: "INTERACTION_RECORDED",
      attempts: 1,
      nextAttemptAt: null,
      lastStatusCode: 204,
      lastError: null,
      deliveredAt: expect.any(String),
      lastDurationMs: expect.any(Number),
    }),
  ]);
  expect(receiver.received).toHaveLength(1);
});

test("without a document an event comes with its ids, type, number and times, and with nothing personal", async () => {
  const receiver = await startReceiver();
  await givenWebhook(app, { url: receiver.url, types: ["INTERACTION_RECORDED"] });
  const { interactionId, customerId } = await recordContact(app);
  const { headers, body } = await receiver.next();
  const [event] = body.data.events.events;
  expect(body.data.events.events).toEqual([
    {
      id: headers["webhook-id"],
      type: "INTERACTION_RECORDED",
      customerId,
      subjectId: interactionId,
      seq: expect.any(Number),
      occurredAt: "2026-11-21T09:30:00Z",
      recordedAt: expect.any(String),
    },
  ]);
  expect(event.seq).toBeGreaterThan(1);
});

test("a document's filter, customer and types decide which events are sent", async () => {
  const [filtered, ofOne, typed] = [await startReceiver(), await startReceiver(), await startReceiver()];
  const { customerId } = await recordContact(app, { customer: { sourceRef: "hook-one" } });
  await givenWebhook(app, {
    url: filtered.url,
    document: `subscription { interactionRecorded(where: { channel: { eq: "phone" } }) { interaction { id } } }`,
  });
  await givenWebhook(app, {
    url: ofOne.url,
    document: `subscription { customerChanged(id: "${customerId}") { type subject { ... on Interaction { id } } } }`,
  });
  await givenWebhook(app, { url: typed.url, types: ["CUSTOMER_CREATED"] });
  await recordContact(app, { customer: { sourceRef: "hook-other" } }); // another customer, by chat, a new one
  const phone = await recordContact(app, { channel: "phone", customer: { sourceRef: "hook-one" } });
  expect((await filtered.next()).body.data.interactionRecorded.interaction.id).toBe(phone.interactionId);
  expect((await ofOne.next()).body.data.customerChanged).toEqual({
    type: "INTERACTION_RECORDED",
    subject: { id: phone.interactionId },
  });
  expect((await typed.next()).body.data.events.events[0].type).toBe("CUSTOMER_CREATED");
  const last = await recordContact(app, { channel: "phone", customer: { sourceRef: "hook-one" } });
  expect((await filtered.next()).body.data.interactionRecorded.interaction.id).toBe(last.interactionId);
  expect([filtered.received.length, typed.received.length]).toEqual([2, 1]);
});

test("a failed attempt is repeated under the same id until it is accepted, and its content is read anew each time", async () => {
  const receiver = await startReceiver(status(500));
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  const { interactionId } = await recordContact(app, { summary: "my card is 1234" });
  const first = await receiver.next();
  expect(first.body.data.interactionRecorded.interaction.summary).toBe("my card is 1234");
  await app.database.transaction((tx) =>
    tx.execute(
      sql`update interactions set summary = null where id = ${uuidOf(interactionId as `int_${string}`)}::uuid`,
    ),
  );
  const after = await until(
    () => receiver.next(),
    ({ body }) => body.data.interactionRecorded.interaction.summary === null,
  );
  expect(after.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
  receiver.answer = status(200);
  await app.execute(
    `mutation ($input: RedeliverWebhookInput!) { redeliverWebhook(input: $input) { count } }`,
    { input: { id, since: "2020-01-01T00:00:00Z" } },
  );
  const [delivery] = await until(
    () => deliveriesOf(app, id),
    ([one]) => one.status === "DELIVERED",
  );
  expect(delivery).toMatchObject({ lastStatusCode: 200, lastError: null, nextAttemptAt: null });
  expect(await webhookNow(app, id)).toMatchObject({ status: "ACTIVE", failuresInRow: 0 });
});

test("what is given up can be sent again, under the id that it had", async () => {
  const receiver = await startReceiver(status(503));
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  await recordContact(app);
  const [failed] = await until(
    () => deliveriesOf(app, id),
    ([one]) => one?.status === "FAILED",
  );
  expect(failed).toMatchObject({ attempts: 3, lastStatusCode: 503, lastError: "HTTP_STATUS" });
  receiver.answer = status(204);
  const { data } = await app.execute(
    `mutation ($input: RedeliverWebhookInput!) { redeliverWebhook(input: $input) { count userErrors { code } } }`,
    { input: { id, deliveryIds: [failed.id] } },
  );
  expect(data.redeliverWebhook).toEqual({ count: 1, userErrors: [] });
  const [again] = await until(
    () => deliveriesOf(app, id),
    ([one]) => one.status === "DELIVERED",
  );
  expect(again).toMatchObject({ id: failed.id, attempts: 1 });
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"]))).toEqual(
    new Set([failed.eventId]),
  );
});

test("five deliveries given up in a row park the webhook; events go on being written down, and are sent when it is resumed", async () => {
  const receiver = await startReceiver(status(500));
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  for (let i = 0; i < 5; i++) await recordContact(app);
  await until(
    () => webhookNow(app, id),
    ({ status }) => status === "PARKED",
  );
  expect(await webhookNow(app, id)).toMatchObject({ statusReason: "EXHAUSTED" });
  receiver.answer = status(204);
  const before = receiver.received.length;
  const { interactionId } = await recordContact(app);
  const [pending] = await until(
    () => deliveriesOf(app, id, { status: { eq: "PENDING" } }),
    (found) => found.length === 1,
  );
  expect([pending.attempts, receiver.received.length]).toEqual([0, before]);
  const { data } = await app.execute(
    `mutation ($id: ID!) { resumeWebhook(input: { id: $id }) { webhook { status statusReason } userErrors { code } } }`,
    { id },
  );
  expect(data.resumeWebhook).toEqual({
    webhook: { status: "ACTIVE", statusReason: null },
    userErrors: [],
  });
  const sent = await until(
    () => receiver.next(),
    ({ headers }) => headers["webhook-id"] === pending.eventId,
  );
  expect(sent.body.data.interactionRecorded.interaction.id).toBe(interactionId);
});

test("410 disables: what waits is kept, nothing more is sent or written down", async () => {
  const receiver = await startReceiver(status(410));
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  await recordContact(app);
  await until(
    () => webhookNow(app, id),
    ({ status }) => status === "DISABLED",
  );
  expect(await webhookNow(app, id)).toMatchObject({ statusReason: "GONE" });
  const other = await startReceiver();
  await givenWebhook(app, { url: other.url, document: contacts });
  await recordContact(app);
  await other.next(); // so the event has gone through
  expect(await deliveriesOf(app, id)).toEqual([
    expect.objectContaining({ status: "FAILED", lastStatusCode: 410, attempts: 1 }),
  ]);
});

test("a redirect is a failure and is never followed", async () => {
  const target = await startReceiver();
  const receiver = await startReceiver(status(307, { location: target.url }));
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  await recordContact(app);
  const [delivery] = await until(
    () => deliveriesOf(app, id),
    ([one]) => one?.status === "FAILED",
  );
  expect(delivery).toMatchObject({ lastStatusCode: 307, lastError: "REDIRECT", attempts: 3 });
  expect(target.received).toEqual([]);
});

test("a receiver that never answers is given up at the timeout", async () => {
  const silent = await startReceiver(() => {});
  const { id } = await givenWebhook(app, { url: silent.url, document: contacts });
  await recordContact(app);
  const [delivery] = await until(
    () => deliveriesOf(app, id),
    ([one]) => one?.status === "FAILED",
  );
  expect(delivery).toMatchObject({ lastStatusCode: null, lastError: "TIMEOUT", attempts: 3 });
});

test("receivers that do not answer hold nobody else up", async () => {
  const patient = await startTestApp({ webhooks: { pollMs: 20 } });
  atEndOfTest(() => patient.stop());
  let givenUp = 0;
  const silent = await startReceiver((response) => response.on("close", () => givenUp++));
  const sound = await startReceiver();
  for (let i = 0; i < 3; i++) await givenWebhook(patient, { url: silent.url, document: contacts });
  await givenWebhook(patient, { url: sound.url, document: contacts });
  for (let i = 0; i < 30; i++) await recordContact(patient);
  for (let i = 0; i < 30; i++) await sound.next();
  // Each of the three holds its eight places, and all of them are still held.
  expect([silent.received.length, givenUp]).toEqual([24, 0]);
});

test("of an answer without an end only the status counts; the rest is cut", async () => {
  let written = 0;
  const piece = Buffer.alloc(64 * 1024);
  const receiver = await startReceiver((response) => {
    response.on("error", () => {});
    response.writeHead(200);
    const pour = () => {
      while (written < 1024 ** 3 && !response.destroyed && response.write(piece)) written += piece.length;
    };
    response.on("drain", pour);
    pour();
  });
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  await recordContact(app);
  const [delivery] = await until(
    () => deliveriesOf(app, id),
    ([one]) => one?.status === "DELIVERED",
  );
  expect(delivery).toMatchObject({ attempts: 1, lastStatusCode: 200 });
  expect(written).toBeLessThan(64 * 1024 ** 2); // what the sockets buffer
});

test("a broken connection is a failure like another", async () => {
  const receiver = await startReceiver((_, __, request) => request.socket.destroy());
  const { id } = await givenWebhook(app, { url: receiver.url, document: contacts });
  await recordContact(app);
  const [delivery] = await until(
    () => deliveriesOf(app, id),
    ([one]) => one?.status === "FAILED",
  );
  expect(delivery).toMatchObject({ lastStatusCode: null, lastError: "CONNECTION", attempts: 3 });
});
