import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { startTestApp, type TestApp } from "../../support/app.js";
import { limitedKey } from "../loyalty/limited-key.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

let refs = 0;

/** What a customer said, as a source would send it; every call is another one. */
function said(customer: string, purpose: string, status: string, day: number, more: object = {}) {
  const occurredAt = `2026-03-${String(day).padStart(2, "0")}T10:00:00Z`;
  return {
    sourceRef: `C-${++refs}`,
    customer: { sourceRef: customer },
    purpose,
    status,
    occurredAt,
    ...more,
  };
}

const record = `mutation ($input: RecordConsentsInput!) { recordConsents(input: $input) { results {
  index outcome cursor error { code field }
  consent { id purpose status channel { code } expiresAt occurredAt customer { id } source { code } sourceRef }
} } }`;

async function send(consents: object[], source = "web") {
  const { data, errors } = await app.execute(record, { input: { source, consents } });
  if (errors) throw new Error(JSON.stringify(errors));
  return data.recordConsents.results;
}

async function inForce(customer: string) {
  const { data, errors } = await app.execute(
    `query ($value: String!) { customerByIdentity(kind: EXTERNAL_ID, value: $value) {
      consents { purpose channel { code } status } } }`,
    { value: `web:${customer}` },
  );
  expect(errors).toBeUndefined();
  return data.customerByIdentity.consents.map(
    ({ purpose, channel, status }: { purpose: string; channel: { code: string } | null; status: string }) =>
      `${purpose} ${channel?.code ?? "everywhere"} ${status}`,
  );
}

async function counts() {
  const [row] = await app.database.read.execute(sql`
    select (select count(*) from consents)::int as consents, (select count(*) from customers)::int as customers,
      (select count(*) from record_claims)::int as claims, (select count(*) from events)::int as events`);
  return row;
}

describe("what holds now", () => {
  test("is the newest per purpose and channel, in whatever order they came", async () => {
    await send([
      said("ada", "MARKETING", "REVOKED", 5),
      said("ada", "MARKETING", "GRANTED", 1),
      said("ada", "MARKETING", "GRANTED", 2, { channel: "email" }),
      said("ada", "MARKETING", "DENIED", 3, { channel: "phone" }),
      said("ada", "ANALYTICS", "DENIED", 1),
    ]);
    await send([
      said("ada", "ANALYTICS", "GRANTED", 4),
      said("ada", "MARKETING", "DENIED", 1, { channel: "email" }),
    ]);
    expect(await inForce("ada")).toEqual([
      "MARKETING everywhere REVOKED",
      "MARKETING email GRANTED",
      "MARKETING phone DENIED",
      "ANALYTICS everywhere GRANTED",
    ]);
  });

  test("of two said at the same time, the one recorded last", async () => {
    await send([said("bob", "SERVICE", "GRANTED", 1), said("bob", "SERVICE", "DENIED", 1)]);
    expect(await inForce("bob")).toEqual(["SERVICE everywhere DENIED"]);
    await send([said("bob", "SERVICE", "GRANTED", 1)]);
    expect(await inForce("bob")).toEqual(["SERVICE everywhere GRANTED"]);
  });

  test("is nothing where the newest has lapsed, even if an older one has not", async () => {
    await send([
      said("cyd", "MARKETING", "GRANTED", 1),
      said("cyd", "MARKETING", "GRANTED", 2, { expiresAt: "2026-03-03T00:00:00Z" }),
      said("cyd", "ANALYTICS", "GRANTED", 2, { expiresAt: "9999-12-31T00:00:00Z" }),
    ]);
    expect(await inForce("cyd")).toEqual(["ANALYTICS everywhere GRANTED"]);
  });

  test("a fraction of a second decides", async () => {
    await send([
      said("dan", "SERVICE", "DENIED", 1, { occurredAt: "2026-03-01T10:00:00.000002Z" }),
      said("dan", "SERVICE", "GRANTED", 1, { occurredAt: "2026-03-01T10:00:00.000001Z" }),
    ]);
    expect(await inForce("dan")).toEqual(["SERVICE everywhere DENIED"]);
  });

  test("costs one statement for 100 customers as for one", async () => {
    await send(
      Array.from({ length: 1_000 }, (_, i) => said(`e-${i % 100}`, "MARKETING", "GRANTED", 1 + (i % 20))),
    );
    for (const first of [1, 100]) {
      app.statements.length = 0;
      const { data } = await app.execute(
        `{ customers(first: ${first}, where: { source: { eq: "web" } }) { nodes { consents { status occurredAt source { code } channel { code } } } } }`,
      );
      expect(data.customers.nodes).toHaveLength(first);
      expect(app.statements.filter((text) => text.includes('"consents"'))).toHaveLength(1);
    }
  });
});

