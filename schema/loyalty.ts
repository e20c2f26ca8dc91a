import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  foreignKey,
  index,
  integer,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  unique,
} from "drizzle-orm/pg-core";
import { idColumn, instant } from "./columns.js";
import { customers, profiles } from "./customers.js";

export const loyaltyEntryKind = pgEnum("loyalty_entry_kind", [
  "EARN",
  "ACTIVATE",
  "SPEND",
  "EXPIRE",
  "REVERSE",
  "ADJUST",
]);

/** Levels of the programme; the tier of an account follows from the points it ever earned. */
export const loyaltyTiers = pgTable("loyalty_tiers", {
  code: text("code").primaryKey(),
  name: text("name").notNull(),
  rank: integer("rank").notNull().unique(),
  /** Points ever earned from which the tier holds. */
  earnedFrom: bigint("earned_from", { mode: "number" }).notNull(),
});

/** What points can be spent on. */
export const rewards = pgTable("rewards", {
  code: text("code").primaryKey(),
  name: text("name").notNull(),
  costPoints: bigint("cost_points", { mode: "number" }).notNull(),
  available: boolean("available").notNull().default(true),
});

/** One account per customer. Its figures are sums of the ledger, written in the same transaction as the entry. */
export const loyaltyAccounts = pgTable(
  "loyalty_accounts",
  {
    id: idColumn("loyaltyAccount", "id").notNull(),
    customerId: idColumn("customer", "customer_id")
      .notNull()
      .references(() => customers.id),
    tier: text("tier")
      .notNull()
      .references(() => loyaltyTiers.code),
    pending: bigint("pending", { mode: "number" }).notNull().default(0),
    /** What can be spent now; negative after a return took back points already spent. */
    active: bigint("active", { mode: "number" }).notNull().default(0),
    earned: bigint("earned", { mode: "number" }).notNull().default(0),
    spent: bigint("spent", { mode: "number" }).notNull().default(0),
    expired: bigint("expired", { mode: "number" }).notNull().default(0),
    joinedAt: instant("joined_at").notNull(),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.customerId] }),
    unique("loyalty_accounts_customer_key").on(t.customerId),
  ],
);

/** The append-only points ledger. The deltas say what the entry did to the balance; nothing is ever updated. */
export const loyaltyEntries = pgTable(
  "loyalty_entries",
  {
    id: idColumn("loyaltyEntry", "id").notNull(),
    customerId: idColumn("customer", "customer_id").notNull(),
    profileId: idColumn("profile", "profile_id").notNull(),
    accountId: idColumn("loyaltyAccount", "account_id").notNull(),
    source: text("source").notNull(),
    sourceRef: text("source_ref").notNull(),
    kind: loyaltyEntryKind("kind").notNull(),
    /** As the source said it, signed. */
    points: bigint("points", { mode: "number" }).notNull(),
    pendingDelta: bigint("pending_delta", { mode: "number" }).notNull(),
    activeDelta: bigint("active_delta", { mode: "number" }).notNull(),
    reason: text("reason"),
    reward: text("reward").references(() => rewards.code),
    expiresAt: instant("expires_at"),
    occurredAt: instant("occurred_at").notNull(),
    recordedAt: instant("recorded_at").notNull().default(sql`now()`),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.customerId] }),
    foreignKey({ columns: [t.customerId, t.profileId], foreignColumns: [profiles.customerId, profiles.id] }),
    foreignKey({
      columns: [t.customerId, t.accountId],
      foreignColumns: [loyaltyAccounts.customerId, loyaltyAccounts.id],
    }),
    index("loyalty_entries_timeline_idx").on(
      t.customerId,
      t.occurredAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
  ],
);

export type LoyaltyTierRow = typeof loyaltyTiers.$inferSelect;
export type RewardRow = typeof rewards.$inferSelect;
export type LoyaltyAccountRow = typeof loyaltyAccounts.$inferSelect;
export type LoyaltyEntryRow = typeof loyaltyEntries.$inferSelect;
