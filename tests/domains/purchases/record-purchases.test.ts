import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { recordPurchases } from "../../../src/domains/purchases/purchase.actions.js";
import { startTestApp, type TestApp } from "../../support/app.js";
import { counts, given, goodsBack, line, order, record } from "./given.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

test("an order is stored with its lines and exact total, and sent again it is a duplicate that changes nothing", async () => {
  const items = [
    { sku: "A", name: "Thread", quantity: 3, unitPrice: "0.001" },
    { sku: "B", quantity: 2, unitPrice: "19.9" },
  ];
  const more = {
    items,
    channel: "web",
    status: "PAID",
    orderNumber: "W-1",
    occurredAt: "2026-11-21T12:30:00.123456+03:30",
  };
  const [first] = await record(app, [order("once", more)]);
  expect(first).toMatchObject({
    index: 0,
    outcome: "RECORDED",
    error: null,
    cursor: expect.any(String),
    purchaseReturn: null,
    purchase: {
      orderNumber: "W-1",
      placedAt: "2026-11-21T09:00:00.123456Z",
      occurredAt: "2026-11-21T09:00:00.123456Z",
      status: "PAID",
      channel: { code: "web" },
      total: { amount: "39.803", currency: "GBP" },
      items: [
        { sku: "A", name: "Thread", quantity: 3, unitPrice: { amount: "0.001", currency: "GBP" } },
        { sku: "B", name: null, quantity: 2, unitPrice: { amount: "19.90", currency: "GBP" } },
      ],
      source: { code: "webshop" },
      sourceRef: "once",
    },
  });
  const before = await counts(app);

  const [again] = await record(app, [order("once", { ...more, orderNumber: "changed" })]);

  expect(again).toEqual({ ...first, outcome: "DUPLICATE", cursor: null });
  expect(await counts(app)).toEqual(before);
});

test("what a source leaves out gets its default: a guest, PLACED, the reference as number", async () => {
  const [ordered, returned] = await given(app, [
    order("plain", { customer: null }),
    goodsBack("plain-back", { reason: "Broken" }),
  ]);
  expect(ordered.purchase).toMatchObject({
    orderNumber: "plain",
    status: "PLACED",
    channel: null,
    customer: { anonymous: true, stage: "LEAD" },
  });
  expect(returned.purchaseReturn).toMatchObject({
    returnNumber: "plain-back",
    returnedAt: "2026-11-22T10:00:00Z",
    occurredAt: "2026-11-22T10:00:00Z",
    reason: "Broken",
    total: { amount: "2.50", currency: "GBP" },
    customer: { anonymous: true },
    purchase: null,
  });
  expect(ordered.purchase.customer.id).not.toBe(returned.purchaseReturn.customer.id);
});

test("a return finds its order wherever it stands in the batch, and belongs to the order's customer", async () => {
  const before = await counts(app);
  const [early, ordered, late] = await given(app, [
    goodsBack("early-back", { returnOf: "in-batch" }),
    order("in-batch"),
    goodsBack("late-back", { returnOf: "in-batch", customer: { sourceRef: "somebody-else" } }),
  ]);
  for (const { purchaseReturn } of [early, late]) {
    expect(purchaseReturn.purchase).toEqual({ id: ordered.purchase.id });
    expect(purchaseReturn.customer).toEqual(ordered.purchase.customer);
  }
  expect((await counts(app)).customers).toBe((before.customers as number) + 1);
});

test("a return finds an order of an earlier batch at the same source only", async () => {
  const [ordered] = await given(app, [order("earlier", { customer: null })]);
  const [own] = await given(app, [goodsBack("own-back", { returnOf: "earlier" })]);
  expect(own.purchaseReturn).toMatchObject({
    purchase: { id: ordered.purchase.id },
    customer: { id: ordered.purchase.customer.id },
  });
  const [other] = await given(app, [goodsBack("own-back", { returnOf: "earlier" })], "other-shop");
  expect(other.purchaseReturn.purchase).toBeNull();
});

test("a return of an unknown order is taken, under its own customer", async () => {
  const [back] = await given(app, [
    goodsBack("C1", { returnOf: "never-seen", customer: { sourceRef: "known-1" } }),
  ]);
  expect(back.purchaseReturn).toMatchObject({
    purchase: null,
    customer: { anonymous: false, stage: "LEAD" },
  });
});

test("an order and a return may have the same reference: they are numbered apart", async () => {
  const [ordered, returned, repeated] = await record(app, [order("77"), goodsBack("77"), order("77")]);
  expect([ordered.outcome, returned.outcome, repeated.outcome]).toEqual([
    "RECORDED",
    "RECORDED",
    "DUPLICATE",
  ]);
  expect(repeated.purchase).toEqual(ordered.purchase);
  expect(returned.purchaseReturn.returnNumber).toBe("77");
});

