import { and, asc, eq, getTableColumns, getTableName, type SQL, sql } from "drizzle-orm";
import { getTableConfig, type PgColumn, type PgTable } from "drizzle-orm/pg-core";
import type { recordKind } from "#schema/ingest.js";
import type { ReceiptLine } from "#schema/privacy.js";
import type { Tx } from "../database/database.js";
import { type Id, uuidOf } from "../ids.js";
import { releaseRecords } from "../ingest/claims.js";
import { recordName, type Suppressions } from "./suppressions.js";

/** What one table knows of customers, and what becomes of it. Each owner of tables describes its own. */
export interface PersonalTable {
  table: PgTable;
  /** The column that names the customer. */
  customer: PgColumn;
  /** The name of its rows in an export, or why they are left out. */
  exported: string | { not: string };
  /** How its rows go, or why they stay. */
  erased: Erasure | { not: string };
}

export interface Erasure {
  action: "DELETED" | "BLANKED";
  /** Erases at most `limit` rows of one customer; fewer mean that none is left. Running it again does no harm. */
  step(tx: Tx, suppressions: Suppressions, customerId: Id<"customer">, limit: number): Promise<Erased>;
}

export interface Erased {
  rows: number;
  /** What went along with them. */
  along: readonly ReceiptLine[];
}

type RecordKind = (typeof recordKind.enumValues)[number];

/** Rows go. Those of a recorded kind take the claims of their references with them, which are suppressed instead. */
export function deleted(table: PgTable, customer: PgColumn, record?: RecordKind): Erasure {
  return {
    action: "DELETED",
    async step(tx, suppressions, customerId, limit) {
      if (!record)
        return { rows: (await deleteRows(tx, { table, customer }, customerId, limit)).count, along: [] };
      const rows = await deleteRows(tx, { table, customer }, customerId, limit, sql`source, source_ref`);
      const records = rows.map((row) => ({ source: String(row.source), sourceRef: String(row.source_ref) }));
      const claims = await releaseRecords(tx, record, records);
      const names = records.map(({ source, sourceRef }) => recordName(source, record, sourceRef));
      await suppressions.add(tx, names);
      return {
        rows: rows.length,
        along: [
          { table: "record_claims", action: "DELETED", rows: claims },
          { table: "suppressions", action: "SUPPRESSED", rows: names.length },
        ],
      };
    },
  };
}

/** Deletes some of a customer's rows in key order, and returns what is asked of them. */
export function deleteRows(
  tx: Tx,
  { table, customer }: Pick<PersonalTable, "table" | "customer">,
  customerId: Id<"customer">,
  limit: number,
  returning: SQL = sql`1`,
) {
  const key = sql.join(
    keyOf(table).map((column) => sql.identifier(column.name)),
    sql`, `,
  );
  const own = sql`${sql.identifier(customer.name)} = ${uuidOf(customerId)}::uuid`;
  return tx.execute(sql`/* erase */ delete from ${table} where ${own}
    and (${key}) in (select ${key} from ${table} where ${own} order by ${key} limit ${limit}::int) returning ${returning}`);
}

/**
 * Rows stay as a place without content: every column takes its default but those that are kept or set. `blank` tells which
 * rows are blank already.
 */
export function blanked(
  table: PgTable,
  customer: PgColumn,
  { kept, set, blank }: { kept: readonly PgColumn[]; set: Record<string, SQL>; blank: SQL },
): Erasure {
  const keptNames = new Set(kept.map((column) => column.name));
  const sets = Object.values(getTableColumns(table) as Record<string, PgColumn>)
    .filter((column) => !keptNames.has(column.name))
    .map((column) => sql`${sql.identifier(column.name)} = ${set[column.name] ?? sql`default`}`);
  return {
    action: "BLANKED",
    async step(tx, _suppressions, customerId, limit) {
      const key = sql.join(
        keyOf(table).map((column) => sql.identifier(column.name)),
        sql`, `,
      );
      const own = sql`${sql.identifier(customer.name)} = ${uuidOf(customerId)}::uuid`;
      const { count } = await tx.execute(sql`/* blank */ update ${table} set ${sql.join(sets, sql`, `)}
        where ${own} and (${key}) in (select ${key} from ${table} where ${own} and not (${blank}) order by ${key} limit ${limit}::int)`);
      return { rows: count, along: [] };
    },
  };
}

/** A page of a customer's rows in key order, after the last row of the page before. */
export function selectPersonalRows(
  tx: Tx,
  { table, customer }: PersonalTable,
  customerId: Id<"customer">,
  after: Record<string, unknown> | null,
  limit: number,
): Promise<Record<string, unknown>[]> {
  const key = keyOf(table);
  const columns = Object.entries(getTableColumns(table) as Record<string, PgColumn>);
  const placeOf = (column: PgColumn) => {
    const [property] = columns.find(([, own]) => own.name === column.name) as [string, PgColumn];
    return sql`${column.mapToDriverValue(after?.[property])}::${sql.raw(column.getSQLType())}`;
  };
  const beyond = after && sql`(${sql.join([...key], sql`, `)}) > (${sql.join(key.map(placeOf), sql`, `)})`;
  return tx
    .select()
    .from(table)
    .where(and(eq(customer, customerId), beyond ?? undefined))
    .orderBy(...key.map((column) => asc(column)))
    .limit(limit);
}

export async function countPersonalRows(
  tx: Tx,
  { table, customer }: PersonalTable,
  customerId: Id<"customer">,
): Promise<number> {
  const [row] = await tx.select({ count: sql<string>`count(*)` }).from(table).where(eq(customer, customerId));
  return Number(row?.count);
}

function keyOf(table: PgTable): readonly PgColumn[] {
  const { primaryKeys, columns } = getTableConfig(table);
  const key = primaryKeys[0]?.columns ?? columns.filter((column) => column.primary);
  if (key.length === 0) throw new Error(`${getTableName(table)} has no primary key`);
  return key;
}
