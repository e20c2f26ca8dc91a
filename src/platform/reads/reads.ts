import type { SQL } from "drizzle-orm";
import type { PgColumn as Column, PgTable } from "drizzle-orm/pg-core";
import type { Edge } from "../database/edge.js";
import type { Listing } from "../database/page.js";
import type { Piece } from "./json-text.js";

/**
 * How the fields of a type are read from tables. Each domain says it next to its edges; a field that is not named here is
 * the column of its own name, and one with a resolver of its own and no entry is computed: only the resolver knows it, and it needs the whole row.
 */
export type TypeReads = Record<string, FieldRead>;
export type Reads = Record<string, TypeReads>;

export type FieldRead =
  /** A column under another name. */
  | { kind: "column"; column: Column }
  /** An object made of columns of the same row, or of the one it hangs on: an amount with its currency. */
  | { kind: "object"; columns: Record<string, Column> }
  /** The one row at the other end of an edge, or null. */
  | { kind: "one"; edge: Edge }
  /** All rows of an edge; `fields` says more about them than their type does. */
  | { kind: "many"; edge: Edge; fields: TypeReads }
  /** How many rows an edge has. */
  | { kind: "count"; edge: Edge }
  /** A leaf built of pieces of JSON text; `values` fills their placeholders, anew for each request. */
  | { kind: "text"; pieces: readonly Piece[]; values(context: never): Record<string, unknown> }
  /** Computed: only its resolver knows it, from these columns of the row. */
  | { kind: "needs"; columns: readonly Column[] }
  | PageRead
  | RowRead;

/** A page of a listing: the field has the arguments of `listArgs` or `PageArgs`. */
export interface PageRead {
  kind: "page";
  listing: Listing;
}

/** One row of a table, found by the arguments of a root field. */
export interface RowRead {
  kind: "row";
  table: PgTable;
  /** The placeholders' values; throws what the resolver would throw for bad arguments. */
  values(args: never, context: never): Record<string, unknown>;
  /** The condition that finds the row, or null, from its placeholders. */
  where(value: (name: string, type: string) => SQL): SQL;
  /** The placeholder by which many such reads become one statement; its type is uuid. */
  batchBy?: string;
}

export const column = (of: Column): FieldRead => ({ kind: "column", column: of });
export const object = (columns: Record<string, Column>): FieldRead => ({ kind: "object", columns });
export const one = (table: PgTable, ...on: Edge["on"]): FieldRead => ({ kind: "one", edge: { table, on } });
export const many = (edge: Edge, fields: TypeReads = {}): FieldRead => ({ kind: "many", edge, fields });
export const count = (edge: Edge): FieldRead => ({ kind: "count", edge });
export const page = (listing: Listing): FieldRead => ({ kind: "page", listing });
export const needs = (...columns: Column[]): FieldRead => ({ kind: "needs", columns });
export const row = (read: Omit<RowRead, "kind">): FieldRead => ({ kind: "row", ...read });
