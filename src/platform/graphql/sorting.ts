import type { PgColumn } from "drizzle-orm/pg-core";
import type { OrderKey } from "../database/keyset.js";
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

/** What a value of a sort enum stands for. */
export type SortField = readonly [property: string, column: PgColumn];

/** One key of an order. */
export function orderKey(property: string, column: PgColumn, order: string, nulls = "LAST"): OrderKey {
  return { property, column, descending: order === "DESC", nullsFirst: nulls === "FIRST" };
}
