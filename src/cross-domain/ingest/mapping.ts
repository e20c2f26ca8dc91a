import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { DateTime } from "luxon";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { ImportError } from "./import-error.js";
import { type RecordName, recordNames } from "./records.js";

/** How rows of a file become items. `examples/mappings/README.md` describes the language. */
export interface Mapping {
  record: RecordName;
  format: Format;
  groupBy?: { column: string; window: number } | undefined;
  /** Absent: every line of a JSON Lines file is an item as it stands. */
  fields?: Fields | undefined;
}

export type Fields = Record<string, Value>;
export type Format = z.infer<typeof format>;
export type Scalar = string | number | boolean | null;
export type Test = z.infer<typeof test>;
/** Every test of one of the groups holds. */
export type When = Record<string, Test>[];

export interface Single {
  when?: When | undefined;
  from?: string | undefined;
  as?: "text" | "date" | "integer" | "decimal" | "boolean" | undefined;
  sign?: "negate" | "absolute" | undefined;
  map?: Record<string, Scalar> | undefined;
  otherwise?: Scalar | undefined;
  const?: unknown;
  template?: string | undefined;
  fields?: Fields | undefined;
  list?: Value[] | undefined;
  each?: Fields | undefined;
}

/** One way to a value, or several of which the first counts whose `when` holds. */
export type Value = Single | Single[];

/** A mapping is written by a person; more is a mistaken file name. */
const maxMappingBytes = 1_000_000;
/** Rows that may lie between two rows of one group. Open groups are held in memory. */
const defaultWindow = 100;
const maxWindow = 10_000;

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const column = z.string().min(1);
const format = z
  .strictObject({
    type: z.enum(["csv", "jsonl"]).optional(),
    delimiter: z
      .string()
      .refine((text) => text.length === 1 && !'"\r\n'.includes(text), "must be one character, such as , or ;")
      .default(","),
    columns: z.array(column).min(1).optional(),
    empty: z.array(z.string()).default([""]),
    date: z
      .strictObject({
        format: z.union([z.string(), z.array(z.string()).min(1)]),
        zone: z.string().refine((zone) => DateTime.utc().setZone(zone).isValid, "is no time zone we know"),
      })
      .optional(),
    decimal: z.enum([".", ","]).default("."),
    thousands: z.enum([",", ".", " ", "'", "\u00a0"]).optional(),
  })
  .refine(({ decimal, thousands }) => decimal !== thousands, "decimal and thousands must differ");

const test = z.union(
  [
    scalar.transform((equals) => ({ equals })),
    z.strictObject({ equals: scalar }),
    z.strictObject({ in: z.array(scalar).min(1) }),
    z.strictObject({ startsWith: z.string().min(1) }),
    z.strictObject({ empty: z.boolean() }),
  ],
  "must be a value, or one of equals, in, startsWith, empty",
);
const tests = z.record(column, test);
const when = z.union([tests.transform((all) => [all]), z.array(tests).min(1)]);

/** A union would answer "invalid input" for every mistake below it; the form decides which check speaks. */
const value: z.ZodType<Value> = z.unknown().transform((input, context) => {
  const parsed = (Array.isArray(input) ? alternatives : way).safeParse(input);
  if (parsed.success) return parsed.data as Value;
  for (const { path, message } of parsed.error.issues) context.addIssue({ code: "custom", path, message });
  return z.NEVER;
});
const fields = z.record(z.string().min(1), value);
const single = z
  .strictObject({
    when: when.optional(),
    from: column.optional(),
    as: z.enum(["text", "date", "integer", "decimal", "boolean"]).optional(),
    sign: z.enum(["negate", "absolute"]).optional(),
    map: z.record(z.string(), scalar).optional(),
    otherwise: scalar.optional(),
    const: z.unknown().optional(),
    template: z.string().min(1).optional(),
    fields: fields.optional(),
    list: z.array(value).min(1).optional(),
    each: fields.optional(),
  })
  .superRefine((given, context) => {
    const refuse = (message: string) => context.addIssue({ code: "custom", message });
    const ways = ["from", "const", "template", "fields", "list", "each"].filter((way) => way in given);
    if (ways.length !== 1) refuse("must have exactly one of from, const, template, fields, list, each");
    const { from, as, sign, map } = given;
    if (!from && (as || sign || map)) refuse("as, sign and map go with from");
    if (sign && as !== "integer" && as !== "decimal") refuse("sign goes with as: integer or as: decimal");
    if (map && as) refuse("map and as exclude each other");
    if ("otherwise" in given && !map) refuse("otherwise goes with map");
  });
