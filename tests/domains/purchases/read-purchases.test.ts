import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { apiKeys } from "#schema/access.js";
import { digest } from "../../../src/platform/access/key-text.js";
import type { Scope } from "../../../src/platform/access/scopes.js";
import { newId, uuidOf } from "../../../src/platform/ids.js";
import { startTestApp, type TestApp } from "../../support/app.js";
import { given, goodsBack, order } from "./given.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await given(app, [
    order("o-1", { customer: ada, occurredAt: day(1), channel: "web", items: [item("MUG", 1, "10")] }),
    order("o-2", {
      customer: ada,
      occurredAt: day(2),
      status: "PAID",
      items: [item("PEN", 2, "1.50"), item("MUG", 1, "9")],
    }),
    order("o-3", { customer: ada, occurredAt: day(3), currency: "EUR", items: [item("PEN", 100, "1")] }),
    order("o-4", { customer: bob, occurredAt: day(4), orderNumber: "B-4", items: [item("CUP", 1, "3")] }),
    order("o-5", { customer: null, occurredAt: day(5), items: [item("PEN", 1, "2")] }),
    goodsBack("r-1", {
      returnOf: "o-2",
      occurredAt: day(6),
      reason: "Scratched",
      items: [item("MUG", 1, "9")],
    }),
    goodsBack("r-2", { returnOf: "o-2", occurredAt: day(7), items: [item("PEN", 1, "1.50")] }),
    goodsBack("r-3", { customer: bob, occurredAt: day(8), items: [item("TEA", 1, "4")] }),
  ]);
});
afterAll(() => app.stop());

const ada = { identity: { kind: "EMAIL", value: "ada@example.com" } };
const bob = { identity: { kind: "EMAIL", value: "bob@example.com" } };
const day = (number: number) => `2026-11-0${number}T12:00:00Z`;
const item = (sku: string, quantity: number, unitPrice: string) => ({ sku, quantity, unitPrice });

async function ask(document: string, variables: object = {}) {
  const { data, errors } = await app.execute(document, variables);
  expect(errors).toBeUndefined();
  return data;
}

async function orderNumbers(where: object, sort?: object[]): Promise<string[]> {
  const data = await ask(
    `query ($where: PurchaseFilter, $sort: [PurchaseSort!]) { purchases(where: $where, sort: $sort) { totalCount nodes { orderNumber } } }`,
    { where, sort },
  );
  expect(data.purchases.totalCount).toBe(data.purchases.nodes.length);
  return data.purchases.nodes.map((node: { orderNumber: string }) => node.orderNumber);
}

async function returnNumbers(where: object, sort?: object[]): Promise<string[]> {
  const data = await ask(
    `query ($where: PurchaseReturnFilter, $sort: [PurchaseReturnSort!]) { returns(where: $where, sort: $sort) { totalCount nodes { returnNumber } } }`,
    { where, sort },
  );
  expect(data.returns.totalCount).toBe(data.returns.nodes.length);
  return data.returns.nodes.map((node: { returnNumber: string }) => node.returnNumber);
}

async function customerId(value: string): Promise<string> {
  const data = await ask(
    `query ($value: String!) { customerByIdentity(kind: EMAIL, value: $value) { id } }`,
    { value },
  );
  return data.customerByIdentity.id;
}

test("a customer shows orders with their returns and returns with their orders, the latest first", async () => {
  const data = await ask(`{ customerByIdentity(kind: EMAIL, value: "ada@example.com") {
    purchases { totalCount nodes { orderNumber customer { displayName email } returns { nodes { returnNumber reason } } } }
    returns(where: { sku: { eq: "PEN" } }) { nodes { returnNumber purchase { orderNumber } items { sku quantity unitPrice { amount currency } } } }
  } }`);
  const customer = { displayName: null, email: "ada@example.com" };
  expect(data.customerByIdentity).toEqual({
    purchases: {
      totalCount: 3,
      nodes: [
        { orderNumber: "o-3", customer, returns: { nodes: [] } },
        {
          orderNumber: "o-2",
          customer,
          returns: {
            nodes: [
              { returnNumber: "r-2", reason: null },
              { returnNumber: "r-1", reason: "Scratched" },
            ],
          },
        },
        { orderNumber: "o-1", customer, returns: { nodes: [] } },
      ],
    },
    returns: {
      nodes: [
        {
          returnNumber: "r-2",
          purchase: { orderNumber: "o-2" },
          items: [{ sku: "PEN", quantity: 1, unitPrice: { amount: "1.50", currency: "GBP" } }],
        },
      ],
    },
  });
});

