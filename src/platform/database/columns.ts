import { getTableColumns } from "drizzle-orm";
import type { PgColumn as Column, PgTable } from "drizzle-orm/pg-core";

/** Which columns of a row are read: the names of its properties, and one name that is equal for equal sets. */
export interface RowColumns {
  properties: ReadonlySet<string>;
  name: string;
}

/** What is selected of a table: these columns, those that the caller needs itself, or all of them. */
export function selectedColumns(table: PgTable, asked: RowColumns | null, own: readonly string[]) {
  const all = getTableColumns(table) as unknown as Record<string, Column>;
  if (!asked) return all;
  return Object.fromEntries(
    Object.entries(all).filter(([property]) => asked.properties.has(property) || own.includes(property)),
  );
}