test("the history keeps everything, the latest first, page by page", async () => {
  await send([
    said("fay", "MARKETING", "GRANTED", 1),
    said("fay", "MARKETING", "REVOKED", 3),
    said("fay", "SERVICE", "GRANTED", 2),
  ]);
  const history = (args: string) =>
    app.execute(`{ customerByIdentity(kind: EXTERNAL_ID, value: "web:fay") {
      consentHistory(${args}) { totalCount nodes { purpose status } pageInfo { hasNextPage endCursor } } } }`);
  const first = (await history("first: 2")).data.customerByIdentity.consentHistory;
  expect(first).toEqual({
    totalCount: 3,
    nodes: [
      { purpose: "MARKETING", status: "REVOKED" },
      { purpose: "SERVICE", status: "GRANTED" },
    ],
    pageInfo: { hasNextPage: true, endCursor: expect.any(String) },
  });
  const rest = (await history(`first: 2, after: "${first.pageInfo.endCursor}"`)).data.customerByIdentity
    .consentHistory;
  expect(rest.nodes).toEqual([{ purpose: "MARKETING", status: "GRANTED" }]);
});

test("a consent is a node, and its recording an event", async () => {
  const item = said("gus", "MARKETING", "GRANTED", 1, {
    channel: "email",
    expiresAt: "2027-01-01T00:00:00Z",
  });
  const [{ consent, cursor }] = await send([item]);
  expect(cursor).toEqual(expect.any(String));
  expect(consent).toEqual({
    id: expect.stringMatching(/^cns_/),
    purpose: "MARKETING",
    status: "GRANTED",
    channel: { code: "email" },
    expiresAt: "2027-01-01T00:00:00Z",
    occurredAt: "2026-03-01T10:00:00Z",
    customer: { id: expect.stringMatching(/^cus_/) },
    source: { code: "web" },
    sourceRef: item.sourceRef,
  });
  const { data } = await app.execute("query ($id: ID!) { node(id: $id) { __typename id } }", {
    id: consent.id,
  });
  expect(data.node).toEqual({ __typename: "Consent", id: consent.id });
  const rows = await app.database.read.execute(
    sql`select type, seq::int from events where subject_id = ${consent.id.slice(4)}`,
  );
  expect(rows).toEqual([{ type: "CONSENT_RECORDED", seq: 2 }]);
});

describe("what is refused", () => {
  test.each([
    ["UNKNOWN_CHANNEL", "channel", { channel: "fax" }],
    ["INVALID_CODE", "channel", { channel: "E-Mail" }],
    ["INVALID_DATE", "expiresAt", { expiresAt: "2026-03-01T10:00:00Z" }],
    ["DATE_IN_FUTURE", "occurredAt", { occurredAt: "2999-01-01T00:00:00Z" }],
    ["REQUIRED", "sourceRef", { sourceRef: "" }],
    ["BAD_ID", "customer.id", { customer: { id: "cus_1" } }],
  ])("%s at %s: %j", async (code, field, wrong) => {
    const before = await counts();
    const [result] = await send([{ ...said("nobody", "SERVICE", "GRANTED", 1), ...wrong }]);
    expect(result).toMatchObject({
      outcome: "REJECTED",
      consent: null,
      cursor: null,
      error: { code, field },
    });
    expect(await counts()).toEqual(before);
  });

  test("a bad item leaves the good ones of its batch alone", async () => {
    const results = await send([
      said("hal", "SERVICE", "DENIED", 2, { channel: "fax" }),
      said("hal", "SERVICE", "GRANTED", 1),
    ]);
    expect(results.map(({ outcome }: { outcome: string }) => outcome)).toEqual(["REJECTED", "RECORDED"]);
    expect(await inForce("hal")).toEqual(["SERVICE everywhere GRANTED"]);
  });
});

test("a consent sent again, in one batch or at the same moment, is recorded once", async () => {
  const item = said("ian", "SERVICE", "GRANTED", 1);
  const results = (await Promise.all(Array.from({ length: 5 }, () => send([item, item])))).flat();
  expect(results.filter(({ outcome }) => outcome === "RECORDED")).toHaveLength(1);
  expect(results.filter(({ outcome }) => outcome === "DUPLICATE")).toHaveLength(9);
  expect(new Set(results.map(({ consent }) => consent.id)).size).toBe(1);
});

test("a batch of 1,000 takes as many statements as one consent", async () => {
  const costs = [];
  for (const size of [1, 1_000]) {
    const items = Array.from({ length: size }, () =>
      said(`j-${refs % 300}`, "SERVICE", "GRANTED", 1, { channel: "chat" }),
    );
    app.statements.length = 0;
    expect((await send(items)).at(-1).outcome).toBe("RECORDED");
    costs.push(app.statements.map((text) => text.slice(0, 60)));
  }
  expect(costs[1]).toEqual(costs[0]);
});

test("reading takes consent:read, recording consent:write", async () => {
  const other = await limitedKey(app, ["customers:read"]);
  for (const document of [
    "{ customers { nodes { consents { status } } } }",
    "{ customers { nodes { consentHistory { totalCount } } } }",
    `mutation { recordConsents(input: { source: "web", consents: [] }) { results { index } } }`,
  ]) {
    const { data, errors } = await app.execute(document, {}, { key: other });
    expect([data ?? null, errors?.[0].extensions.code]).toEqual([null, "FORBIDDEN"]);
  }
  const reader = await limitedKey(app, ["customers:read", "consent:read"]);
  const { errors } = await app.execute(
    "{ customers { nodes { consents { status } } } }",
    {},
    { key: reader },
  );
  expect(errors).toBeUndefined();
});
