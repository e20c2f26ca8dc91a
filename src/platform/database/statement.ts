import { and, sql } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import { LRUCache } from "lru-cache";
import { customerColumnOf } from "../audit/customer-column.js";
import { type Id, type IdKind, uuidOf } from "../ids.js";
import { audienceOf, restrictionOf, trailOf } from "./audience.js";
import { compileStatement, type Run } from "./compiled-statement.js";
import type { Database } from "./database.js";
import { type Restriction, restricted } from "./restriction.js";

interface Preparable<R> {
  prepare(name: string): { execute(values: Record<string, unknown>): Promise<R> };
}

/**
 * A named statement that is built and prepared once per database. The name is for people: it is how a statement is
 * found in a profile. `build` writes it with `sql.placeholder`, so its text is the same for every batch size.
 */
export function statement<R>(name: string, build: (db: Database["read"]) => Preparable<R>) {
  const prepared = new WeakMap<Database["read"], Run<R>>();
  return (db: Database["read"], values: Record<string, unknown>): Promise<R> => {
    const { root, audience } = audienceOf(db);
    let run = prepared.get(root);
    if (!run) {
      run = compileStatement(build(root).prepare(name));
      prepared.set(root, run);
    }
    return run(values, audience);
  };
}

/** The statement that reads rows of a table by their ids, in any order; ids unknown, or withheld, are missing from its answer. */
export function byIds<T extends PgTable & { id: PgColumn; $inferSelect: { id: Id<IdKind> } }>(
  name: string,
  table: T,
) {
  const build = (db: Database["read"], restriction: Restriction | null = null) =>
    db
      .select()
      .from(table as PgTable)
      .where(
        and(
          sql`${table.id} = any(${sql.placeholder("ids")}::uuid[])`,
          restricted(restriction, table as PgTable, { merged: true }),
        ),
      );
  const rows = statement(name, (db) => build(db));
  const customer = customerColumnOf(table as PgTable)?.property;
  return async (db: Database["read"], ids: readonly T["$inferSelect"]["id"][]) => {
    const values = { ids: ids.map(uuidOf) };
    const found = (await (restrictionOf(db)
      ? shapedStatement(db, name, build)(values)
      : rows(db, values))) as T["$inferSelect"][];
    const trail = customer === undefined ? null : trailOf(db);
    if (trail) for (const row of found) trail.touched((row as Record<string, Id<"customer">>)[customer!]!);
    return found;
  };
}

/** Shapes of statements kept prepared: a few per list in practice; the bound is against made-up filters. */
const maxShapes = 300;
const shapes = new WeakMap<Database["read"], LRUCache<string, Run<unknown>>>();

/**
 * The same for a statement whose text follows the request: prepared once for each shape, which its name spells out. `build`
 * is told what restricts the handle; a statement that enters at customers' rows holds it.
 */
export function shapedStatement<R>(
  db: Database["read"],
  name: string,
  build: (db: Database["read"], restriction: Restriction | null) => Preparable<R>,
): (values: Record<string, unknown>) => Promise<R> {
  const { root, audience } = audienceOf(db);
  const restriction = restrictionOf(db);
  const shape = restriction ? `${name}|${restriction.name}` : name;
  let cache = shapes.get(root);
  if (!cache) {
    cache = new LRUCache({ max: maxShapes });
    shapes.set(root, cache);
  }
  let run = cache.get(shape);
  if (!run) {
    run = compileStatement(build(root, restriction).prepare(shape));
    cache.set(shape, run);
  }
  const known = run as Run<R>;
  return (values) => known(restriction ? { ...values, ...restriction.values } : values, audience);
}
