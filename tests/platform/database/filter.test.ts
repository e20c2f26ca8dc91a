import { describe, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import fc from "fast-check";
import { purchases } from "../../../schema/purchases.js";
import { compileFilter } from "../../../src/platform/database/filter.js";
import { maxFilterText } from "../../../src/platform/limits.js";

const fields = { channel: purchases.channel, currency: purchases.currency };
const leaf = fc.record({ eq: fc.constant("EUR"), isNull: fc.boolean() }, { requiredKeys: [] });
const filterOf = (inner: fc.Arbitrary<object>): fc.Arbitrary<object> => {
  const several = fc.array(inner, { maxLength: 2 });
  const all = { channel: leaf, currency: leaf, and: several, or: several, not: inner };
  return fc.record(all, { requiredKeys: [] });
};
const filter = filterOf(filterOf(fc.constant({})));

function textOf(where: object): { shape: string; text: string } {
  const { shape, condition } = compileFilter(where, fields);
  return { shape, text: new PgDialect().sqlToQuery(condition ?? sql`true`).sql };
}

describe("the shape of a filter, by which its statement is kept", () => {
  test.each([
    [
      { or: [{ channel: { eq: "a" } }, { currency: { eq: "b" } }] },
      { or: [{ channel: { eq: "a" }, currency: { eq: "b" } }] },
    ],
    [{ or: [{}, { currency: { eq: "b" } }] }, { or: [{ currency: { eq: "b" } }] }],
    [{ or: [{ or: [] }] }, { or: [{ or: [{}] }] }],
  ])("is another for another meaning: %j, %j", (one, other) => {
    expect(textOf(one).text).not.toBe(textOf(other).text);
    expect(textOf(one).shape).not.toBe(textOf(other).shape);
  });

  test("stands for one text", () => {
    const known = new Map<string, string>();
    fc.assert(
      fc.property(filter, (where) => {
        const { shape, text } = textOf(where);
        expect(known.get(shape) ?? text).toBe(text);
        known.set(shape, text);
      }),
      { numRuns: 2_000 },
    );
  });
});

test("a text in a filter is refused beyond what is worth looking for: PostgreSQL would lower it for every row", () => {
  const longFilter = (length: number) => ({ channel: { containsIgnoreCase: "a".repeat(length) } });
  expect(() => compileFilter(longFilter(maxFilterText), fields)).not.toThrow();
  expect(() => compileFilter(longFilter(maxFilterText + 1), fields)).toThrow(
    `at most ${maxFilterText} characters`,
  );
});