test("every filter of orders lets through exactly what it names", async () => {
  expect(await orderNumbers({})).toEqual(["o-5", "B-4", "o-3", "o-2", "o-1"]);
  expect(await orderNumbers({ guest: { eq: true } })).toEqual(["o-5"]);
  expect(await orderNumbers({ guest: { eq: false } })).toEqual(["B-4", "o-3", "o-2", "o-1"]);
  expect(await orderNumbers({ sku: { eq: "MUG" } })).toEqual(["o-2", "o-1"]);
  expect(await orderNumbers({ sku: { in: ["CUP", "PEN"] }, guest: { neq: true } })).toEqual([
    "B-4",
    "o-3",
    "o-2",
  ]);
  expect(await orderNumbers({ status: { eq: "PAID" } })).toEqual(["o-2"]);
  expect(await orderNumbers({ channel: { eq: "web" } })).toEqual(["o-1"]);
  expect(await orderNumbers({ channel: { isNull: true } })).toHaveLength(4);
  expect(await orderNumbers({ currency: { eq: "EUR" } })).toEqual(["o-3"]);
  expect(await orderNumbers({ total: { gte: "12", lt: "100.00" } })).toEqual(["o-2"]);
  expect(await orderNumbers({ total: { in: ["3", "10.00"] } })).toEqual(["B-4", "o-1"]);
  expect(await orderNumbers({ orderNumber: { startsWith: "B-" } })).toEqual(["B-4"]);
  expect(await orderNumbers({ placedAt: { gte: day(2), lt: day(4) } })).toEqual(["o-3", "o-2"]);
  expect(await orderNumbers({ source: { neq: "webshop" } })).toEqual([]);
  expect(await orderNumbers({ recordedAt: { lt: "-P1D" } })).toEqual([]);
  expect(await orderNumbers({ customerId: { eq: await customerId("bob@example.com") } })).toEqual(["B-4"]);
  expect(await orderNumbers({ not: { or: [{ currency: { eq: "EUR" } }, { sku: { eq: "MUG" } }] } })).toEqual([
    "o-5",
    "B-4",
  ]);
});

test("every filter of returns lets through exactly what it names", async () => {
  const { purchases } = await ask(`{ purchases(where: { orderNumber: { eq: "o-2" } }) { nodes { id } } }`);
  expect(await returnNumbers({})).toEqual(["r-3", "r-2", "r-1"]);
  expect(await returnNumbers({ purchaseId: { eq: purchases.nodes[0].id } })).toEqual(["r-2", "r-1"]);
  expect(await returnNumbers({ purchaseId: { isNull: true } })).toEqual(["r-3"]);
  expect(await returnNumbers({ reason: { containsIgnoreCase: "scratch" } })).toEqual(["r-1"]);
  expect(await returnNumbers({ returnNumber: { eq: "r-3" } })).toEqual(["r-3"]);
  expect(await returnNumbers({ total: { lt: "5" }, returnedAt: { lt: day(8) } })).toEqual(["r-2"]);
  expect(await returnNumbers({ sku: { eq: "TEA" }, guest: { eq: false } })).toEqual(["r-3"]);
  expect(await returnNumbers({ guest: { eq: true } })).toEqual([]);
});

