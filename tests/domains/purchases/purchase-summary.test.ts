import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startTestApp, type TestApp } from "../../support/app.js";
import { given, goodsBack, order } from "./given.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

const ada = { sourceRef: "ada" };
const bob = { sourceRef: "bob" };
const eve = { sourceRef: "eve" };
const item = (sku: string, quantity: number, unitPrice: string) => ({ sku, quantity, unitPrice });

const SUMMARY = `query ($where: PurchaseFilter) { purchaseSummary(where: $where) {
  purchaseCount returnCount itemCount customerCount
  money { currency gross { amount currency } returned { amount } net { amount } }
} }`;
const TOP = `query ($currency: CurrencyCode!, $first: Int, $where: PurchaseFilter) {
  topCustomers(currency: $currency, first: $first, where: $where) {
    customer { identities { value } } net { amount currency } purchaseCount returnCount
  }
}`;

async function summary(where?: object) {
  const { data, errors } = await app.execute(SUMMARY, { where });
  expect(errors).toBeUndefined();
  return data.purchaseSummary;
}

async function top(variables: object) {
  const { data, errors } = await app.execute(TOP, variables);
  expect(errors).toBeUndefined();
  return data.topCustomers;
}

const nothing = { purchaseCount: 0, returnCount: 0, itemCount: 0, customerCount: 0, money: [] };

test("without purchases every figure is zero and no currency is listed", async () => {
  expect(await summary()).toEqual(nothing);
  expect(await top({ currency: "GBP" })).toEqual([]);
});

test("figures are exact per currency, and never summed across currencies", async () => {
  await given(app, [
    order("s-1", { customer: ada, items: [item("A", 3, "0.1"), item("B", 1, "279488.72")] }),
    order("s-2", { customer: ada, items: [item("A", 10, "0.001")], status: "PAID" }),
    order("s-3", { customer: ada, currency: "JPY", items: [item("A", 2, "1500")] }),
    order("s-4", { customer: bob, items: [item("C", 1, "100")] }),
    order("s-5", { customer: null, items: [item("C", 1, "5")] }),
    order("s-6", { customer: bob, items: [item("C", 1, "1000")], status: "CANCELLED" }),
    goodsBack("s-7", { returnOf: "s-1", items: [item("A", 1, "0.1")], occurredAt: "2026-12-24T00:00:00Z" }),
    goodsBack("s-8", { customer: eve, currency: "EUR", items: [item("D", 2, "7.5"), item("E", 1, "1")] }),
  ]);
  expect(await summary()).toEqual({
    purchaseCount: 5,
    returnCount: 2,
    itemCount: 9,
    customerCount: 4,
    money: [
      {
        currency: "EUR",
        gross: { amount: "0.00", currency: "EUR" },
        returned: { amount: "16.00" },
        net: { amount: "-16.00" },
      },
      {
        currency: "GBP",
        gross: { amount: "279594.03", currency: "GBP" },
        returned: { amount: "0.10" },
        net: { amount: "279593.93" },
      },
      {
        currency: "JPY",
        gross: { amount: "3000", currency: "JPY" },
        returned: { amount: "0" },
        net: { amount: "3000" },
      },
    ],
  });
});

test("a filter of orders reads on returns: their own fields, and what only orders have off their order", async () => {
  const counted = async (where: object) => {
    const { purchaseCount, returnCount, itemCount, customerCount } = await summary(where);
    return [purchaseCount, returnCount, itemCount, customerCount];
  };
  expect(await counted({ guest: { eq: false } })).toEqual([4, 2, 8, 3]);
  expect(await counted({ sku: { eq: "A" } })).toEqual([3, 1, 5, 1]);
  expect(await counted({ currency: { eq: "EUR" } })).toEqual([0, 1, 2, 1]);
  expect(await counted({ placedAt: { gte: "2026-12-01T00:00:00Z" } })).toEqual([0, 1, 1, 1]);
  expect(await counted({ orderNumber: { eq: "s-1" } })).toEqual([1, 1, 3, 1]);
  expect(await counted({ status: { eq: "PLACED" } })).toEqual([4, 1, 6, 3]);
  expect(await counted({ status: { neq: "PAID" } })).toEqual([4, 2, 8, 4]);
  expect(await counted({ total: { lt: "1" } })).toEqual([1, 1, 2, 1]);
  expect(await counted({ not: { currency: { in: ["GBP", "JPY"] } } })).toEqual([0, 1, 2, 1]);
  expect(await summary({ source: { eq: "nobody" } })).toEqual(nothing);
});

test("only the figures that are selected are read", async () => {
  app.statements.length = 0;
  await app.execute("{ purchaseSummary { purchaseCount returnCount money { net { amount } } } }");
  expect(app.statements).toHaveLength(1);
});

test("a customer's own summary tells the same as the filtered one", async () => {
  const { data } =
    await app.execute(`{ customerByIdentity(kind: EXTERNAL_ID, value: "webshop:ada") { id purchaseSummary {
    purchaseCount returnCount itemCount customerCount
    money { currency gross { amount currency } returned { amount } net { amount } } } } }`);
  const { id, purchaseSummary } = data.customerByIdentity;
  expect(purchaseSummary).toEqual(await summary({ customerId: { eq: id } }));
  expect(purchaseSummary).toMatchObject({
    purchaseCount: 3,
    returnCount: 1,
    itemCount: 5,
    customerCount: 1,
    money: [{ net: { amount: "279488.93" } }, { net: { amount: "3000" } }],
  });
});

test("the top customers are ranked by net revenue in one currency", async () => {
  expect(await top({ currency: "GBP", where: { guest: { eq: false } } })).toEqual([
    {
      customer: { identities: [{ value: "webshop:ada" }] },
      net: { amount: "279488.93", currency: "GBP" },
      purchaseCount: 2,
      returnCount: 1,
    },
    {
      customer: { identities: [{ value: "webshop:bob" }] },
      net: { amount: "100.00", currency: "GBP" },
      purchaseCount: 1,
      returnCount: 0,
    },
  ]);
  expect(await top({ currency: "GBP", first: 1, where: { sku: { eq: "C" } } })).toMatchObject([
    { net: { amount: "100.00" } },
  ]);
  expect(await top({ currency: "EUR" })).toMatchObject([
    { net: { amount: "-16.00" }, purchaseCount: 0, returnCount: 1 },
  ]);
});

test.each([
  [{ currency: "GBP", first: 0 }, "BAD_USER_INPUT"],
  [{ currency: "GBP", first: 101 }, "PAGE_TOO_LARGE"],
  [{ currency: "pounds" }, "BAD_USER_INPUT"],
])("a ranking that cannot be given is refused: %j", async (variables, code) => {
  const { errors } = await app.execute(TOP, variables);
  expect(errors?.map((error) => error.extensions.code)).toEqual([code]);
});
