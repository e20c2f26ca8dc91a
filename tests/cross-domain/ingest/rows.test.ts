import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { CsvRows } from "../../../src/cross-domain/ingest/csv-rows.js";
import { JsonRows } from "../../../src/cross-domain/ingest/json-rows.js";

function csv(lines: readonly string[], columns = 3) {
  const reader = new CsvRows(",", columns);
  return [...reader.feed(lines), ...reader.end()].map(({ line, values, refusal }) =>
    refusal ? [line, refusal.code] : [line, ...values],
  );
}

test("rows with and without quotes keep their order, their lines and their texts", () => {
  const lines = ["a,b,c", 'd,"e, ""E""",f', "g,h,i\r", "", '"j","two', 'lines","k"\r', "علی,رضایی,۱"];
  expect(csv(lines)).toEqual([
    [1, "a", "b", "c"],
    [2, "d", 'e, "E"', "f"],
    [3, "g", "h", "i"],
    [5, "j", "two\nlines", "k"],
    [7, "علی", "رضایی", "۱"],
  ]);
});

test("a broken row costs itself only", () => {
  expect(csv(["a,b", 'c,d"x"e,f', "g,h,i", 'j,"k,l', "m,n,o", 'p,"q" ,r', 's,"t",u', 'v,"w,x'])).toEqual([
    [1, "COLUMN_COUNT"],
    [2, "INVALID_QUOTES"],
    [3, "g", "h", "i"],
    [4, "INVALID_QUOTES"],
    [5, "m", "n", "o"],
    [6, "INVALID_QUOTES"],
    [7, "s", "t", "u"],
    [8, "INVALID_QUOTES"],
  ]);
});

test("what is not UTF-8, and a line too long to be one, are refused", () => {
  const reader = new CsvRows(",", 2);
  const rows = reader.feed(["a,b", "c,\ufffd", null as unknown as string, "d,e"]);
  expect(rows.map(({ line, refusal }) => [line, refusal?.code ?? null])).toEqual([
    [1, null],
    [2, "INVALID_ENCODING"],
    [3, "ROW_TOO_LONG"],
    [4, null],
  ]);
});

test("every table that is written as CSV is read as it was, however its lines arrive", () => {
  const cell = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", " ", "ی", "\r\n"), maxLength: 6 });
  const table = fc.array(fc.tuple(cell, cell, fc.constant("end")), { maxLength: 12 });
  fc.assert(
    fc.property(table, fc.integer({ min: 1, max: 5 }), (rows, chunk) => {
      const text = rows
        .map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(","))
        .join("\n");
      const lines = rows.length ? text.split("\n") : [];
      const reader = new CsvRows(",", 3);
      const read = [];
      for (let at = 0; at < lines.length; at += chunk) read.push(...reader.feed(lines.slice(at, at + chunk)));
      read.push(...reader.end());
      expect(read.map((row) => row.refusal ?? row.values)).toEqual(rows);
    }),
  );
});

test("JSON Lines are read by name; what is no object is refused", () => {
  const rows = new JsonRows(["b", "a"]).feed(['{"a":1,"b":"x"}', "", "[1]", "{", '{"a":null}\r']);
  expect(rows.map(({ line, values, refusal }) => [line, refusal?.code ?? values])).toEqual([
    [1, ["x", 1]],
    [3, "INVALID_JSON"],
    [4, "INVALID_JSON"],
    [5, [null, null]],
  ]);
});
