import type { Refusal } from "../../platform/errors.js";
import type { RowValues } from "./compile.js";
import type { Line } from "./lines.js";

/** One row of a file: its values, or why it cannot be read. `line` is its first, counted from 1. */
export interface Row {
  line: number;
  lastLine: number;
  /** As it stands in the file. */
  text: string;
  values: RowValues;
  refusal: Refusal | null;
}

/** Turns lines into rows. Keeps back what is not complete yet. */
export interface RowReader {
  feed(lines: readonly Line[]): Row[];
  end(): Row[];
}

export const notUtf8: Refusal = {
  code: "INVALID_ENCODING",
  field: null,
  message: "The row is not valid UTF-8.",
};

export function brokenRow(line: number, text: string, code: string, message: string): Row {
  return { line, lastLine: line, text, values: [], refusal: { code, field: null, message } };
}
