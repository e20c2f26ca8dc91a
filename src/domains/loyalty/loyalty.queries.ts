import { getTableColumns, sql } from "drizzle-orm";
import { customers, sources } from "#schema/customers.js";
import {
  type LoyaltyAccountRow,
  type LoyaltyTierRow,
  loyaltyAccounts,
  loyaltyEntries,
  loyaltyTiers,
  type RewardRow,
  rewards,
} from "#schema/loyalty.js";
import type { Database, Queryable, Tx } from "../../platform/database/database.js";
import { type Edge, rowsByParents } from "../../platform/database/edge.js";
import type { Listing } from "../../platform/database/page.js";
import { insertRows } from "../../platform/database/rows.js";
import { byIds, statement } from "../../platform/database/statement.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import { column, many, needs, object, one, page, type Reads } from "../../platform/reads/reads.js";

/** The rewards that one list shows; a programme has dozens. */
const maxRewards = 1_000;

/** The ledger of an account, the latest first. A customer has one account, so their id names it. */
export const accountLedger: Listing = {
  table: loyaltyEntries,
  order: [
    orderKey("occurredAt", loyaltyEntries.occurredAt, "DESC"),
    orderKey("id", loyaltyEntries.id, "DESC"),
  ],
  sort: {
    OCCURRED_AT: ["occurredAt", loyaltyEntries.occurredAt],
    RECORDED_AT: ["recordedAt", loyaltyEntries.recordedAt],
    POINTS: ["points", loyaltyEntries.points],
    EXPIRES_AT: ["expiresAt", loyaltyEntries.expiresAt],
  },
  filter: {
    id: loyaltyEntries.id,
    kind: loyaltyEntries.kind,
    points: loyaltyEntries.points,
    reason: loyaltyEntries.reason,
    reward: loyaltyEntries.reward,
    source: loyaltyEntries.source,
    expiresAt: loyaltyEntries.expiresAt,
    occurredAt: loyaltyEntries.occurredAt,
    recordedAt: loyaltyEntries.recordedAt,
  },
  parent: {
    table: loyaltyAccounts,
    key: loyaltyAccounts.customerId,
    on: [[loyaltyEntries.customerId, loyaltyAccounts.customerId]],
  },
};

const customerAccount: Edge = {
  table: loyaltyAccounts,
  on: [[loyaltyAccounts.customerId, customers.id]],
};

export const loyaltyReads: Reads = {
  Query: { loyaltyTiers: many({ table: loyaltyTiers, on: [], order: [loyaltyTiers.rank] }) },
  Customer: { loyalty: { kind: "one", edge: customerAccount } },
  LoyaltyAccount: {
    tier: one(loyaltyTiers, [loyaltyTiers.code, loyaltyAccounts.tier]),
    nextTier: needs(loyaltyAccounts.tier),
    pointsToNextTier: needs(loyaltyAccounts.tier, loyaltyAccounts.earned),
    points: object(getTableColumns(loyaltyAccounts)),
    customer: one(customers, [customers.id, loyaltyAccounts.customerId]),
    ledger: page(accountLedger),
  },
  LoyaltyEntry: {
    customer: one(customers, [customers.id, loyaltyEntries.customerId]),
    account: one(loyaltyAccounts, [loyaltyAccounts.customerId, loyaltyEntries.customerId]),
    reward: one(rewards, [rewards.code, loyaltyEntries.reward]),
    source: one(sources, [sources.code, loyaltyEntries.source]),
  },
  LoyaltyTier: {
    name: column(loyaltyTiers.name),
    rank: column(loyaltyTiers.rank),
    earnedFrom: column(loyaltyTiers.earnedFrom),
  },
  Reward: {
    name: column(rewards.name),
    costPoints: column(rewards.costPoints),
    available: column(rewards.available),
  },
};

export const selectEntriesByIds = byIds("loyaltyEntries.byIds", loyaltyEntries);

/** The accounts of these customers; those who never had points are missing from the answer. */
export const selectAccountsByCustomers = rowsByParents<LoyaltyAccountRow>(
  "loyaltyAccounts.byCustomers",
  customerAccount,
);

const allTiers = statement("loyaltyTiers.all", (db) =>
  db.select().from(loyaltyTiers).orderBy(loyaltyTiers.rank),
);

/** Every tier, the lowest first: a handful. */
export function selectTiers(db: Queryable): Promise<LoyaltyTierRow[]> {
  return allTiers(db, {});
}

const firstRewards = statement("rewards.first", (db) =>
  db.select().from(rewards).orderBy(rewards.costPoints, rewards.code).limit(maxRewards),
);

/** The rewards, the cheapest first. */
export function selectRewards(db: Database["read"]): Promise<RewardRow[]> {
  return firstRewards(db, {});
}

const rewardsByCodes = statement("rewards.byCodes", (db) =>
  db
    .select()
    .from(rewards)
    .where(sql`${rewards.code} = any(${sql.placeholder("codes")}::text[])`),
);

export function selectRewardsByCodes(db: Queryable, codes: readonly string[]): Promise<RewardRow[]> {
  return rewardsByCodes(db, { codes });
}

/** Opens accounts, or sets their figures anew; the caller holds the customers' row locks since before it read them. */
export async function upsertAccounts(
  tx: Tx,
  rows: readonly (typeof loyaltyAccounts.$inferInsert)[],
): Promise<void> {
  await insertRows(
    tx,
    loyaltyAccounts,
    rows,
    sql`on conflict (customer_id) do update set
      tier = excluded.tier, pending = excluded.pending, active = excluded.active, earned = excluded.earned,
      spent = excluded.spent, expired = excluded.expired, joined_at = excluded.joined_at, updated_at = now()`,
  );
}

export async function insertEntries(
  tx: Tx,
  rows: readonly (typeof loyaltyEntries.$inferInsert)[],
): Promise<void> {
  await insertRows(tx, loyaltyEntries, rows);
}
