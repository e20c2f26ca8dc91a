import { expect } from "@jest/globals";
import { sql } from "drizzle-orm";
import type { TestApp } from "../../support/app.js";

export const RECORD = `mutation RecordPurchases($input: RecordPurchasesInput!) {
  recordPurchases(input: $input) {
    results {
      index outcome cursor error { code field message }
      purchase {
        id orderNumber placedAt occurredAt status channel { code } total { amount currency }
        items { sku name quantity unitPrice { amount currency } }
        customer { id stage anonymous } source { code } sourceRef
      }
      purchaseReturn {
        id returnNumber returnedAt occurredAt reason channel { code } total { amount currency }
        items { sku name quantity unitPrice { amount currency } }
        customer { id stage anonymous } purchase { id } source { code } sourceRef
      }
    }
  }
}`;

export const line = { sku: "MUG", name: "Mug", quantity: 2, unitPrice: "2.5" };

/** An order of two mugs, by a customer of its own who is known by e-mail. */
export function order(sourceRef: string, more: object = {}) {
  return {
    sourceRef,
    customer: { identity: { kind: "EMAIL", value: `${sourceRef.toLowerCase()}@example.com` } },
    occurredAt: "2026-11-21T09:30:00Z",
    currency: "GBP",
    items: [line],
    ...more,
  };
}

/** One mug that came back, on its own. */
export function goodsBack(sourceRef: string, more: object = {}) {
  return {
    sourceRef,
    kind: "RETURN",
    occurredAt: "2026-11-22T10:00:00Z",
    currency: "GBP",
    items: [{ ...line, quantity: 1 }],
    ...more,
  };
}

/** Records a batch and hands back its results; the operation itself must succeed. */
export async function record(app: TestApp, purchases: object[], source = "webshop") {
  const { data, errors } = await app.execute(RECORD, { input: { source, purchases } });
  expect(errors).toBeUndefined();
  return data.recordPurchases.results;
}

/** Records a batch of which nothing may be refused. */
export async function given(app: TestApp, purchases: object[], source = "webshop") {
  const results = await record(app, purchases, source);
  // biome-ignore lint/suspicious/noExplicitAny: the shape of the answer
  expect(results.filter((result: any) => result.outcome !== "RECORDED")).toEqual([]);
  return results;
}

/** How many rows there are in everything that recording a purchase may write. */
export async function counts(app: TestApp) {
  const tables = [
    "customers",
    "profiles",
    "identity_claims",
    "purchases",
    "purchase_items",
    "purchase_returns",
    "purchase_return_items",
    "record_claims",
    "events",
  ];
  const parts = tables.map((table) => sql.raw(`(select count(*)::int from ${table}) as ${table}`));
  const [row] = await app.database.read.execute(sql`select ${sql.join(parts, sql`, `)}`);
  return row as Record<string, number>;
}
