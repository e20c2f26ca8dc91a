import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { Webhook } from "standardwebhooks";
import { startTestApp, type TestApp } from "../../support/app.js";
import { until } from "../../support/until.js";
import { limitedKey } from "../loyalty/limited-key.js";
import {
  atEndOfTest,
  deliveriesOf,
  givenWebhook,
  recordContact,
  startReceiver,
  status,
  webhookNow,
} from "./given.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ webhooks: { waitsMs: [20], pollMs: 20 } });
});
afterAll(() => app.stop());

afterEach(() => app.database.transaction((tx) => tx.execute(sql`delete from webhooks`)));

const CREATE = `mutation ($input: CreateWebhookInput!) {
  createWebhook(input: $input) { secret webhook { id } userErrors { code field } } }`;

async function create(input: object, key = app.key) {
  const { data, errors } = await app.execute(CREATE, { input }, { key });
  expect(errors).toBeUndefined();
  return data.createWebhook;
}

const countWebhooks = async () =>
  (await app.execute("{ webhooks { totalCount } }")).data.webhooks.totalCount as number;

test("types that are named many times are kept once", async () => {
  const types = Array.from({ length: 10_000 }, () => "TICKET_OPENED");
  const { id } = await givenWebhook(app, { url: "https://example.com/", types });
  expect((await webhookNow(app, id)).types).toEqual(["TICKET_OPENED"]);
});

test.each([
  ["no URL", { url: "nonsense" }, "INVALID_URL", "url"],
  ["another scheme", { url: "ftp://example.com/" }, "INVALID_URL", "url"],
  ["a long description", { description: "x".repeat(501) }, "TOO_LONG", "description"],
  ["a NUL", { description: "\u0000" }, "INVALID_TEXT", "description"],
  [
    "a NUL in a comment",
    { document: "# \u0000\nsubscription { events { cursor } }" },
    "INVALID_TEXT",
    "document",
  ],
  ["no types at all", { types: [] }, "REQUIRED", "types"],
  ["no GraphQL", { document: "subscription {" }, "GRAPHQL_PARSE_FAILED", "document"],
  ["an empty document", { document: "" }, "GRAPHQL_PARSE_FAILED", "document"],
  ["an unknown field", { document: "subscription { nothing }" }, "GRAPHQL_VALIDATION_FAILED", "document"],
  ["a query", { document: "{ __typename }" }, "NOT_A_SUBSCRIPTION", "document"],
  [
    "a mutation",
    { document: `mutation { deleteWebhook(id: "whk_0") { deletedId } }` },
    "NOT_A_SUBSCRIPTION",
    "document",
  ],
  [
    "two root fields",
    { document: "subscription { a: events { cursor } b: events { cursor } }" },
    "GRAPHQL_VALIDATION_FAILED",
    "document",
  ],
  [
    "two operations",
    { document: "subscription A { events { cursor } } subscription B { events { cursor } }" },
    "OPERATION_RESOLUTION_FAILURE",
    "document",
  ],
  [
    "a variable",
    { document: "subscription ($t: [EventType!]) { events(types: $t) { cursor } }" },
    "VARIABLES",
    "document",
  ],
  [
    "a cursor",
    { document: 'subscription { ...F } fragment F on Subscription { events(after: "x") { cursor } }' },
    "CURSOR_GIVEN",
    "document",
  ],
  [
    "an id of something else",
    {
      document: 'subscription { customerChanged(id: "tkt_00000000-0000-7000-8000-000000000000") { cursor } }',
    },
    "BAD_ID",
    "document",
  ],
  [
    "a filter that cannot be used",
    {
      document: 'subscription { interactionRecorded(where: { customerId: { eq: "tkt_1" } }) { cursor } }',
    },
    "BAD_ID",
    "document",
  ],
  [
    "more objects than an answer may hold",
    {
      document:
        "subscription { interactionRecorded { interaction { customer { interactions(first: 100) { nodes { customer { interactions(first: 100) { nodes { customer { tickets(first: 100) { nodes { id } } } } } } } } } } } }",
    },
    "TOO_EXPENSIVE",
    "document",
  ],
  [
    "a document that is too long",
    { document: `subscription { events { cursor } } #${"x".repeat(100 * 1024)}` },
    "PAYLOAD_TOO_LARGE",
    "document",
  ],
])("%s makes no webhook", async (_, input, code, field) => {
  expect(await create({ url: "https://example.com/hook", ...input })).toEqual({
    secret: null,
    webhook: null,
    userErrors: [{ code, field }],
  });
  expect(await countWebhooks()).toBe(0);
});

test("a document is refused when its key may not run it, and an update when the owner may not, whoever asks", async () => {
  const key = await limitedKey(app, ["webhooks:write", "webhooks:read", "events:read"]);
  const document = "subscription { interactionRecorded { interaction { id } } }";
  const url = "https://example.com/hook";
  expect((await create({ url, document }, key)).userErrors).toEqual([
    { code: "FORBIDDEN", field: "document" },
  ]);
  const { webhook } = await create({ url }, key);
  const UPDATE = `mutation ($input: UpdateWebhookInput!) {
    updateWebhook(input: $input) { webhook { document } userErrors { code field } } }`;
  const { data } = await app.execute(UPDATE, { input: { id: webhook.id, document } });
  expect(data.updateWebhook).toEqual({
    webhook: null,
    userErrors: [{ code: "FORBIDDEN", field: "document" }],
  });
});

