import { sql } from "drizzle-orm";
import { sources } from "#schema/customers.js";
import type { Tx } from "../../platform/database/database.js";
import { insertRows } from "../../platform/database/rows.js";

/** Names and ranks sources before they send anything; those that are there already stay as they are. */
export async function defineSources(tx: Tx, rows: readonly (typeof sources.$inferInsert)[]): Promise<void> {
  await insertRows(tx, sources, rows, sql`on conflict do nothing`);
}
