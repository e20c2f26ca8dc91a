import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { given, order } from "../../domains/purchases/given.js";
import { startTestApp, type TestApp } from "../../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ compiledReads: false });
  await given(app, [order("A-1"), order("A-2", { occurredAt: "2026-11-22T09:30:00Z" })]);
});
afterAll(() => app.stop());

/** The columns that the statement on a table reads, and the answer. */
async function read(document: string, table: string, variables = {}) {
  app.statements.length = 0;
  const { data, errors } = await app.execute(document, variables);
  expect(errors).toBeUndefined();
  return { data, columns: columnsRead(table) };
}

/** Of each statement on a table, in any order. */
function columnsRead(table: string): string[][] {
  return app.statements.flatMap((text) => {
    const [, list] = new RegExp(`select ([^()]*?) from "${table}"`).exec(text) ?? [];
    return list
      ? [
          list
            .replace(/"(\w+)"\.|"/g, "")
            .split(", ")
            .sort(),
        ]
      : [];
  });
}

const aliases = [
  ["its own columns and the order's keys", "sourceRef", ["id", "placed_at", "source_ref"]],
  ["columns under other names", "occurredAt", ["id", "placed_at"]],
  ["nothing but the type", "__typename", ["id", "placed_at"]],
  ["an object of columns", "total { amount currency }", ["currency", "id", "placed_at", "total"]],
  ["what edges hang on", "customer { id } channel { code }", ["channel", "customer_id", "id", "placed_at"]],
  [
    "what lines show of their order",
    "items { unitPrice { currency } }",
    ["currency", "customer_id", "id", "placed_at"],
  ],
] as const;

test.each(aliases)("a page reads %s", async (_, fields, expected) => {
  const { columns } = await read(`{ purchases { nodes { ${fields} } } }`, "purchases");
  expect(columns).toEqual([expected]);
});

test("nodes, edges and fragments count together, and what is skipped does not", async () => {
  const { data, columns } = await read(
    `query ($no: Boolean = false) { purchases(first: 1) {
      nodes { ...Ref } edges { node { ... on TimelineEntry { occurredAt } status @include(if: $no) } }
    } }
    fragment Ref on Purchase { sourceRef }`,
    "purchases",
  );
  expect(columns).toEqual([["id", "placed_at", "source_ref"]]);
  const occurredAt = "2026-11-22T09:30:00Z";
  expect(data.purchases).toEqual({ nodes: [{ sourceRef: "A-2" }], edges: [{ node: { occurredAt } }] });
});

test("a page in another order reads that order's keys: its cursors find the place again", async () => {
  const page = (after: string | null) =>
    read(
      `query ($after: String) { purchases(first: 1, after: $after, sort: [{ field: ORDER_NUMBER, order: ASC }, { field: TOTAL }]) {
        nodes { sourceRef } pageInfo { endCursor } } }`,
      "purchases",
      { after },
    );
  const first = await page(null);
  expect(first.columns).toEqual([["id", "order_number", "source_ref", "total"]]);
  const second = await page(first.data.purchases.pageInfo.endCursor);
  const refs = [first, second].flatMap(({ data }) => data.purchases.nodes);
  expect(refs.map(({ sourceRef }) => sourceRef).sort()).toEqual(["A-1", "A-2"]);
});

test("two selections of one edge in one document each get their own columns", async () => {
  const { data, columns } = await read(
    `{ customers { nodes { a: purchases { nodes { sourceRef } } b: purchases { nodes { status total { currency } } } } } }`,
    "purchases",
  );
  expect(columns.sort()).toEqual([
    ["currency", "id", "placed_at", "status"],
    ["id", "placed_at", "source_ref"],
  ]);
  expect(data.customers.nodes).toEqual(
    ["A-2", "A-1"].map((sourceRef) => ({
      a: { nodes: [{ sourceRef }] },
      b: { nodes: [{ status: "PLACED", total: { currency: "GBP" } }] },
    })),
  );
});

test("all rows of an edge read what is asked for and their parent's key; two selections do not mix", async () => {
  const { data, columns } = await read(
    "{ purchases(first: 1) { nodes { a: items { sku } b: items { quantity unitPrice { amount } } } } }",
    "purchase_items",
  );
  expect(columns.sort()).toEqual([
    ["purchase_id", "quantity", "unit_price"],
    ["purchase_id", "sku"],
  ]);
  expect(data.purchases.nodes).toEqual([
    { a: [{ sku: "MUG" }], b: [{ quantity: 2, unitPrice: { amount: "2.50" } }] },
  ]);
});

test("a computed field reads what it says it needs, and the whole row where it says nothing", async () => {
  const summary = await read("{ customers { nodes { purchaseSummary { purchaseCount } } } }", "customers");
  expect(summary.columns).toEqual([["id"]]);
  expect(summary.data.customers.nodes).toEqual(
    [1, 1].map((purchaseCount) => ({ purchaseSummary: { purchaseCount } })),
  );
  const live = await read("{ customers { nodes { liveCursor } } }", "customers");
  expect(live.columns[0]).toEqual(expect.arrayContaining(["display_name", "id", "seq"]));
});

test("what follows a page is told where it is asked, beside the same page where it is not", async () => {
  const customer = { identity: { kind: "EMAIL", value: "a-1@example.com" } };
  await given(app, [order("A-3", { customer, occurredAt: "2026-11-20T09:30:00Z" })]);
  const { data } = await read(
    `{ customerByIdentity(kind: EMAIL, value: "a-1@example.com") {
      without: purchases(first: 1) { nodes { sourceRef } }
      with: purchases(first: 1) { nodes { sourceRef } pageInfo { hasNextPage } }
      fragmented: purchases(first: 1) { nodes { sourceRef } ...Info }
    } }
    fragment Info on PurchaseConnection { pageInfo { hasNextPage } }`,
    "purchases",
  );
  const page = { nodes: [{ sourceRef: "A-1" }] };
  const more = { ...page, pageInfo: { hasNextPage: true } };
  expect(data.customerByIdentity).toEqual({ without: page, with: more, fragmented: more });
});
