import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { digest } from "../../src/platform/access/key-text.js";
import { createPseudonyms } from "../../src/platform/access/pseudonyms.js";
import { startTestApp, type TestApp } from "../support/app.js";

const reading = [
  "customers:read",
  "interactions:read",
  "purchases:read",
  "loyalty:read",
  "tickets:read",
  "feedback:read",
  "events:read",
  "pii:read",
];
const secret = "Geheimnis";
const occurredAt = "2026-11-01T10:00:00Z";
const customer = { sourceRef: "p1", identity: { kind: "EMAIL", value: `${secret}@example.com` } };

let app: TestApp;
let acme: string;
let globex: string;
let real: Record<string, string[]>;
beforeAll(async () => {
  app = await startTestApp();
  [acme, globex] = [await partnerKey("acme"), await partnerKey("globex")];
  await seed();
  const { data } = await app.execute(EVERYTHING);
  real = idsOf(data);
});
afterAll(() => app.stop());

async function partnerKey(partner: string, scopes = reading): Promise<string> {
  const id = randomUUID();
  const key = `c360_live_${id.replaceAll("-", "")}_${randomBytes(20).toString("hex")}`;
  await app.database.transaction((tx) =>
    tx.execute(sql`insert into api_keys (id, name, secret_hash, scopes, partner)
      values (${id}::uuid, 'test', decode(${digest(key).toString("hex")}, 'hex'), ${`{${scopes.join()}}`}::text[], ${partner})`),
  );
  return key;
}

async function seed(): Promise<void> {
  const items = [{ sku: "a", quantity: 1, unitPrice: "1.00" }];
  const order = { customer: { sourceRef: "p1" }, currency: "EUR", items };
  const purchases = [1, 2, 3].map((n) => ({
    ...order,
    sourceRef: `${secret}${n}`,
    occurredAt: `2026-11-0${n}T10:00:00Z`,
  }));
  const contact = {
    customer: { sourceRef: "p1" },
    channel: "chat",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "message",
    occurredAt,
  };
  const { errors, data } = await app.execute(
    `mutation ($p: UpsertProfilesInput!, $o: RecordPurchasesInput!, $i: RecordInteractionsInput!, $t: RecordTicketEventsInput!) {
      upsertProfiles(input: $p) { results { error { message } } } recordPurchases(input: $o) { results { error { message } } }
      recordInteractions(input: $i) { results { error { message } } } recordTicketEvents(input: $t) { results { error { message } } } }`,
    {
      p: {
        source: "crm",
        profiles: [{ sourceRef: "p1", displayName: secret, identities: [customer.identity] }],
      },
      o: { source: "crm", purchases },
      i: { source: "crm", interactions: [{ ...contact, sourceRef: `${secret}i`, summary: secret }] },
      t: {
        source: "crm",
        events: [
          {
            sourceRef: `${secret}t`,
            ticketRef: secret,
            customer: { sourceRef: "p1" },
            kind: "OPENED",
            occurredAt,
            subject: secret,
          },
        ],
      },
    },
  );
  expect([errors, JSON.stringify(data).includes("message")]).toEqual([undefined, false]);
}

const EVERYTHING = `{ customers { nodes { id displayName country
    purchases { nodes { id customer { id } } edges { cursor node { id } } pageInfo { startCursor endCursor } }
    timeline { nodes { __typename id ... on Interaction { summary customer { id } } ... on Purchase { customer { id } total { amount } } ... on TicketEvent { ticket { id subject } } }
      edges { cursor node { id } } } } }
  purchases { nodes { id placedAt items { sku quantity } } } tickets { nodes { id } } interactions { nodes { id } }
  topCustomers(currency: "EUR") { customer { id } } }`;

/** All ids in an answer, by their prefix, in its order. */
function idsOf(value: unknown): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const [id, prefix = ""] of JSON.stringify(value).matchAll(/\b([a-z]+)_[0-9a-f]{8}-[0-9a-f-]{27}/g)) {
    found[prefix] = [...(found[prefix] ?? []), id];
  }
  return found;
}

const ask = (key: string, query: string, variables: object = {}) => app.execute(query, variables, { key });