test("corrections of a source are taken as they are: lines below zero, prices of zero and below", async () => {
  const items = [
    { sku: "A", quantity: -12, unitPrice: "1.25" },
    { sku: "B", quantity: 1, unitPrice: "0" },
    { sku: "C", quantity: 1, unitPrice: "-11062.06" },
  ];
  const [result] = await given(app, [order("corrections", { items })]);
  expect(result.purchase.total.amount).toBe("-11077.06");
  expect(result.purchase.items.map((item: { quantity: number }) => item.quantity)).toEqual([-12, 1, 1]);
});

test("bad items are refused on their own with code and field, and leave nothing behind", async () => {
  const before = await counts(app);
  const bad = [
    order("bad-0", { currency: "XXY" }),
    order("bad-1", { items: [] }),
    order("bad-2", { items: [line, { ...line, quantity: 0 }] }),
    goodsBack("bad-3", { items: [{ ...line, quantity: -1 }] }),
    order("bad-4", { channel: "carrier-pigeon" }),
    order("bad-5", { customer: { id: "nobody" } }),
    order("bad-6", { items: [{ ...line, unitPrice: "12345678901234567890.5" }] }),
    order("bad-7", { returnOf: "once" }),
    goodsBack("bad-8", { status: "PAID" }),
    order("bad-9", { customer: { id: "cus_00000000-0000-7000-8000-000000000000" } }),
    goodsBack("bad-10", { returnOf: "bad-0" }),
    order(""),
    order("bad-12", { items: [{ ...line, sku: "" }] }),
    order("bad-13", { items: Array.from({ length: 5_001 }, () => line) }),
  ];

  const results = await record(app, bad);

  expect(
    results.map((result: { error: { code: string; field: string } }) => [
      result.error.code,
      result.error.field,
    ]),
  ).toEqual([
    ["UNKNOWN_CURRENCY", "currency"],
    ["EMPTY", "items"],
    ["INVALID_NUMBER", "items.1.quantity"],
    ["INVALID_NUMBER", "items.0.quantity"],
    ["UNKNOWN_CHANNEL", "channel"],
    ["BAD_ID", "customer.id"],
    ["INVALID_NUMBER", "items.0.unitPrice"],
    ["NOT_APPLICABLE", "returnOf"],
    ["NOT_APPLICABLE", "status"],
    ["CUSTOMER_NOT_FOUND", "customer.id"],
    ["ORDER_REFUSED", "returnOf"],
    ["REQUIRED", "sourceRef"],
    ["REQUIRED", "items.0.sku"],
    ["TOO_MANY_ITEMS", "items"],
  ]);
  expect(
    results.every((result: { purchase: unknown; cursor: unknown }) => !result.purchase && !result.cursor),
  ).toBe(true);
  expect(await counts(app)).toEqual(before);
});

test("imports, which no schema checks, get the same refusals as data", async () => {
  const items = [
    { ...order("imp-1"), occurredAt: "21/11/2026" },
    { ...order("imp-2"), items: [{ ...line, unitPrice: "2,50" }] },
    null,
    { ...order("imp-4"), items: [{ ...line, quantity: 1.5 }] },
    order("imp-5"),
  ];
  const recorded = await recordPurchases(app.services, "webshop", items);
  expect(recorded.map(({ outcome, error }) => [outcome, error?.code, error?.field])).toEqual([
    ["REJECTED", "INVALID_DATE", "occurredAt"],
    ["REJECTED", "INVALID_NUMBER", "items.0.unitPrice"],
    ["REJECTED", "REQUIRED", null],
    ["REJECTED", "INVALID_NUMBER", "items.0.quantity"],
    ["RECORDED", undefined, undefined],
  ]);
});

test("a refused item takes nothing from its neighbours, and a corrected one may be sent again", async () => {
  const results = await record(app, [order("good"), order("mended", { channel: "telepathy" })]);
  expect(results.map((result: { outcome: string }) => result.outcome)).toEqual(["RECORDED", "REJECTED"]);
  const [mended] = await given(app, [order("mended", { channel: "web" })]);
  expect(mended.purchase.orderNumber).toBe("mended");
});

test("the first purchase makes a known lead or opportunity a customer; guests, the lapsed and cancelled orders change nothing", async () => {
  const names = ["lead", "opportunity", "lapsed", "cancelled"];
  const results = await given(
    app,
    names.map((name) => goodsBack(`stage-${name}`, { customer: { sourceRef: `stage-${name}` } })),
  );
  const ids = results.map((result: { purchaseReturn: { customer: { id: string } } }) =>
    result.purchaseReturn.customer.id.slice(4),
  );
  await app.database.transaction((tx) =>
    tx.execute(sql`update customers set stage = case id when ${ids[1]} then 'OPPORTUNITY' when ${ids[2]} then 'LAPSED' else stage end::customer_stage
      where id in (${ids[1]}, ${ids[2]})`),
  );

  const ordered = await given(app, [
    ...names.map((name) =>
      order(`stage-${name}`, {
        customer: { sourceRef: `stage-${name}` },
        status: name === "cancelled" ? "CANCELLED" : "PAID",
      }),
    ),
    order("stage-guest", { customer: null }),
  ]);

  const stages = ordered.map(
    (result: { purchase: { customer: { stage: string } } }) => result.purchase.customer.stage,
  );
  expect(stages).toEqual(["CUSTOMER", "CUSTOMER", "LAPSED", "LEAD", "LEAD"]);
});

