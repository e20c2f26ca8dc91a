import { expect, test } from "@jest/globals";
import { z } from "zod";
import {
  attributes,
  check,
  instant,
  optional,
  requiredText,
  shortText,
  wholeNumber,
} from "../../src/platform/input.js";

const item = z.strictObject({
  sourceRef: requiredText,
  at: optional(instant),
  count: optional(wholeNumber(0, 10)),
  note: optional(shortText),
  traits: optional(attributes),
});

test.each([
  [{}, "REQUIRED", "sourceRef"],
  [{ sourceRef: null }, "REQUIRED", "sourceRef"],
  [{ sourceRef: "" }, "REQUIRED", "sourceRef"],
  [{ sourceRef: 7 }, "INVALID_VALUE", "sourceRef"],
  [{ sourceRef: "a".repeat(501) }, "TOO_LONG", "sourceRef"],
  [{ sourceRef: "a\u0000" }, "INVALID_TEXT", "sourceRef"],
  [{ sourceRef: "a", at: "yesterday" }, "INVALID_DATE", "at"],
  [{ sourceRef: "a", count: 11 }, "INVALID_NUMBER", "count"],
  [{ sourceRef: "a", count: 1.5 }, "INVALID_NUMBER", "count"],
  [{ sourceRef: "a", sumary: "b" }, "UNKNOWN_FIELD", "sumary"],
  [{ sourceRef: "a", traits: ["b"] }, "INVALID_VALUE", "traits"],
  [{ sourceRef: "a", traits: { long: "x".repeat(16 * 1024) } }, "TOO_LONG", "traits"],
])("%j is refused as %s in %s", (input, code, field) => {
  expect(check(item, input)).toEqual({
    refusal: { code, field, message: expect.stringMatching(/^\w+ .+\.$/) },
  });
});

test("absent and null mean alike, and times become UTC", () => {
  expect(check(item, { sourceRef: "a", at: "2026-01-01T01:00:00+01:00", note: null })).toEqual({
    value: { sourceRef: "a", at: "2026-01-01T00:00:00Z", count: null, note: null, traits: null },
  });
});

test("attributes are kept as they came, whatever their members are called", () => {
  const text = '{"__proto__":{"a":1},"constructor":{"prototype":2},"":3}';
  const { value } = check(item, { sourceRef: "a", traits: JSON.parse(text) }) as {
    value: { traits: object };
  };
  expect(JSON.stringify(value.traits)).toBe(text);
});
