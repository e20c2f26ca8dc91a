import { and, eq, sql } from "drizzle-orm";
import { customers, sources } from "#schema/customers.js";
import { channels } from "#schema/interactions.js";
import {
  type PurchaseReturnItemRow,
  purchaseReturnItems,
  purchaseReturns,
  purchases,
} from "#schema/purchases.js";
import type { Tx } from "../../platform/database/database.js";
import { type Edge, rowsByParents } from "../../platform/database/edge.js";
import type { Listing } from "../../platform/database/page.js";
import { insertRows } from "../../platform/database/rows.js";
import { byIds } from "../../platform/database/statement.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import { column, many, object, one, page, type Reads } from "../../platform/reads/reads.js";

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

const returnItems: Edge = {
  table: purchaseReturnItems,
  on: [
    [purchaseReturnItems.customerId, purchaseReturns.customerId],
    [purchaseReturnItems.purchaseReturnId, purchaseReturns.id],
  ],
  order: [purchaseReturnItems.position],
};

export const selectItemsByReturns = rowsByParents<PurchaseReturnItemRow>(
  "purchaseReturnItems.byReturns",
  returnItems,
);

export const purchaseReturnReads: Reads = {
  Query: { returns: page(purchaseReturnListing) },
  Customer: { returns: page(customerReturns) },
  Purchase: { returns: page(returnsOfPurchase) },
  PurchaseReturn: {
    occurredAt: column(purchaseReturns.returnedAt),
    channel: one(channels, [channels.code, purchaseReturns.channel]),
    source: one(sources, [sources.code, purchaseReturns.source]),
    customer: one(customers, [customers.id, purchaseReturns.customerId]),
    purchase: one(
      purchases,
      [purchases.customerId, purchaseReturns.customerId],
      [purchases.id, purchaseReturns.purchaseId],
    ),
    total: object({ amount: purchaseReturns.total, currency: purchaseReturns.currency }),
    items: many(returnItems, {
      unitPrice: object({ amount: purchaseReturnItems.unitPrice, currency: purchaseReturns.currency }),
    }),
  },
};

/** Writes returns with their lines: two statements, however many, both sent before this returns. */
export async function insertReturns(
  tx: Tx,
  rows: readonly (typeof purchaseReturns.$inferInsert)[],
  lines: readonly (typeof purchaseReturnItems.$inferInsert)[],
): Promise<void> {
  await Promise.all([insertRows(tx, purchaseReturns, rows), insertRows(tx, purchaseReturnItems, lines)]);
}
