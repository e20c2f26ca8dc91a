import { readdirSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { columnsOf, compileMapping } from "../../../src/cross-domain/ingest/compile.js";
import { dateConverter } from "../../../src/cross-domain/ingest/dates.js";
import { parseMapping, readMapping } from "../../../src/cross-domain/ingest/mapping.js";

function mistakeOf(text: string): string {
  try {
    parseMapping(text, "m.yaml");
    return "none";
  } catch (error) {
    return (error as Error).message;
  }
}

test.each([
  ["record: orders", "record: must be one of purchases, ticketEvents"],
  ["record: feedback\nfoo: 1", 'the mapping: Unrecognized key: "foo"'],
  ["record: feedback\nfields: { a: { from: x, frm: y } }", 'fields.a: Unrecognized key: "frm"'],
  ["record: feedback\nfields: { a: { as: text } }", "fields.a: must have exactly one of from, const"],
  ["record: feedback\nfields: { a: [{ when: { x: { like: y } }, const: 1 }] }", "fields.a.0.when"],
  ["record: feedback\nfields: { a: { from: x, as: date } }", "fields.a: needs format.date"],
  ["record: feedback\nfields: { a: { each: { b: x } } }", "fields.a: each goes with groupBy"],
  [
    "record: feedback\ngroupBy: { column: x }\nfields: { a: x }",
    "groupBy: needs exactly one field with each",
  ],
  ["record: feedback\nformat: { delimiter: ';;' }", "format.delimiter: must be one character"],
  ["record: feedback\nformat: { date: { format: yyyy, zone: Mars } }", "format.date.zone: is no time zone"],
  ["record: [", "line 1, column 10"],
  ["- 1", "the mapping: Invalid input"],
])("the mistake in %j is named with its place", (text, words) => {
  expect(mistakeOf(text)).toContain("The mapping m.yaml is not usable");
  expect(mistakeOf(text)).toContain(words);
});

test("a mapping makes items of rows: first match, tables, templates, conversions, objects left out when empty", () => {
  const mapping = parseMapping(
    `
record: interactions
format: { empty: ["", "?"], decimal: ",", thousands: ".", date: { format: [d.M.yyyy, d.M.yyyy H:mm], zone: Asia/Tehran } }
fields:
  kind: [{ when: { a: { startsWith: X } }, const: x }, { when: { a: { in: [1, 2] }, b: { empty: true } }, const: few }, b]
  word: { from: a, map: { X1: one }, otherwise: other }
  ref: { template: "{a}/{b}" }
  amount: { from: n, as: decimal, sign: absolute }
  whole: { from: n, as: integer, sign: negate }
  who: { fields: { ref: b, more: { fields: { c: b } } } }
  all: { list: [{ from: b }, { const: 7 }] }
  at: { from: d, as: date }
`,
    "m",
  );
  const columns = columnsOf(mapping);
  const { item } = compileMapping(mapping, (column) => columns.indexOf(column));
  const of = (row: Record<string, unknown>) => item(columns.map((column) => row[column]));
  expect(of({ a: "X1", b: "b", n: "-1.234,50".replace(",50", ""), d: "21.3.2026 0:30" })).toEqual({
    kind: "x",
    word: "one",
    ref: "X1/b",
    amount: "1234",
    whole: 1234,
    who: { ref: "b", more: { c: "b" } },
    all: ["b", 7],
    at: "2026-03-20T21:00:00Z",
  });
  expect(of({ a: "2", b: "?", n: "", d: "1.1.2026" })).toMatchObject({
    kind: "few",
    word: "other",
    ref: null,
    amount: null,
    who: null,
    all: [7],
    at: "2025-12-31T20:30:00Z",
  });
  expect(() => of({ a: "1", b: "b", n: "1.23", d: "" })).toThrow("The value of n is no decimal number.");
  expect(() => of({ a: "1", b: "b", n: "", d: "30.2.2026" })).toThrow("The value of d is no date");
});

test("local times are read with their zone; a time that its clocks skip is none", () => {
  const read = dateConverter({ format: "yyyy-MM-dd HH:mm:ss", zone: "Europe/London" });
  expect(read("2011-01-31 23:59:59")).toBe("2011-01-31T23:59:59Z");
  expect(read("2011-07-01 00:30:00")).toBe("2011-06-30T23:30:00Z");
  expect(read("2011-03-27 00:59:00")).toBe("2011-03-27T00:59:00Z");
  expect(read("2011-03-27 01:30:00")).toBeUndefined();
  expect(read("2011-03-27 02:00:00")).toBe("2011-03-27T01:00:00Z");
  expect(read("2011-02-29 02:00:00")).toBeUndefined();
  const named = dateConverter({ format: "d MMM yyyy", zone: "UTC" });
  expect(named("5 Mar 2016")).toBe("2016-03-05T00:00:00Z");
});

test("every mapping that comes with the project is usable", async () => {
  const files = readdirSync("examples/mappings").filter((name) => name.endsWith(".yaml"));
  expect(files).toEqual(expect.arrayContaining(["online-retail.yaml", "servicenow-incidents.yaml"]));
  for (const file of files) expect((await readMapping(`examples/mappings/${file}`)).fields).toBeDefined();
});
