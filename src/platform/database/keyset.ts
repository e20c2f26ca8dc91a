import { type SQL, sql } from "drizzle-orm";
import type { PgColumn as Column } from "drizzle-orm/pg-core";
import { ApiError } from "../errors.js";
import { parseAnyId } from "../ids.js";
import { isStorable } from "../text.js";
import { parseInstant } from "../time.js";

/** One key of an order. The last key of every order is unique, so that a cursor names exactly one place. */
export interface OrderKey {
  /** Name of the property in the row. */
  property: string;
  column: Column;
  descending: boolean;
  nullsFirst: boolean;
}

type CursorValue = string | number | boolean | null;

/** Longest cursor we ever made: three texts of 500 characters, and then some. */
const maxCursorLength = 8_000;

/** The opaque place of a row in an order. */
export function encodeCursor(order: readonly OrderKey[], row: Record<string, unknown>): string {
  const values = order.map((key) => row[key.property] as CursorValue);
  return Buffer.from(JSON.stringify([orderName(order), ...values])).toString("base64url");
}

/** The key values of a cursor; throws BAD_CURSOR for anything that this order did not make. */
export function decodeCursor(order: readonly OrderKey[], cursor: string): CursorValue[] {
  const parsed =
    cursor.length <= maxCursorLength ? parseJson(Buffer.from(cursor, "base64url").toString()) : null;
  const values = Array.isArray(parsed) && parsed[0] === orderName(order) ? parsed.slice(1) : [];
  if (values.length !== order.length || !order.every((key, i) => fits(key, values[i]))) {
    throw new ApiError("BAD_CURSOR", "This cursor was not made by this list in this order.");
  }
  return values;
}

/** Rows strictly after (or before) the place that the placeholders `${prefix}0`, `${prefix}1`, … name. */
export function beyond(
  order: readonly OrderKey[],
  values: CursorValue[],
  prefix: string,
  before: boolean,
): SQL {
  if (order.every((key) => key.column.notNull && key.descending === order[0]?.descending)) {
    return rowComparison(order, prefix, before);
  }
  const place = order.map((key, i) => ({
    key,
    value: values[i] ?? null,
    bound: bound(key, `${prefix}${i}`),
  }));
  const alternatives = place.map(({ key, value, bound }, i) => {
    const equal = place
      .slice(0, i)
      .map((p) => (p.value === null ? sql`${p.key.column} is null` : sql`${p.key.column} = ${p.bound}`));
    return sql.join([...equal, past(key, value, bound, before)], sql` and `);
  });
  return sql`(${sql.join(
    alternatives.map((alternative) => sql`(${alternative})`),
    sql` or `,
  )})`;
}

/** All keys run the same way and are never null: one comparison of rows, which an index can seek. */
function rowComparison(order: readonly OrderKey[], prefix: string, before: boolean): SQL {
  const columns = sql.join(
    order.map((key) => sql`${key.column}`),
    sql`, `,
  );
  const bounds = sql.join(
    order.map((key, i) => bound(key, `${prefix}${i}`)),
    sql`, `,
  );
  return order[0]?.descending === before ? sql`(${columns}) > (${bounds})` : sql`(${columns}) < (${bounds})`;
}

/** The order clause, turned around for a page read from its end. */
export function orderBy(order: readonly OrderKey[], backward: boolean): SQL[] {
  return order.map((key) => {
    const descending = key.descending !== backward;
    const nulls = key.column.notNull
      ? sql``
      : key.nullsFirst !== backward
        ? sql` nulls first`
        : sql` nulls last`;
    return descending ? sql`${key.column} desc${nulls}` : sql`${key.column} asc${nulls}`;
  });
}

const orderNames = new WeakMap<readonly OrderKey[], string>();

export function orderName(order: readonly OrderKey[]): string {
  let name = orderNames.get(order);
  if (name === undefined) {
    name = order
      .map((key) => `${key.property}${key.descending ? "-" : "+"}${key.nullsFirst ? "0" : ""}`)
      .join(",");
    orderNames.set(order, name);
  }
  return name;
}

function past(key: OrderKey, value: CursorValue, boundValue: SQL, before: boolean): SQL {
  const nullsAhead = key.nullsFirst === before;
  if (value === null) return nullsAhead ? sql`false` : sql`${key.column} is not null`;
  const greater = key.descending === before;
  const comparison = greater ? sql`${key.column} > ${boundValue}` : sql`${key.column} < ${boundValue}`;
  return nullsAhead && !key.column.notNull ? sql`(${comparison} or ${key.column} is null)` : comparison;
}

function bound(key: OrderKey, name: string): SQL {
  return sql`${sql.placeholder(name)}::${sql.raw(key.column.getSQLType())}`;
}

/** A cursor is client input: each value must be one its column can hold, or the statement would fail. */
function fits(key: OrderKey, value: unknown): boolean {
  const type = key.column.getSQLType();
  if (value === null) return !key.column.notNull;
  if (type === "boolean") return typeof value === "boolean";
  if (type === "integer") return Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;
  if (type === "bigint") return Number.isSafeInteger(value);
  if (typeof value !== "string" || !isStorable(value)) return false;
  if (type === "uuid") return parseAnyId(value) !== null;
  if (type.startsWith("timestamp")) return parseInstant(value) === value;
  if (type === "numeric") return /^-?\d{1,40}(\.\d{1,40})?$/.test(value);
  return !key.column.enumValues || key.column.enumValues.includes(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
