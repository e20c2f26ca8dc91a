import { sql } from "drizzle-orm";
import { rewards } from "#schema/loyalty.js";
import type { Tx } from "../../platform/database/database.js";
import { insertRows } from "../../platform/database/rows.js";

/** What points can be spent on; rewards that are there already stay as they are. */
export async function defineRewards(tx: Tx, rows: readonly (typeof rewards.$inferInsert)[]): Promise<void> {
  await insertRows(tx, rewards, rows, sql`on conflict do nothing`);
}