test("lists are sorted by what is asked for, and pages in that order meet without gap or overlap", async () => {
  const byTotal = [{ field: "TOTAL", order: "ASC" }];
  expect(await orderNumbers({}, byTotal)).toEqual(["o-5", "B-4", "o-1", "o-2", "o-3"]);
  expect(await orderNumbers({}, [{ field: "ORDER_NUMBER", order: "ASC" }])).toEqual([
    "B-4",
    "o-1",
    "o-2",
    "o-3",
    "o-5",
  ]);
  expect(await returnNumbers({}, [{ field: "TOTAL" }])).toEqual(["r-1", "r-3", "r-2"]);
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const data: {
      purchases: { nodes: { orderNumber: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
    } = await ask(
      `query ($after: String, $sort: [PurchaseSort!]) { purchases(first: 2, after: $after, sort: $sort) { nodes { orderNumber } pageInfo { hasNextPage endCursor } } }`,
      { after, sort: byTotal },
    );
    seen.push(...data.purchases.nodes.map((node) => node.orderNumber));
    after = data.purchases.pageInfo.hasNextPage ? data.purchases.pageInfo.endCursor : null;
  } while (after);
  expect(seen).toEqual(["o-5", "B-4", "o-1", "o-2", "o-3"]);
});

test("orders and returns are nodes", async () => {
  const { purchases, returns } = await ask(
    `{ purchases(first: 1) { nodes { id } } returns(first: 1) { nodes { id } } }`,
  );
  const ids = [purchases.nodes[0].id, returns.nodes[0].id];
  const data = await ask(
    `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on TimelineEntry { occurredAt } } }`,
    { ids },
  );
  expect(data.nodes).toEqual([
    { __typename: "Purchase", id: ids[0], occurredAt: day(5) },
    { __typename: "PurchaseReturn", id: ids[1], occurredAt: day(8) },
  ]);
});

test("one customer costs as many statements as a hundred", async () => {
  await given(
    app,
    Array.from({ length: 100 }, (_, i) => [
      order(`many-${i}`),
      goodsBack(`many-${i}`, { returnOf: `many-${i}` }),
    ]).flat(),
    "many",
  );
  const cost = async (first: number) => {
    app.statements.length = 0;
    const data = await ask(
      `query ($first: Int!) { customers(first: $first, where: { source: { eq: "many" } }) { nodes {
        purchases(first: 2) { nodes { total { amount } items { sku unitPrice { amount } } channel { code } returns(first: 2) { nodes { items { sku } purchase { id } } } } }
        returns(first: 2) { nodes { items { sku } customer { id } } }
        purchaseSummary { purchaseCount returnCount itemCount customerCount money { currency net { amount } } }
      } } }`,
      { first },
    );
    expect(data.customers.nodes).toHaveLength(first);
    expect(data.customers.nodes.at(-1).purchaseSummary).toEqual({
      purchaseCount: 1,
      returnCount: 1,
      itemCount: 2,
      customerCount: 1,
      money: [{ currency: "GBP", net: { amount: "2.50" } }],
    });
    return app.statements.length;
  };
  const one = await cost(1);
  expect(await cost(100)).toBe(one);
  expect(one).toBe(10);
});

test.each([
  ["{ purchases { nodes { id } } }", "purchases:read"],
  ["{ returns { nodes { id } } }", "purchases:read"],
  ["{ purchaseSummary { purchaseCount } }", "purchases:read"],
  ['{ topCustomers(currency: "GBP") { net { amount } } }', "purchases:read"],
  ["{ customers { nodes { purchases { totalCount } } } }", "purchases:read"],
  ["{ customers { nodes { returns { totalCount } } } }", "purchases:read"],
  ["{ customers { nodes { purchaseSummary { purchaseCount } } } }", "purchases:read"],
  [
    'mutation { recordPurchases(input: { source: "x", purchases: [] }) { results { index } } }',
    "purchases:write",
  ],
])("without the scope it is refused: %s", async (document, scope) => {
  const key = await keyWithout(scope as Scope);
  const { data, errors } = await app.execute(document, {}, { key });
  expect(data ?? null).toBeNull();
  expect(errors?.map((error) => error.extensions.code)).toEqual(["FORBIDDEN"]);
});

async function keyWithout(scope: Scope): Promise<string> {
  const all: Scope[] = ["customers:read", "interactions:read", "purchases:read", "purchases:write"];
  const id = newId("apiKey");
  const key = `c360_live_${uuidOf(id).replaceAll("-", "")}_abcdefghijklmnopqrstuvwxyz`;
  const row = { id, name: "test", secretHash: digest(key), scopes: all.filter((other) => other !== scope) };
  await app.database.transaction((tx) => tx.insert(apiKeys).values(row));
  return key;
}
