import { and, getTableColumns, type SQL, sql } from "drizzle-orm";
import type { PgColumn as Column, PgTable } from "drizzle-orm/pg-core";
import { type Id, type IdKind, uuidOf } from "../ids.js";
import { type RowColumns, selectedColumns } from "./columns.js";
import type { Queryable } from "./database.js";
import { shapedStatement, statement } from "./statement.js";

/** Rows that hang on a row of another table: the one description that loaders and compiled reads share. */
export interface Edge {
  table: PgTable;
  /** Which column equals which of the parent row. The last pair alone finds the rows; those before it keep to their shard. */
  on: readonly (readonly [child: Column, parent: Column])[];
  /** The order of the rows of one parent, smallest first. */
  order?: readonly Column[];
  /** Holds for every row of the edge. */
  always?: SQL;
}

/**
 * The statement that reads the rows of any number of parents, those of one parent together and in the edge's order: of
 * each row its parent's key and the columns asked for, or all of it.
 */
export function rowsByParents<R>(name: string, edge: Edge) {
  const key = keyOf(edge);
  const own = Object.entries(getTableColumns(edge.table)).flatMap(([property, column]) =>
    (column as unknown as Column) === key ? [property] : [],
  );
  const build = (db: Queryable, columns: RowColumns | null) =>
    db
      .select(selectedColumns(edge.table, columns, own))
      .from(edge.table)
      .where(and(sql`${key} = any(${sql.placeholder("ids")}::uuid[])`, edge.always))
      .orderBy(...(edge.order ? [key, ...edge.order] : []));
  return (db: Queryable, ids: readonly Id<IdKind>[], columns: RowColumns | null = null) => {
    const rows = shapedStatement(db, `${name}|${columns?.name ?? "*"}`, (root) => build(root, columns));
    return rows({ ids: ids.map(uuidOf) }) as Promise<R[]>;
  };
}

/** The statement that counts the rows of any number of parents; those without any are missing from its answer. */
export function countsByParents<K extends IdKind>(name: string, edge: Edge) {
  const key = keyOf(edge);
  const counts = statement(name, (db) =>
    db
      .select({ parentId: key, count: sql<number>`count(*)::int` })
      .from(edge.table)
      .where(and(sql`${key} = any(${sql.placeholder("ids")}::uuid[])`, edge.always))
      .groupBy(key),
  );
  return (db: Queryable, ids: readonly Id<K>[]) =>
    counts(db, { ids: ids.map(uuidOf) }) as Promise<{ parentId: Id<K>; count: number }[]>;
}

function keyOf({ on }: Edge): Column {
  const last = on.at(-1);
  if (!last) throw new Error("an edge names the columns that tie it to its parent");
  return last[0];
}
