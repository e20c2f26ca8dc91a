import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import path from "node:path";
import { type CompiledMapping, columnsOf, compileMapping } from "./compile.js";
import { ImportError } from "./import-error.js";
import { readContent, readLines } from "./lines.js";
import type { Mapping } from "./mapping.js";
import { rowReader } from "./row-reader.js";
import type { Row, RowReader } from "./rows.js";

/** A file that was read through once: it is whole, and its columns suit the mapping. */
export interface SourceFile {
  path: string;
  /** As reports and rejects call it. */
  name: string;
  bytes: number;
  /** SHA-256 of the content; the same whether packed or not. */
  digest: string;
  compiled: CompiledMapping;
  openRows(onRead: (bytes: number) => void): AsyncGenerator<Row[]>;
  /** Throws FILE_CHANGED when the file is not what it was. */
  checkUnchanged(): Promise<void>;
}

/** Delimiters that a wrong one is told apart from. */
const commonDelimiters = [",", ";", "\t", "|"];

/** Throws ImportError for everything that can be known before a row is taken. */
export async function examineFile(
  file: string,
  mapping: Mapping,
  type: "csv" | "jsonl" | undefined,
): Promise<SourceFile> {
  const name = path.relative(process.cwd(), path.resolve(file));
  const before = await factsOf(file, name);
  const hash = createHash("sha256");
  let contentBytes = 0;
  for await (const chunk of readContent(file)) {
    hash.update(chunk);
    contentBytes += chunk.length;
  }
  if (contentBytes === 0) throw new ImportError("EMPTY_FILE", `${name} is empty.`);
  const layout = await layoutOf(file, name, mapping, type ?? mapping.format.type ?? typeOf(name));
  return {
    path: file,
    name,
    bytes: before.size,
    digest: hash.digest("hex"),
    compiled: layout.compiled,
    openRows: (onRead) => rowsOf(file, layout.reader(), layout.headerRows, onRead),
    async checkUnchanged() {
      const now = await factsOf(file, name);
      if (now.size !== before.size || now.mtimeMs !== before.mtimeMs)
        throw new ImportError(
          "FILE_CHANGED",
          `${name} was changed while it was imported; run the import again.`,
        );
    },
  };
}

async function factsOf(file: string, name: string) {
  const facts = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === "ENOENT";
    throw new ImportError(
      missing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE",
      missing ? `There is no file ${name}.` : `${name} cannot be read (${cause.code}).`,
      { cause },
    );
  });
  // A pipe cannot be read again where an import stopped.
  if (!facts.isFile()) throw new ImportError("FILE_UNREADABLE", `${name} is no regular file.`);
  return facts;
}

function typeOf(name: string): "csv" | "jsonl" {
  return /\.(jsonl|ndjson)(\.gz)?$/i.test(name) ? "jsonl" : "csv";
}

interface Layout {
  compiled: CompiledMapping;
  headerRows: number;
  reader(): RowReader;
}

async function layoutOf(
  file: string,
  name: string,
  mapping: Mapping,
  type: "csv" | "jsonl",
): Promise<Layout> {
  const { delimiter, columns: named } = mapping.format;
  if (type === "jsonl") {
    const columns = columnsOf(mapping);
    return {
      compiled: compileMapping(mapping, (column) => columns.indexOf(column)),
      headerRows: 0,
      reader: () => rowReader("jsonl", { delimiter, columns }),
    };
  }
  if (!mapping.fields)
    throw new ImportError("INVALID_MAPPING", `${name} is CSV, and the mapping has no fields.`);
  const columns = named ?? (await headerOf(file, name, delimiter));
  checkColumns(name, columns, mapping);
  return {
    compiled: compileMapping(mapping, (column) => columns.indexOf(column)),
    headerRows: named ? 0 : 1,
    reader: () => rowReader("csv", { delimiter, columns }),
  };
}

async function headerOf(file: string, name: string, delimiter: string): Promise<readonly string[]> {
  for await (const row of firstRows(file, rowReader("csv", { delimiter, columns: null }))) {
    if (row.refusal || row.text.includes("\r"))
      throw new ImportError(
        "INVALID_HEADER",
        `The header of ${name} cannot be read: ${row.refusal?.message ?? "its lines end with CR alone."}`,
      );
    return row.values as string[];
  }
  throw new ImportError("EMPTY_FILE", `${name} holds nothing but empty lines.`);
}

async function* firstRows(file: string, reader: RowReader): AsyncGenerator<Row> {
  for await (const rows of rowsOf(file, reader, 0, () => {})) yield* rows;
}

function checkColumns(name: string, columns: readonly string[], mapping: Mapping): void {
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  const wanted = columnsOf(mapping);
  const missing = wanted.filter((column) => !columns.includes(column));
  if (twice !== undefined && wanted.includes(twice))
    throw new ImportError("INVALID_HEADER", `${name} has two columns ${twice}.`);
  if (missing.length === 0) return;
  const { delimiter } = mapping.format;
  const header = columns.join(delimiter);
  const better = commonDelimiters.find(
    (other) => other !== delimiter && wanted.every((column) => header.split(other).includes(column)),
  );
  if (better)
    throw new ImportError(
      "WRONG_DELIMITER",
      `${name} is separated by ${JSON.stringify(better)}; the mapping says ${JSON.stringify(delimiter)}.`,
    );
  throw new ImportError("MISSING_COLUMN", `${name} has no column ${missing.join(", ")}.`);
}

async function* rowsOf(
  file: string,
  reader: RowReader,
  headerRows: number,
  onRead: (bytes: number) => void,
): AsyncGenerator<Row[]> {
  let skip = headerRows;
  const afterHeader = (rows: Row[]) => {
    const kept = skip ? rows.slice(skip) : rows;
    skip -= rows.length - kept.length;
    return kept;
  };
  for await (const lines of readLines(file, onRead)) yield afterHeader(reader.feed(lines));
  yield afterHeader(reader.end());
}
