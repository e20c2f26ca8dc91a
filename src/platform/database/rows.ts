import { getTableColumns, getTableName, type InferInsertModel, type SQL, sql } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import type { Tx } from "./database.js";

/**
 * Inserts any number of rows in one statement with one parameter. Rows are inserted in the order given, so sorted rows
 * take their locks in key order. Every row must name the same properties; absent columns get their defaults.
 * `suffix` is what follows the insert: ON CONFLICT, RETURNING.
 */
export async function insertRows<T extends PgTable>(
  tx: Tx,
  table: T,
  rows: readonly InferInsertModel<T>[],
  suffix: SQL = sql``,
): Promise<Record<string, unknown>[]> {
  const [first] = rows;
  if (!first) return [];
  const columns = columnsOf(table, Object.keys(first));
  const names = sql.join(
    columns.map(([, column]) => sql.identifier(column.name)),
    sql`, `,
  );
  return tx.execute(
    sql`insert into ${table} (${names}) select ${names} from ${recordset(columns, rows)} ${suffix}`,
  );
}

/**
 * Updates any number of rows of a customer's table in one statement, matched by the named key properties.
 * The caller holds the locks.
 */
export async function updateRows<T extends PgTable>(
  tx: Tx,
  table: T,
  keys: readonly string[],
  rows: readonly Partial<InferInsertModel<T>>[],
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const columns = columnsOf(table, Object.keys(first));
  const name = sql.identifier(getTableName(table));
  const sets = columns
    .filter(([property]) => !keys.includes(property))
    .map(([, { name: column }]) => sql`${sql.identifier(column)} = r.${sql.identifier(column)}`);
  const matches = columns
    .filter(([property]) => keys.includes(property))
    .map(([, { name: column }]) => sql`${name}.${sql.identifier(column)} = r.${sql.identifier(column)}`);
  await tx.execute(
    sql`update ${name} set ${sql.join(sets, sql`, `)} from ${recordset(columns, rows)} where ${sql.join(matches, sql` and `)}`,
  );
}

/** The rows as a table `r` inside a statement: one JSON parameter, however many rows. */
function recordset(columns: Columns, rows: readonly object[]): SQL {
  const types = columns.map(
    ([, column]) => sql`${sql.identifier(column.name)} ${sql.raw(column.getSQLType())}`,
  );
  const json = rows.map((row) => driverRow(columns, row as Record<string, unknown>));
  return sql`json_to_recordset(${JSON.stringify(json)}::json) as r(${sql.join(types, sql`, `)})`;
}

type Columns = readonly (readonly [property: string, column: PgColumn])[];

function columnsOf(table: PgTable, properties: readonly string[]): Columns {
  const columns = getTableColumns(table) as Record<string, PgColumn>;
  return properties.map((property) => {
    const column = columns[property];
    if (!column) throw new Error(`${getTableName(table)} has no ${property}`);
    return [property, column] as const;
  });
}

function driverRow(columns: Columns, row: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [property, column] of columns) {
    const value = row[property];
    // Inside JSON, arrays and objects are what they are; only single values have a driver form.
    out[column.name] =
      value == null || typeof value === "object" ? (value ?? null) : column.mapToDriverValue(value);
  }
  return out;
}
