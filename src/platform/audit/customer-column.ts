import { getTableColumns, getTableName } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";

/** The property and column of a table that tell whose its rows are; null for tables of no customer. */
export interface CustomerColumn {
  property: string;
  column: PgColumn;
}

const known = new WeakMap<PgTable, CustomerColumn | null>();

export function customerColumnOf(table: PgTable): CustomerColumn | null {
  let found = known.get(table);
  if (found === undefined) {
    const name = getTableName(table) === "customers" ? "id" : "customer_id";
    const columns = Object.entries(getTableColumns(table) as Record<string, PgColumn>);
    const own = columns.find(([, column]) => column.name === name);
    found = own ? { property: own[0], column: own[1] } : null;
    known.set(table, found);
  }
  return found;
}
