import { markdown } from "../report.mjs";

/** Markdown tables of what `runIngest` measured: rows per second, microseconds of processor time per row, memory. */
export function ingestTablesOf({ mutation, imports }) {
  const tables = [];
  if (mutation) tables.push(tableOf("recordInteractions", mutation.table));
  if (imports) tables.push(tableOf("import of contacts", imports.contacts.table));
  if (imports?.onlineRetail) tables.push(tableOf("import of Online Retail", imports.onlineRetail.table));
  return tables.join("\n\n");
}

function tableOf(what, contenders) {
  const rows = contenders.map((of) => [
    of.contender,
    of.rowsPerSecond,
    of.apiMicrosecondsPerRow ?? of.programMicrosecondsPerRow,
    of.postgresMicrosecondsPerRow,
    of.memory ? of.memory.peaksOfThirdsMiB.join(", ") : "",
  ]);
  const head = [what, "rows/s", "API or program µs/row", "Postgres µs/row", "peak MiB in thirds of the time"];
  return markdown(head, rows);
}