/** A column's name alone is short for taking its value. */
const way = z.preprocess((input) => (typeof input === "string" ? { from: input } : input), single);
const alternatives = z.array(way).min(1);

const mapping = z
  .strictObject({
    record: z.enum(recordNames, `must be one of ${recordNames.join(", ")}`),
    format: format.prefault({}),
    groupBy: z
      .strictObject({ column, window: z.int().min(1).max(maxWindow).default(defaultWindow) })
      .optional(),
    fields: fields.optional(),
  })
  .superRefine(({ format, groupBy, fields = {} }, context) => {
    const refuse = (message: string, ...path: string[]) =>
      context.addIssue({ code: "custom", message, path });
    if (format.type === "csv" && Object.keys(fields).length === 0) refuse("CSV needs fields", "fields");
    const all = Object.entries(fields).flatMap(([name, way]) => singles(way, ["fields", name]));
    const lists = all.filter(({ value }) => value.each);
    if (groupBy && lists.length !== 1) refuse("needs exactly one field with each", "groupBy");
    for (const { value, path } of all) {
      if (value.as === "date" && !format.date) refuse("needs format.date", ...path);
      if (value.each && !groupBy) refuse("each goes with groupBy", ...path);
      if (value.each && (path.length > 2 || value.when))
        refuse("each stands alone, directly below fields", ...path);
    }
  });

function singles(value: Value, path: string[]): { value: Single; path: string[] }[] {
  if (Array.isArray(value))
    return value.flatMap((way, index) => singles(way, value.length > 1 ? [...path, String(index)] : path));
  const inner = [
    ...Object.entries(value.fields ?? value.each ?? {}),
    ...(value.list ?? []).map((way, index) => [String(index), way] as const),
  ];
  return [{ value, path }, ...inner.flatMap(([name, way]) => singles(way, [...path, name]))];
}

/** Reads and checks a mapping file, YAML or JSON. Throws INVALID_MAPPING with every mistake and its place. */
export async function readMapping(file: string): Promise<Mapping> {
  try {
    if ((await stat(file)).size > maxMappingBytes) throw invalid(file, ["is too large for a mapping"]);
    return parseMapping(await readFile(file, "utf8"), file);
  } catch (cause) {
    if (cause instanceof ImportError) throw cause;
    throw new ImportError("INVALID_MAPPING", `The mapping ${file} cannot be read.`, { cause });
  }
}

/** The same for a text; `name` is what errors call it. */
export function parseMapping(text: string, name: string): Mapping {
  const lineCounter = new LineCounter();
  // JSON is YAML, so one parser serves both.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, merge: true });
  const [broken] = document.errors;
  if (broken) {
    const { line, col } = lineCounter.linePos(broken.pos[0]);
    throw invalid(name, [`line ${line}, column ${col}: ${broken.message}`]);
  }
  const parsed = mapping.safeParse(plain(document, name));
  if (parsed.success) return parsed.data;
  throw invalid(
    name,
    parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the mapping"}: ${message}`),
  );
}

function plain(document: ReturnType<typeof parseDocument>, name: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw invalid(name, [(cause as Error).message]);
  }
}

function invalid(name: string, mistakes: readonly string[]): ImportError {
  return new ImportError("INVALID_MAPPING", `The mapping ${name} is not usable:\n  ${mistakes.join("\n  ")}`);
}

/** The same for mappings that mean the same: comments and layout do not count. */
export function digestOf(mapping: Mapping): string {
  return createHash("sha256").update(JSON.stringify(mapping)).digest("hex");
}
