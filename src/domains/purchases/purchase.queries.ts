import { and, eq, sql } from "drizzle-orm";
import { customers, sources } from "#schema/customers.js";
import { channels } from "#schema/interactions.js";
import { type PurchaseItemRow, purchaseItems, purchases } from "#schema/purchases.js";
import type { Tx } from "../../platform/database/database.js";
import { type Edge, rowsByParents } from "../../platform/database/edge.js";
import type { Listing } from "../../platform/database/page.js";
import { insertRows } from "../../platform/database/rows.js";
import { byIds } from "../../platform/database/statement.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import { type Id, uuidOf } from "../../platform/ids.js";
import { column, many, needs, object, one, page, type Reads } from "../../platform/reads/reads.js";

const itemOfPurchase = and(
  eq(purchaseItems.customerId, purchases.customerId),
  eq(purchaseItems.purchaseId, purchases.id),
);

/** All orders, the latest first. */
export const purchaseListing: Listing = {
  table: purchases,
  order: [orderKey("placedAt", purchases.placedAt, "DESC"), orderKey("id", purchases.id, "DESC")],
  sort: {
    PLACED_AT: ["placedAt", purchases.placedAt],
    RECORDED_AT: ["recordedAt", purchases.recordedAt],
    ORDER_NUMBER: ["orderNumber", purchases.orderNumber],
    TOTAL: ["total", purchases.total],
  },
  filter: {
    id: purchases.id,
    customerId: purchases.customerId,
    orderNumber: purchases.orderNumber,
    status: purchases.status,
    channel: purchases.channel,
    currency: purchases.currency,
    total: purchases.total,
    source: purchases.source,
    placedAt: purchases.placedAt,
    recordedAt: purchases.recordedAt,
    guest: (compare) =>
      sql`exists (select from ${customers} where ${eq(customers.id, purchases.customerId)} and ${compare(customers.anonymous)})`,
    sku: (compare) =>
      sql`exists (select from ${purchaseItems} where ${itemOfPurchase} and ${compare(purchaseItems.sku)})`,
  },
};

export const customerPurchases: Listing = {
  ...purchaseListing,
  parent: { table: customers, key: customers.id, on: [[purchases.customerId, customers.id]] },
};

export const selectPurchasesByIds = byIds("purchases.byIds", purchases);

const orderItems: Edge = {
  table: purchaseItems,
  on: [
    [purchaseItems.customerId, purchases.customerId],
    [purchaseItems.purchaseId, purchases.id],
  ],
  order: [purchaseItems.position],
};

export const selectItemsByPurchases = rowsByParents<PurchaseItemRow>("purchaseItems.byPurchases", orderItems);

export const purchaseReads: Reads = {
  Query: { purchases: page(purchaseListing) },
  Customer: { purchases: page(customerPurchases), purchaseSummary: needs(customers.id) },
  Purchase: {
    occurredAt: column(purchases.placedAt),
    channel: one(channels, [channels.code, purchases.channel]),
    source: one(sources, [sources.code, purchases.source]),
    customer: one(customers, [customers.id, purchases.customerId]),
    total: object({ amount: purchases.total, currency: purchases.currency }),
    items: many(orderItems, {
      unitPrice: object({ amount: purchaseItems.unitPrice, currency: purchases.currency }),
    }),
  },
};

/** Whose orders these are, inside a write. */
export function selectPurchaseSubjects(tx: Tx, ids: readonly Id<"purchase">[]) {
  return tx
    .select({ id: purchases.id, customerId: purchases.customerId, profileId: purchases.profileId })
    .from(purchases)
    .where(sql`${purchases.id} = any(${sql.param(ids.map(uuidOf))}::uuid[])`);
}

/** Writes orders with their lines: two statements, however many, both sent before this returns. */
export async function insertPurchases(
  tx: Tx,
  rows: readonly (typeof purchases.$inferInsert)[],
  lines: readonly (typeof purchaseItems.$inferInsert)[],
): Promise<void> {
  await Promise.all([insertRows(tx, purchases, rows), insertRows(tx, purchaseItems, lines)]);
}