test("in production http, private addresses and localhost are refused", async () => {
  const strict = await startTestApp({ on: app, webhookPrivateAddresses: false });
  atEndOfTest(() => strict.stop());
  const codes = [];
  for (const url of [
    "http://example.com/",
    "https://127.0.0.1/",
    "https://localhost/",
    "https://[::1]:4000/",
  ]) {
    const { data } = await strict.execute(CREATE, { input: { url } });
    codes.push(data.createWebhook.userErrors[0].code);
  }
  expect(codes).toEqual(["INVALID_URL", "PRIVATE_ADDRESS", "PRIVATE_ADDRESS", "PRIVATE_ADDRESS"]);
  expect(await countWebhooks()).toBe(0);
});

test("a key sees and changes its own webhooks only; the admin key all; strangers' answer as if they were not there", async () => {
  const [mine, theirs] = [
    await limitedKey(app, ["webhooks:write", "webhooks:read", "events:read"]),
    await limitedKey(app, ["webhooks:write", "webhooks:read", "events:read"]),
  ];
  const receiver = await startReceiver(status(500));
  const { id } = await givenWebhook(app, { url: receiver.url }, mine);
  await givenWebhook(app, { url: "http://127.0.0.1:9/" }, theirs);
  await recordContact(app);
  const [delivery] = await until(
    () => deliveriesOf(app, id),
    (found) => found.length > 0,
  );
  const listOf = async (key: string) =>
    (await app.execute("{ webhooks { totalCount nodes { id } } }", {}, { key })).data.webhooks;
  expect(await listOf(mine)).toEqual({ totalCount: 1, nodes: [{ id }] });
  expect((await listOf(app.key)).totalCount).toBe(2);
  const { data } = await app.execute(
    `query ($id: ID!, $delivery: ID!) { webhook(id: $id) { id } webhookDelivery(id: $delivery) { id } }`,
    { id, delivery: delivery.id },
    { key: theirs },
  );
  expect(data).toEqual({ webhook: null, webhookDelivery: null });
  const changes = await app.execute(
    `mutation ($id: ID!) {
      updateWebhook(input: { id: $id, url: "https://example.com/stolen" }) { userErrors { code } }
      rotateWebhookSecret(id: $id) { secret userErrors { code } }
      resumeWebhook(input: { id: $id, skipMissed: true }) { userErrors { code } }
      sendTestWebhook(id: $id) { userErrors { code } }
      redeliverWebhook(input: { id: $id, since: "2020-01-01T00:00:00Z" }) { count userErrors { code } }
      deleteWebhook(id: $id) { deletedId userErrors { code } } }`,
    { id },
    { key: theirs },
  );
  const userErrors = [{ code: "NOT_FOUND" }];
  expect(changes.data).toEqual({
    updateWebhook: { userErrors },
    rotateWebhookSecret: { secret: null, userErrors },
    resumeWebhook: { userErrors },
    sendTestWebhook: { userErrors },
    redeliverWebhook: { count: 0, userErrors },
    deleteWebhook: { deletedId: null, userErrors },
  });
  expect(await webhookNow(app, id)).toMatchObject({ url: receiver.url });
});

test("the secret is shown when it is made and when it is replaced; after that both sign, and later the new one alone", async () => {
  const receiver = await startReceiver();
  const { id, secret: old } = await givenWebhook(app, { url: receiver.url, types: ["INTERACTION_RECORDED"] });
  expect(old).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const { data } = await app.execute(
    `mutation ($id: ID!) { rotateWebhookSecret(id: $id) { secret webhook { previousSecretUntil } } }`,
    { id },
  );
  const { secret, webhook } = data.rotateWebhookSecret;
  expect(secret).not.toBe(old);
  expect(Date.parse(webhook.previousSecretUntil)).toBeGreaterThan(Date.now() + 23 * 60 * 60 * 1_000);
  await recordContact(app);
  const both = await receiver.next();
  const verify = (by: string, { text, headers }: typeof both) =>
    new Webhook(by).verify(text, headers as Record<string, string>);
  expect(both.headers["webhook-signature"]).toMatch(/^v1,\S+ v1,\S+$/);
  expect([verify(old, both), verify(secret, both)]).toEqual([both.body, both.body]);
  await app.database.transaction((tx) =>
    tx.execute(sql`update webhooks set previous_secret_until = now() - interval '1 second'`),
  );
  await recordContact(app);
  const one = await receiver.next();
  expect(verify(secret, one)).toEqual(one.body);
  expect(() => verify(old, one)).toThrow();
});

