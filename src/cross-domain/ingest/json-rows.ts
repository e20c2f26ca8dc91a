import { type Line, maxRowLength } from "./lines.js";
import { brokenRow, notUtf8, type Row, type RowReader } from "./rows.js";

/** JSON Lines: one object a line, its members read by name. Without columns the object itself is the row's one value. */
export class JsonRows implements RowReader {
  private nextLine = 1;

  constructor(private readonly columns: readonly string[]) {}

  feed(lines: readonly Line[]): Row[] {
    const rows: Row[] = [];
    for (const text of lines) {
      const line = this.nextLine++;
      if (text === null)
        rows.push(brokenRow(line, "", "ROW_TOO_LONG", `The row is longer than ${maxRowLength} characters.`));
      else if (text.trim() !== "") rows.push(this.row(line, text));
    }
    return rows;
  }

  end(): Row[] {
    return [];
  }

  private row(line: number, text: string): Row {
    if (text.includes("\ufffd")) return brokenRow(line, text, notUtf8.code, notUtf8.message);
    const object = parsed(text);
    if (!object) return brokenRow(line, text, "INVALID_JSON", "The line is no JSON object.");
    const { columns } = this;
    const values = columns.length
      ? columns.map((name) => (Object.hasOwn(object, name) ? object[name] : null))
      : [object];
    return { line, lastLine: line, text, values, refusal: null };
  }
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
