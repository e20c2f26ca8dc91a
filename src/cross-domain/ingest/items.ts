import type { Refusal } from "../../platform/errors.js";
import { RowError } from "./import-error.js";
import type { Row } from "./rows.js";

/** An item ready to be recorded, and where it comes from. */
export interface PendingItem {
  item: unknown;
  /** Its first line. */
  line: number;
  /** The line of each element of its list. */
  elementLines: { list: string; lines: number[] } | null;
  text: string;
}

/** What is wrong with a row, or with the item that begins at `itemLine`. */
export interface RowRefusal extends Refusal {
  line: number;
  itemLine: number;
  text: string;
}

/** What became of rows: at most one of the two for each item. Lines up to `doneThrough` need not be read again. */
export interface ItemSink {
  item(item: PendingItem): void;
  /** One item, or one row that belongs to none, is not taken, for these reasons. */
  refused(reasons: readonly RowRefusal[]): void;
}

export interface ItemMaker {
  add(row: Row): void;
  end(): void;
  /** Every item that begins on this line or before has gone to the sink. */
  doneThrough(): number;
}

/** A refusal of the mapping; any other error is a fault. */
export function rowRefusal(row: Row, itemLine: number, error: unknown): RowRefusal {
  if (error instanceof Error && !(error instanceof RowError)) throw error;
  const { code, field, message } = error as Refusal;
  return { code, field, message, line: row.line, itemLine, text: row.text };
}