describe("a partner", () => {
  test("sees every id under another name: the same each time, and none that another partner or anybody else sees", async () => {
    const [first, again, other] = [
      await ask(acme, EVERYTHING),
      await ask(acme, EVERYTHING),
      await ask(globex, EVERYTHING),
    ];
    const [own, repeated, others] = [idsOf(first.data), idsOf(again.data), idsOf(other.data)];
    expect(Object.keys(own)).toEqual(Object.keys(real));
    expect(repeated).toEqual(own);
    const all = [...Object.values(real), ...Object.values(own), ...Object.values(others)].flat();
    const distinct = (ids: Record<string, string[]>) => new Set(Object.values(ids).flat()).size;
    expect(distinct(own)).toBe(distinct(real));
    expect(new Set(all).size).toBe(3 * distinct(real));
    expect(JSON.stringify(first.data)).not.toContain(secret);
    expect(first.data.customers.nodes[0].displayName).toBeNull();
  });

  test("is told of a mistake in its own words: no id that was opened to run shows in an error", async () => {
    const { pur: [purchase] = [] } = idsOf((await ask(acme, EVERYTHING)).data);
    const where = { id: { nin: [purchase], noSuchField: 1 } };
    const query = "query ($where: PurchaseFilter) { purchases(where: $where) { nodes { id } } }";
    const { data, errors } = await ask(acme, query, { where });
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      {
        message: `Variable "$where" got invalid value { nin: ["${purchase}"], noSuchField: 1 } at "where.id"; Field "noSuchField" is not defined by type "IDComparator".`,
        extensions: { code: "BAD_USER_INPUT" },
      },
    ]);
  });

  test("finds things again by its own names: in arguments, variables, lists of ids and filters", async () => {
    const { cus: [id] = [], pur: [purchase] = [] } = idsOf((await ask(acme, EVERYTHING)).data);
    const found = { id };
    expect((await ask(acme, `{ customer(id: "${id}") { id } }`)).data.customer).toEqual(found);
    expect((await ask(acme, "query ($id: ID!) { customer(id: $id) { id } }", { id })).data.customer).toEqual(
      found,
    );
    expect((await ask(acme, `query ($id: ID = "${id}") { nodes(ids: [$id]) { id } }`)).data.nodes).toEqual([
      found,
    ]);
    expect(
      (await ask(acme, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", { ids: [id, purchase] })).data
        .nodes,
    ).toEqual([found, { id: purchase }]);
    const where = { or: [{ not: { customerId: { neq: id } } }] };
    const { data } = await ask(acme, "query ($w: PurchaseFilter) { purchases(where: $w) { totalCount } }", {
      w: where,
    });
    expect(data.purchases.totalCount).toBe(3);
    expect(
      (await ask(acme, `{ purchases(where: {id: {in: ["${purchase}"]}}) { nodes { id } } }`)).data.purchases
        .nodes,
    ).toEqual([{ id: purchase }]);
  });

  test("finds nothing by another partner's names, nor by real ids", async () => {
    const { cus: [theirs] = [] } = idsOf((await ask(globex, EVERYTHING)).data);
    for (const id of [theirs, real.cus?.[0]])
      expect(
        await ask(acme, "query ($id: ID!) { customer(id: $id) { id } node(id: $id) { id } }", { id }),
      ).toMatchObject({
        data: { customer: null, node: null },
        errors: undefined,
      });
  });

  test("pages by cursors that only it can use, and that hold nothing to read", async () => {
    const page =
      "query ($after: String) { purchases(first: 1, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }";
    const seen: string[] = [];
    let after: string | null = null;
    for (let more = true; more; ) {
      const { data, errors } = await ask(acme, page, { after });
      expect(errors).toBeUndefined();
      seen.push(data.purchases.nodes[0].id);
      ({ endCursor: after, hasNextPage: more } = data.purchases.pageInfo);
      expect(Buffer.from(after as string, "base64url").toString("latin1")).not.toMatch(
        /pur_|occurredAt|placedAt/,
      );
    }
    expect(new Set(seen).size).toBe(3);
    expect((await ask(globex, page, { after })).errors?.[0].extensions.code).toBe("BAD_CURSOR");
    expect((await ask(acme, `{ purchases(after: "${after}") { totalCount } }`)).data.purchases).toEqual({
      totalCount: 3,
    });
    const { data } = await app.execute(page, {});
    expect(
      (await ask(acme, page, { after: data.purchases.pageInfo.endCursor })).errors?.[0].extensions.code,
    ).toBe("BAD_CURSOR");
  });

  test.each([
    ["a source's reference", "{ purchases { nodes { sourceRef } } }"],
    ["the number of an order", "{ purchases { nodes { orderNumber } } }"],
    ["the number of a ticket", "{ tickets { nodes { number } } }"],
    ["a source", "{ purchases { nodes { source { code } } } }"],
    ["identities", "{ customers { nodes { identities { kind } } } }"],
    ["profiles", "{ customers { nodes { profiles { country } } } }"],
    ["a place in the event log", "{ customers { nodes { liveCursor } } }"],
    ["a count of events", "{ customers { nodes { seq } } }"],
    ["an order's number in a filter", '{ purchases(where: {not: {orderNumber: {eq: "1"}}}) { totalCount } }'],
    ["a source in a filter", '{ purchases(where: {source: {eq: "crm"}}) { totalCount } }'],
    ["a personal filter", "{ customers(where: {email: {isNull: true}}) { totalCount } }"],
    ["an order's number in a sort", "{ purchases(sort: [{field: ORDER_NUMBER}]) { totalCount } }"],
    ["an identity", '{ customerByIdentity(kind: EMAIL, value: "a@example.com") { id } }'],
    ["a write", 'mutation { recordPurchases(input: {source: "x", purchases: []}) { results { index } } }'],
    [
      "a fragment on a type",
      "{ customers { nodes { timeline { nodes { ... on Purchase { orderNumber } } } } } }",
    ],
  ])("is refused %s", async (_name, query) => {
    const { status, data, errors } = await ask(acme, query);
    expect([status, data, errors?.[0].extensions.code]).toEqual([403, undefined, "FORBIDDEN"]);
  });

  test("is refused on sockets and over events, whose cursors are the same for all", async () => {
    const iterator = app.socket(acme).iterate({ query: "{ purchases { totalCount } }" });
    await expect(iterator.next()).rejects.toMatchObject([{ extensions: { code: "FORBIDDEN" } }]);
    const response = await fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "text/event-stream",
        authorization: `Bearer ${acme}`,
      },
      body: JSON.stringify({ query: "subscription { ticketChanged { cursor ticket { id } } }" }),
    });
    expect(await response.text()).toContain('"FORBIDDEN"');
  });

  test("is told errors that name no id", async () => {
    const { cus: [id] = [] } = idsOf((await ask(acme, EVERYTHING)).data);
    for (const given of [id, "cus_x", "nothing"]) {
      const { errors } = await ask(
        acme,
        "query ($id: ID!) { purchases(where: {id: {eq: $id}}) { totalCount } }",
        { id: given },
      );
      expect(errors?.[0].extensions.code).toBe("BAD_ID");
      expect(idsOf(errors)).toEqual({});
    }
  });
});

test("names are reversible, differ by partner, kind and secret, and another's sealed text is none", () => {
  const pseudonyms = createPseudonyms("a".repeat(32));
  const [one, two, elsewhere] = [
    pseudonyms("acme"),
    pseudonyms("globex"),
    createPseudonyms("b".repeat(32))("acme"),
  ];
  const uuid = "01234567-89ab-7cde-8f01-23456789abcd";
  const names = [one, two, elsewhere].flatMap((partner) =>
    [partner.seal(`cus_${uuid}`), partner.seal(`pur_${uuid}`)].map((name) => name.slice(4)),
  );
  expect(new Set([...names, uuid]).size).toBe(7);
  expect(one.open(one.seal(`cus_${uuid}`))).toBe(`cus_${uuid}`);
  expect(one.open("no id")).toBe("no id");
  expect([
    one.openText(one.sealText("a place")),
    two.openText(one.sealText("a place")),
    one.openText("x"),
  ]).toEqual(["a place", null, null]);
});
