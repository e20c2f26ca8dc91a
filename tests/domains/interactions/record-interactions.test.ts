import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { uuidOf } from "../../../src/platform/ids.js";
import { startTestApp, type TestApp } from "../../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

const RECORD = readFileSync("tests/operations/record-interactions.graphql", "utf8");

function contact(sourceRef: string, more: object = {}) {
  return {
    sourceRef,
    customer: { identity: { kind: "EMAIL", value: `${sourceRef}@example.com` } },
    channel: "chat",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "message",
    occurredAt: "2026-11-21T09:30:00.123456Z",
    summary: "Where is my parcel?",
    ...more,
  };
}

async function record(interactions: object[], source = "webshop") {
  const { data, errors } = await app.execute(RECORD, { input: { source, interactions } });
  expect(errors).toBeUndefined();
  return data.recordInteractions.results;
}

async function counts() {
  const [row] = await app.database.read.execute(sql`select
    (select count(*)::int from customers) as customers, (select count(*)::int from interactions) as interactions,
    (select count(*)::int from events) as events, (select count(*)::int from record_claims) as claims,
    (select count(*)::int from identity_claims) as identities`);
  return row;
}

test("a contact is recorded once with its event, and sent again it is a duplicate of the same interaction", async () => {
  const [first] = await record([contact("once")]);
  expect(first).toMatchObject({ index: 0, outcome: "RECORDED", error: null, cursor: expect.any(String) });
  const before = await counts();

  const [again] = await record([contact("once", { summary: "Changed" })]);

  expect(again).toEqual({ ...first, outcome: "DUPLICATE", cursor: null });
  expect(await counts()).toEqual(before);
});

test("a contact of a channel that nobody has defined is refused without waiting for its customer", async () => {
  const [{ interaction }] = await record([contact("held")]);
  const before = await counts();
  const late = contact("held-2", { customer: contact("held").customer, channel: "fax" });

  await app.database.transaction(async (tx) => {
    await tx.execute(sql`select from customers where id = ${uuidOf(interaction.customer.id)} for update`);
    const [result] = await record([late]);
    expect(result).toMatchObject({
      outcome: "REJECTED",
      error: { code: "UNKNOWN_CHANNEL", field: "channel" },
    });
  });

  expect(await counts()).toEqual(before);
});

test("sent again with a channel that nobody has defined, a contact is the duplicate that it is", async () => {
  const [first] = await record([contact("moved")]);

  const [again] = await record([contact("moved", { channel: "fax" })]);

  expect(again).toEqual({ ...first, outcome: "DUPLICATE", cursor: null });
});

test("any spelling of an identity finds the same customer", async () => {
  const results = await record([
    contact("spelling-1", { customer: { identity: { kind: "EMAIL", value: " Jane.Doe@Example.COM " } } }),
    contact("spelling-2", { customer: { identity: { kind: "EMAIL", value: "jane.doe@example.com" } } }),
  ]);
  expect(results[0].interaction.customer).toEqual(results[1].interaction.customer);
});

test("bad items are refused on their own with code and field, and leave nothing behind", async () => {
  const before = await counts();
  const results = await record([
    contact("bad-1", { channel: "carrier-pigeon" }),
    contact("bad-2", { summary: "nul \u0000 inside" }),
    contact("bad-3", { customer: { id: "cus_00000000-0000-7000-8000-000000000000" } }),
    contact("bad-4", { customer: { identity: { kind: "EMAIL", value: "no address" } } }),
    contact("bad-5", { summary: "lone \ud800 surrogate" }),
    contact("bad-6", { customer: { id: "cus_x", sourceRef: "y" } }),
    contact(""),
  ]);
  expect(
    results.map((r: { outcome: string; error: { code: string; field: string } }) => [
      r.outcome,
      r.error.code,
      r.error.field,
    ]),
  ).toEqual([
    ["REJECTED", "UNKNOWN_CHANNEL", "channel"],
    ["REJECTED", "INVALID_TEXT", "summary"],
    ["REJECTED", "CUSTOMER_NOT_FOUND", "customer.id"],
    ["REJECTED", "INVALID_EMAIL", "customer.identity.value"],
    ["REJECTED", "INVALID_TEXT", "summary"],
    ["REJECTED", "AMBIGUOUS_REFERENCE", "customer"],
    ["REJECTED", "REQUIRED", "sourceRef"],
  ]);
  expect(await counts()).toEqual(before);
});

test("good items of a batch are recorded although others are refused", async () => {
  const results = await record([
    contact("mixed-1"),
    contact("mixed-2", { channel: "nowhere" }),
    contact("mixed-1"),
  ]);
  expect(results.map((r: { outcome: string }) => r.outcome)).toEqual(["RECORDED", "REJECTED", "DUPLICATE"]);
  expect(results[2].interaction).toEqual(results[0].interaction);
});

test("concurrent twins of a batch record every item once", async () => {
  const before = await counts();
  const batch = Array.from({ length: 200 }, (_, i) =>
    contact(`twin-${i}`, { customer: { sourceRef: `person-${i % 20}` } }),
  );

  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, i) => record(i % 2 ? batch : batch.toReversed())),
  );

  const outcomes = answers.flat().map((result) => result.outcome);
  expect(outcomes.filter((outcome) => outcome === "RECORDED")).toHaveLength(200);
  expect(outcomes.filter((outcome) => outcome === "DUPLICATE")).toHaveLength(1000);
  const after = await counts();
  expect({ interactions: after?.interactions, customers: after?.customers }).toEqual({
    interactions: (before?.interactions as number) + 200,
    customers: (before?.customers as number) + 20,
  });
});

test("a batch of 1,000 is taken with as many statements as one of 10, one of 1,001 is refused whole", async () => {
  const batch = (name: string, size: number) =>
    Array.from({ length: size }, (_, i) => contact(`${name}-${i}`));
  app.statements.length = 0;
  await record(batch("ten", 10));
  const forTen = app.statements.length;
  app.statements.length = 0;
  const results = await record(batch("thousand", 1000));
  expect(results.every((result: { outcome: string }) => result.outcome === "RECORDED")).toBe(true);
  expect(app.statements.length).toBe(forTen);
  const before = await counts();
  const { errors } = await app.execute(RECORD, {
    input: { source: "webshop", interactions: batch("more", 1001) },
  });
  expect(errors?.[0].extensions.code).toBe("BATCH_TOO_LARGE");
  expect(await counts()).toEqual(before);
});

test("a stranger's contacts in one conversation belong to one anonymous customer", async () => {
  const stranger = { customer: null, conversationRef: "visit-7" };
  const [first] = await record([contact("visit-7-1", stranger)]);
  const [second] = await record([contact("visit-7-2", stranger)]);
  expect(second.interaction.customer).toEqual(first.interaction.customer);
  const { data } = await app.execute(
    "query ($id: ID!) { customer(id: $id) { anonymous conversations { nodes { sourceRef interactions { totalCount } } } } }",
    first.interaction.customer,
  );
  expect(data.customer).toEqual({
    anonymous: true,
    conversations: { nodes: [{ sourceRef: "visit-7", interactions: { totalCount: 2 } }] },
  });
});
