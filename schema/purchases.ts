import { sql } from "drizzle-orm";
import { char, foreignKey, index, integer, pgEnum, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { amount, idColumn, instant } from "./columns.js";
import { profiles } from "./customers.js";
import { channels } from "./interactions.js";

export const purchaseStatus = pgEnum("purchase_status", ["PLACED", "PAID", "FULFILLED", "CANCELLED"]);

/** An order: what a customer bought. Its total is the sum of its items, in one currency. */
export const purchases = pgTable(
  "purchases",
  {
    id: idColumn("purchase", "id").notNull(),
    customerId: idColumn("customer", "customer_id").notNull(),
    profileId: idColumn("profile", "profile_id").notNull(),
    source: text("source").notNull(),
    sourceRef: text("source_ref").notNull(),
    orderNumber: text("order_number").notNull(),
    status: purchaseStatus("status").notNull(),
    channel: text("channel").references(() => channels.code),
    currency: char("currency", { length: 3 }).notNull(),
    total: amount("total").notNull(),
    placedAt: instant("placed_at").notNull(),
    recordedAt: instant("recorded_at").notNull().default(sql`now()`),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.customerId] }),
    foreignKey({ columns: [t.customerId, t.profileId], foreignColumns: [profiles.customerId, profiles.id] }),
    index("purchases_timeline_idx").on(
      t.customerId,
      t.placedAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    index("purchases_placed_at_idx").on(t.placedAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
  ],
);

export const purchaseItems = pgTable(
  "purchase_items",
  {
    customerId: idColumn("customer", "customer_id").notNull(),
    purchaseId: idColumn("purchase", "purchase_id").notNull(),
    /** Place in the order, from 1. */
    position: integer("position").notNull(),
    sku: text("sku").notNull(),
    name: text("name"),
    quantity: integer("quantity").notNull(),
    unitPrice: amount("unit_price").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.purchaseId, t.position, t.customerId] }),
    foreignKey({
      columns: [t.customerId, t.purchaseId],
      foreignColumns: [purchases.customerId, purchases.id],
    }),
  ],
);

/** Goods that came back. The order they belong to may be unknown: many shops book returns on their own. */
export const purchaseReturns = pgTable(
  "purchase_returns",
  {
    id: idColumn("purchaseReturn", "id").notNull(),
    customerId: idColumn("customer", "customer_id").notNull(),
    profileId: idColumn("profile", "profile_id").notNull(),
    purchaseId: idColumn("purchase", "purchase_id"),
    source: text("source").notNull(),
    sourceRef: text("source_ref").notNull(),
    returnNumber: text("return_number").notNull(),
    channel: text("channel").references(() => channels.code),
    reason: text("reason"),
    currency: char("currency", { length: 3 }).notNull(),
    /** What is refunded, as a positive amount. */
    total: amount("total").notNull(),
    returnedAt: instant("returned_at").notNull(),
    recordedAt: instant("recorded_at").notNull().default(sql`now()`),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.customerId] }),
    foreignKey({ columns: [t.customerId, t.profileId], foreignColumns: [profiles.customerId, profiles.id] }),
    foreignKey({
      columns: [t.customerId, t.purchaseId],
      foreignColumns: [purchases.customerId, purchases.id],
    }),
    index("purchase_returns_timeline_idx").on(
      t.customerId,
      t.returnedAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    index("purchase_returns_returned_at_idx").on(t.returnedAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index("purchase_returns_purchase_idx").on(t.customerId, t.purchaseId).where(sql`purchase_id is not null`),
  ],
);

export const purchaseReturnItems = pgTable(
  "purchase_return_items",
  {
    customerId: idColumn("customer", "customer_id").notNull(),
    purchaseReturnId: idColumn("purchaseReturn", "purchase_return_id").notNull(),
    position: integer("position").notNull(),
    sku: text("sku").notNull(),
    name: text("name"),
    /** How many came back, as a positive count. */
    quantity: integer("quantity").notNull(),
    unitPrice: amount("unit_price").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.purchaseReturnId, t.position, t.customerId] }),
    foreignKey({
      columns: [t.customerId, t.purchaseReturnId],
      foreignColumns: [purchaseReturns.customerId, purchaseReturns.id],
    }),
  ],
);

export type PurchaseRow = typeof purchases.$inferSelect;
export type PurchaseItemRow = typeof purchaseItems.$inferSelect;
export type PurchaseReturnRow = typeof purchaseReturns.$inferSelect;
export type PurchaseReturnItemRow = typeof purchaseReturnItems.$inferSelect;