test("each purchase has one event, in the order of the batch, numbered without a gap", async () => {
  const customer = { sourceRef: "with-events" };
  const results = await given(app, [
    order("e-1", { customer }),
    goodsBack("e-2", { returnOf: "e-1" }),
    order("e-3", { customer }),
  ]);
  const customerId = results[0].purchase.customer.id.slice(4);
  const rows = await app.database.read.execute(
    sql`select seq::int, type, subject_id from events where customer_id = ${customerId} order by seq`,
  );
  expect(rows).toEqual([
    { seq: 1, type: "CUSTOMER_CREATED", subject_id: null },
    { seq: 2, type: "PURCHASE_RECORDED", subject_id: results[0].purchase.id.slice(4) },
    { seq: 3, type: "RETURN_RECORDED", subject_id: results[1].purchaseReturn.id.slice(4) },
    { seq: 4, type: "PURCHASE_RECORDED", subject_id: results[2].purchase.id.slice(4) },
  ]);
});

test("twins that arrive at the same time are recorded once", async () => {
  const batch = Array.from({ length: 40 }, (_, i) =>
    i % 2 ? goodsBack(`twin-${i - 1}`, { returnOf: `twin-${i - 1}` }) : order(`twin-${i}`),
  );
  const before = await counts(app);
  const answers = await Promise.all([
    record(app, batch),
    record(app, batch.toReversed()),
    record(app, batch),
  ]);
  const outcomes = answers.flat().map((result: { outcome: string }) => result.outcome);
  expect(outcomes.filter((outcome) => outcome === "RECORDED")).toHaveLength(40);
  expect(outcomes.filter((outcome) => outcome === "DUPLICATE")).toHaveLength(80);
  const after = await counts(app);
  expect(after.purchases).toBe((before.purchases as number) + 20);
  expect(after.purchase_returns).toBe((before.purchase_returns as number) + 20);
  expect(after.customers).toBe((before.customers as number) + 20);
});

test("a batch of 1,000 takes as many statements as a batch of ten, and 1,001 are refused whole", async () => {
  const batch = (prefix: string, size: number) =>
    Array.from({ length: size }, (_, i) => {
      if (i % 5 === 0) return order(`${prefix}-${i}`, { customer: null });
      return i % 5 === 1
        ? goodsBack(`${prefix}-${i}`, { returnOf: i % 2 ? `${prefix}-${i - 1}` : "once" })
        : order(`${prefix}-${i}`);
    });
  const write = async (items: object[]) => {
    app.statements.length = 0;
    const recorded = await recordPurchases(app.services, "webshop", items);
    expect(recorded.filter(({ outcome }) => outcome !== "RECORDED")).toEqual([]);
    return app.statements.length;
  };
  const few = await write(batch("ten", 10));
  expect(await write(batch("thousand", 1_000))).toBe(few);
  const before = await counts(app);
  await expect(recordPurchases(app.services, "webshop", batch("more", 1_001))).rejects.toThrow(
    "A batch holds at most 1000 items",
  );
  expect(await counts(app)).toEqual(before);
});

test("an order of 1,200 lines keeps them all, in order", async () => {
  const items = Array.from({ length: 1_200 }, (_, i) => ({ sku: `L${i}`, quantity: 1, unitPrice: "0.01" }));
  const [result] = await given(app, [order("long", { items })]);
  expect(result.purchase.total.amount).toBe("12.00");
  expect(result.purchase.items.map((item: { sku: string }) => item.sku)).toEqual(
    items.map((item) => item.sku),
  );
});

test.each([
  ["a serialisation failure", "40001"],
  ["a customer erased meanwhile", "23503"],
])(
  "%s is met by running the batch again, whatever was sent behind the statement that failed",
  async (_name, state) => {
    await app.database.transaction(async (tx) => {
      await tx.execute(sql`drop sequence if exists failing`);
      await tx.execute(sql`create sequence failing`);
      await tx.execute(sql`create or replace function fail_once() returns trigger language plpgsql as
      $$ begin if nextval('failing') = 1 then raise sqlstate '${sql.raw(state)}'; end if; return new; end $$`);
      await tx.execute(
        sql`create trigger failing before insert on purchases for each statement execute function fail_once()`,
      );
    });

    const [recorded] = await record(app, [order(`again-${state}`)]);
    await app.database.transaction(async (tx) => {
      await tx.execute(sql`drop trigger failing on purchases`);
    });

    expect(recorded).toMatchObject({ outcome: "RECORDED", error: null });
    expect(await app.database.read.execute(sql`select last_value::int as runs from failing`)).toEqual([
      { runs: 2 },
    ]);
  },
);
