import { and, eq, sql } from "drizzle-orm";
import { customers } from "#schema/customers.js";
import {
  type PurchaseReturnItemRow,
  purchaseReturnItems,
  purchaseReturns,
  purchases,
} from "#schema/purchases.js";
import type { Database, Tx } from "../../platform/database/database.js";
import type { Listing } from "../../platform/database/page.js";
import { insertRows } from "../../platform/database/rows.js";
import { byIds, statement } from "../../platform/database/statement.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import { type Id, uuidOf } from "../../platform/ids.js";
import { insertLines, type Lined } from "./purchase-line.queries.js";

const itemOfReturn = and(
  eq(purchaseReturnItems.customerId, purchaseReturns.customerId),
  eq(purchaseReturnItems.purchaseReturnId, purchaseReturns.id),
);

/** All returns, the latest first. */
export const purchaseReturnListing: Listing = {
  table: purchaseReturns,
  order: [
    orderKey("returnedAt", purchaseReturns.returnedAt, "DESC"),
    orderKey("id", purchaseReturns.id, "DESC"),
  ],
  sort: {
    RETURNED_AT: ["returnedAt", purchaseReturns.returnedAt],
    RECORDED_AT: ["recordedAt", purchaseReturns.recordedAt],
    RETURN_NUMBER: ["returnNumber", purchaseReturns.returnNumber],
    TOTAL: ["total", purchaseReturns.total],
  },
  filter: {
    id: purchaseReturns.id,
    customerId: purchaseReturns.customerId,
    purchaseId: purchaseReturns.purchaseId,
    returnNumber: purchaseReturns.returnNumber,
    channel: purchaseReturns.channel,
    reason: purchaseReturns.reason,
    currency: purchaseReturns.currency,
    total: purchaseReturns.total,
    source: purchaseReturns.source,
    returnedAt: purchaseReturns.returnedAt,
    recordedAt: purchaseReturns.recordedAt,
    guest: (compare) =>
      sql`exists (select from ${customers} where ${eq(customers.id, purchaseReturns.customerId)} and ${compare(customers.anonymous)})`,
    sku: (compare) =>
      sql`exists (select from ${purchaseReturnItems} where ${itemOfReturn} and ${compare(purchaseReturnItems.sku)})`,
  },
};

export const customerReturns: Listing = {
  ...purchaseReturnListing,
  parent: { table: customers, key: customers.id, on: [[purchaseReturns.customerId, customers.id]] },
};

export const returnsOfPurchase: Listing = {
  ...purchaseReturnListing,
  parent: {
    table: purchases,
    key: purchases.id,
    on: [
      [purchaseReturns.customerId, purchases.customerId],
      [purchaseReturns.purchaseId, purchases.id],
    ],
  },
};

export const selectReturnsByIds = byIds("purchaseReturns.byIds", purchaseReturns);

const itemsByReturns = statement("purchaseReturnItems.byReturns", (db) =>
  db
    .select()
    .from(purchaseReturnItems)
    .where(sql`${purchaseReturnItems.purchaseReturnId} = any(${sql.placeholder("ids")}::uuid[])`)
    .orderBy(purchaseReturnItems.purchaseReturnId, purchaseReturnItems.position),
);

export function selectItemsByReturns(
  db: Database["read"],
  ids: readonly Id<"purchaseReturn">[],
): Promise<PurchaseReturnItemRow[]> {
  return itemsByReturns(db, { ids: ids.map(uuidOf) });
}

/** Writes returns with their lines: two statements, however many. */
export async function insertReturns(
  tx: Tx,
  rows: readonly (typeof purchaseReturns.$inferInsert)[],
  owners: readonly Lined[],
): Promise<void> {
  await insertRows(tx, purchaseReturns, rows);
  await insertLines(tx, { table: purchaseReturnItems, parent: "purchase_return_id" }, owners);
}