test("a test reaches the endpoint whatever the webhook's status, once, and is signed", async () => {
  const receiver = await startReceiver(status(500));
  const { id, secret } = await givenWebhook(app, { url: receiver.url });
  await app.database.transaction((tx) =>
    tx.execute(sql`update webhooks set status = 'DISABLED', status_reason = 'GONE'`),
  );
  const { data } = await app.execute(
    `mutation ($id: ID!) { sendTestWebhook(id: $id) { delivery { id eventId status } userErrors { code } } }`,
    { id },
  );
  const { delivery, userErrors } = data.sendTestWebhook;
  expect([delivery.eventId, delivery.status, userErrors]).toEqual([null, "PENDING", []]);
  const { headers, text, body } = await receiver.next();
  expect(headers["webhook-id"]).toBe(delivery.id);
  expect(body).toEqual({
    type: "WEBHOOK_TEST",
    timestamp: expect.any(String),
    data: { webhookId: id, deliveryId: delivery.id },
  });
  expect(new Webhook(secret).verify(text, headers as Record<string, string>)).toEqual(body);
  const read = () =>
    app.execute(
      "query ($id: ID!) { webhookDelivery(id: $id) { status attempts lastStatusCode lastError } }",
      {
        id: delivery.id,
      },
    );
  const { data: after } = await until(read, ({ data }) => data.webhookDelivery.status !== "PENDING");
  expect(after.webhookDelivery).toEqual({
    status: "FAILED",
    attempts: 1,
    lastStatusCode: 500,
    lastError: "HTTP_STATUS",
  });
  expect(await webhookNow(app, id)).toMatchObject({ status: "DISABLED", failuresInRow: 0 });
});

test("what is changed holds for what is pending too", async () => {
  const wrong = await startReceiver(status(500));
  const receiver = await startReceiver();
  const { id } = await givenWebhook(app, { url: wrong.url, types: ["INTERACTION_RECORDED"] });
  await recordContact(app);
  const failed = await wrong.next();
  const { data } = await app.execute(
    `mutation ($input: UpdateWebhookInput!) { updateWebhook(input: $input) { webhook { url document types description } userErrors { code } } }`,
    {
      input: {
        id,
        url: receiver.url,
        description: "desk",
        document: "subscription { events { events { id } } }",
        types: null,
      },
    },
  );
  expect(data.updateWebhook.webhook).toEqual({
    url: receiver.url,
    document: "subscription { events { events { id } } }",
    types: null,
    description: "desk",
  });
  await app.execute(
    `mutation ($id: ID!) { redeliverWebhook(input: { id: $id, since: "2020-01-01T00:00:00Z" }) { count } }`,
    { id },
  );
  const { body, headers } = await receiver.next();
  expect(headers["webhook-id"]).toBe(failed.headers["webhook-id"]);
  expect(body.data).toEqual({ events: { events: [{ id: failed.headers["webhook-id"] }] } });
});

test("a deleted webhook is gone with its log, and is sent nothing any more", async () => {
  const receiver = await startReceiver(status(500));
  const { id } = await givenWebhook(app, { url: receiver.url });
  await recordContact(app);
  await receiver.next();
  const { data } = await app.execute(
    `mutation ($id: ID!) { deleteWebhook(id: $id) { deletedId userErrors { code } } }`,
    { id },
  );
  expect(data.deleteWebhook).toEqual({ deletedId: id, userErrors: [] });
  expect(await webhookNow(app, id)).toBeNull();
  const other = await startReceiver();
  await givenWebhook(app, { url: other.url, types: ["INTERACTION_RECORDED"] });
  const before = receiver.received.length;
  await recordContact(app);
  await other.next();
  expect(receiver.received.length - before).toBeLessThanOrEqual(1); // the attempt that was under way
});

test("a key has at most fifty webhooks, also when they are made at the same moment", async () => {
  const key = await limitedKey(app, ["webhooks:write", "webhooks:read", "events:read"]);
  const made = await Promise.all(
    Array.from({ length: 60 }, () => create({ url: "http://127.0.0.1:9/" }, key)),
  );
  const refused = made.filter(({ userErrors }) => userErrors[0]?.code === "TOO_MANY_WEBHOOKS");
  expect([made.length - refused.length, refused.length]).toEqual([50, 10]);
});

test("webhooks need their scopes, and a redelivery says which deliveries it means", async () => {
  const key = await limitedKey(app, ["events:read", "customers:read"]);
  const { errors } = await app.execute(CREATE, { input: { url: "https://example.com" } }, { key });
  expect(errors?.[0].extensions).toMatchObject({ code: "FORBIDDEN", scope: "webhooks:write" });
  const asked = await app.execute("{ webhooks { totalCount } }", {}, { key });
  expect(asked.errors?.[0].extensions).toMatchObject({ code: "FORBIDDEN", scope: "webhooks:read" });
  const { data } = await app.execute(
    `mutation { redeliverWebhook(input: { id: "whk_00000000-0000-7000-8000-000000000000" }) { count userErrors { code field } } }`,
  );
  expect(data.redeliverWebhook).toEqual({
    count: 0,
    userErrors: [{ code: "INVALID_VALUE", field: "since" }],
  });
});
