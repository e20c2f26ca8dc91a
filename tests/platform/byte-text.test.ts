import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { byteTextOf, decoded, encoded } from "../../src/platform/byte-text.js";

test("a text comes back from its bytes as it was, with one character for each byte", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (any) => {
      const text = any.toWellFormed();
      const bytes = Buffer.from(text);
      expect(encoded(text)).toBe(byteTextOf(bytes));
      expect(encoded(text)).toHaveLength(bytes.length);
      expect(decoded(encoded(text))).toBe(text);
    }),
  );
});

test.each([0, 1, 1_000, 1_001])(
  "a text of %i letters and one that is more than a byte come back too",
  (length) => {
    const plain = "a".repeat(length);
    expect(encoded(plain)).toBe(plain);
    expect(decoded(encoded(`${plain}é`))).toBe(`${plain}é`);
    expect(encoded(`${plain}é`)).toHaveLength(length + 2);
  },
);

test("a text too long to be encoded in place is encoded all the same", () => {
  const text = "مریم 😀 é ".repeat(40_000);
  expect(encoded(text)).toHaveLength(Buffer.byteLength(text));
  expect(decoded(encoded(text))).toBe(text);
});
