import { type SQL, sql } from "drizzle-orm";
import type { PgColumn as Column } from "drizzle-orm/pg-core";

/** A piece of a JSON text: text as it stands, or SQL whose value goes there. Never null: nothing would be left of the text. */
export type Piece = string | SQL;

/**
 * The pieces as one text. `||` copies texts whose length it knows; `concat` and `json_build_object` first make a C string of
 * every argument and look for its end, which cost a tenth of a page.
 */
export function joined(pieces: readonly Piece[]): SQL {
  return halves(
    merged(pieces).map((piece) => (typeof piece === "string" ? quoted(piece) : sql`(${piece})::text`)),
  );
}

/** By halves: one after the other, the beginning would be copied as often as there are pieces. */
function halves(texts: readonly SQL[]): SQL {
  if (texts.length === 1) return texts[0] as SQL;
  const half = texts.length >> 1;
  return sql`(${halves(texts.slice(0, half))} || ${halves(texts.slice(half))})`;
}

/** The pieces of a JSON object. */
export function objectOf(entries: readonly (readonly [key: string, value: readonly Piece[]])[]): Piece[] {
  return ["{", ...entries.flatMap(([key, value], i) => [`${i ? "," : ""}"${key}":`, ...value]), "}"];
}

/** GraphQL's leaf types, and the column types whose values they show as the resolvers would. */
const shownBy: Record<string, readonly string[]> = {
  ID: ["uuid"],
  DateTime: ["timestamp(6) with time zone"],
  Boolean: ["boolean"],
  Int: ["integer", "bigint"],
  SafeInt: ["integer", "bigint"],
  Decimal: ["numeric"],
  JSONObject: ["jsonb"],
  String: ["text", "char(2)", "char(3)", "date", "text[]"],
  CurrencyCode: ["char(3)"],
};

/** The pieces that show a column as a leaf of this type, or null where they would not be what the resolvers answer. */
export function leafOf(column: Column, typeName: string, isEnum: boolean): Piece[] | null {
  const fits = isOwnEnum(column)
    ? isEnum || typeName === "String"
    : shownBy[typeName]?.includes(column.getSQLType());
  return fits ? jsonOf(column) : null;
}

/** The pieces of a column's JSON value as rows carry it, or of another value of its type. */
export function jsonOf(column: Column, value: SQL = sql`${column}`): Piece[] {
  const type = column.getSQLType();
  const encoder = isOwnEnum(column) ? quotedText : encoders[type];
  if (!encoder) throw new Error(`no JSON for columns of type ${type}`);
  return encoder(column, value);
}

type Encoder = (column: Column, value: SQL) => Piece[];

const quotedText: Encoder = (column, value) => inQuotes(column, "", value);

const bare: Encoder = (column, value) => [column.notNull ? value : sql`coalesce(${value}::text, 'null')`];

const escaped: Encoder = (column, value) => [
  column.notNull ? sql`to_json(${value})` : sql`coalesce(to_json(${value}), 'null')`,
];

const encoders: Record<string, Encoder> = {
  // Typed ids: the column knows its prefix.
  uuid: (column, value) => inQuotes(column, String(column.mapFromDriverValue("")), value),
  // Sessions run in UTC: "2026-11-21T09:30:00.5+00:00" to "2026-11-21T09:30:00.5Z". The cheapest of six ways tried.
  "timestamp(6) with time zone": (column, value) => {
    const text = sql`replace(to_json(${value})::text, '+00:00', 'Z')`;
    return [column.notNull ? text : sql`coalesce(${text}, 'null')`];
  },
  numeric: quotedText,
  date: quotedText,
  integer: bare,
  bigint: bare,
  jsonb: bare,
  boolean: escaped,
  text: escaped,
  "char(2)": escaped,
  // Currency codes: three capital letters, checked before they are written.
  "char(3)": quotedText,
  "text[]": escaped,
};

/** Names of enums need no escaping, and are their own type in PostgreSQL. */
function isOwnEnum(column: Column): boolean {
  return column.enumValues !== undefined && !(column.getSQLType() in encoders);
}

function inQuotes(column: Column, prefix: string, text: SQL): Piece[] {
  if (column.notNull) return [`"${prefix}`, text, '"'];
  return [sql`coalesce(${quoted(`"${prefix}`)} || ${text} || '"', 'null')`];
}

/** The base64url of a text, as cursors have it. */
export function base64urlOf(pieces: readonly Piece[]): SQL {
  const base64 = sql`encode(convert_to(${joined(pieces)}, 'UTF8'), 'base64')`;
  return sql`rtrim(translate(${base64}, E'+/\n', '-_'), '=')`;
}

function merged(pieces: readonly Piece[]): Piece[] {
  const out: Piece[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    if (typeof piece === "string" && typeof last === "string") out[out.length - 1] = last + piece;
    else out.push(piece);
  }
  return out;
}

function quoted(text: string): SQL {
  return sql.raw(`'${text.replaceAll("'", "''")}'`);
}
