import { CsvRows } from "./csv-rows.js";
import { JsonRows } from "./json-rows.js";
import type { RowReader } from "./rows.js";

/** The reader for a format of file. */
export function rowReader(
  type: "csv" | "jsonl",
  options: { delimiter: string; columns: readonly string[] | null },
): RowReader {
  return type === "csv"
    ? new CsvRows(options.delimiter, options.columns?.length ?? null)
    : new JsonRows(options.columns ?? []);
}
