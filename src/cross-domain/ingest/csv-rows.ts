import { CsvError, parse } from "csv-parse/sync";
import type { Refusal } from "../../platform/errors.js";
import { type Line, maxRowLength } from "./lines.js";
import { brokenRow, notUtf8, type Row, type RowReader } from "./rows.js";

/** Rows go to the parser in blocks: one call costs as much as ten rows. */
const blockRows = 1_000;
const misplacedQuote = "The row has a quote inside an unquoted field, or text after a closing one.";

/** A row that is complete; `values` where it has no quotes and is read already. */
interface BlockRow {
  line: number;
  text: string;
  values: string[] | null;
}

/**
 * CSV as RFC 4180 has it, strictly: a quote inside an unquoted field and a row with another number of columns are refused.
 * csv-parse reads the rows that have quotes; here is only found where each ends, so that a quote that never closes costs its
 * own line only.
 */
export class CsvRows implements RowReader {
  private lines: Line[] = [];
  private nextLine = 1;
  private rows: Row[] = [];
  private block: BlockRow[] = [];

  constructor(
    private readonly delimiter: string,
    private readonly columnCount: number | null,
  ) {}

  feed(lines: readonly Line[]): Row[] {
    return this.read(lines, false);
  }

  end(): Row[] {
    return this.read([], true);
  }

  private read(more: readonly Line[], ended: boolean): Row[] {
    const lines = this.lines.length ? this.lines.concat(more) : more;
    let at = 0;
    while (at < lines.length) {
      const taken = this.row(lines, at, ended);
      if (taken === 0) break;
      at += taken;
      this.nextLine += taken;
    }
    this.lines = lines.slice(at);
    this.readBlock();
    const rows = this.rows;
    this.rows = [];
    return rows;
  }

  /** Takes the row that begins here; tells how many lines it has, 0 when they are not all there yet. */
  private row(lines: readonly Line[], at: number, ended: boolean): number {
    const line = lines[at]!;
    if (line === null) return this.refuse("", "ROW_TOO_LONG", `is longer than ${maxRowLength} characters`);
    const plain = !line.includes('"');
    if (!plain && !balanced(line)) return this.longRow(lines, at, ended);
    const text = withoutReturn(line);
    const values = plain ? text.split(this.delimiter) : null;
    if (text !== "") this.block.push({ line: this.nextLine, text, values });
    if (this.block.length === blockRows) this.readBlock();
    return 1;
  }

  /** A quoted field holds line feeds: the row goes on until its quotes are even. */
  private longRow(lines: readonly Line[], at: number, ended: boolean): number {
    let text = lines[at]!;
    let hopeless = ended;
    for (let next = at + 1; next < lines.length && !hopeless; next++) {
      const line = lines[next]!;
      text += `\n${line}`;
      hopeless ||= line === null || text.length > maxRowLength;
      if (hopeless || balanced(line)) continue;
      const row = withoutReturn(text);
      const values = this.parse(row);
      if (values?.length === 1) {
        this.take({ text: row, line: this.nextLine }, next - at + 1, values[0]!);
        return next - at + 1;
      }
      hopeless = true;
    }
    return hopeless ? this.refuse(lines[at]!, "INVALID_QUOTES", "has a quote that is never closed") : 0;
  }

  private readBlock(): void {
    const block = this.block;
    if (block.length === 0) return;
    this.block = [];
    const quoted = block.filter(({ values }) => values === null);
    const parsed = quoted.length ? this.parse(quoted.map(({ text }) => text).join("\n")) : [];
    let next = 0;
    for (const { line, text, values } of block) {
      const found = values ?? (parsed?.length === quoted.length ? parsed[next++] : this.parse(text)?.[0]);
      if (found) this.take({ line, text }, 1, found);
      else this.rows.push(brokenRow(line, text, "INVALID_QUOTES", misplacedQuote));
    }
  }

  private parse(text: string): string[][] | null {
    try {
      return parse(text, {
        delimiter: this.delimiter,
        record_delimiter: ["\r\n", "\n"],
        relax_column_count: true,
        max_record_size: 0,
      });
    } catch (error) {
      if (error instanceof CsvError) return null;
      throw error;
    }
  }

  private take(from: { line: number; text: string }, lineCount: number, values: readonly string[]): void {
    // Rows keep the order of their lines.
    this.readBlock();
    const { line, text } = from;
    this.rows.push({
      line,
      lastLine: line + lineCount - 1,
      text,
      values,
      refusal: this.refusal(text, values),
    });
  }

  private refusal(text: string, values: readonly string[]): Refusal | null {
    const { columnCount } = this;
    if (columnCount !== null && values.length !== columnCount) {
      const message = `The row has ${values.length} columns instead of ${columnCount}.`;
      return { code: "COLUMN_COUNT", field: null, message };
    }
    return text.includes("\ufffd") ? notUtf8 : null;
  }

  private refuse(text: string, code: string, message: string): number {
    this.readBlock();
    this.rows.push(brokenRow(this.nextLine, text, code, `The row ${message}.`));
    return 1;
  }
}

/** Files from Windows end their lines with CR LF. */
function withoutReturn(text: string): string {
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}

function balanced(line: string): boolean {
  let even = true;
  for (let at = line.indexOf('"'); at !== -1; at = line.indexOf('"', at + 1)) even = !even;
  return even;
}
