import type { PgColumn } from "drizzle-orm/pg-core";
import type { OrderKey } from "../database/keyset.js";
import { ApiError } from "../errors.js";
import { maxSortKeys } from "../limits.js";
import { graphqlEnum } from "./enums.js";

export const SortOrder = graphqlEnum("SortOrder", "Which way a list runs.", {
  ASC: "Smallest, earliest, A first.",
  DESC: "Largest, latest, Z first.",
});

export const NullsOrder = graphqlEnum("NullsOrder", "Where rows without a value go in a sorted list.", {
  FIRST: "Before all others.",
  LAST: "After all others.",
});

export interface SortInput {
  field: string;
  order: string;
  nulls: string;
}

/** One key of an order. */
export function orderKey(property: string, column: PgColumn, order: string, nulls = "LAST"): OrderKey {
  return { property, column, descending: order === "DESC", nullsFirst: nulls === "FIRST" };
}

/** The order that the client asked for, made total by the id; null when it asked for none. */
export function orderOf(
  sort: readonly SortInput[] | null | undefined,
  fields: Record<string, readonly [property: string, column: PgColumn]>,
  id: PgColumn,
): readonly OrderKey[] | null {
  if (!sort?.length) return null;
  if (sort.length > maxSortKeys) {
    throw new ApiError("BAD_USER_INPUT", `A list is sorted by at most ${maxSortKeys} keys.`, {
      argument: "sort",
    });
  }
  const keys = sort.map(({ field, order, nulls }) => {
    const [property, column] = fields[field] as readonly [string, PgColumn];
    return orderKey(property, column, order, nulls);
  });
  return [...keys, orderKey("id", id, (sort[0] as SortInput).order)];
}
