import type { Choices } from "./choices.js";
import type { GeneratedDocument } from "./documents.js";

/** How often one value of the variables is odd, by request. */
const oddShares = [0, 0, 0.01, 0.03, 0.1];
/** How often a variable that the document declares is not sent. */
const missingShare = 0.02;
const longText = "x".repeat(64 * 1_024);
const deep = JSON.parse(`${'{"a":['.repeat(20)}1${"]}".repeat(20)}`) as unknown;
const deeper = JSON.parse(`${'{"a":['.repeat(40)}1${"]}".repeat(40)}`) as unknown;

const texts: readonly string[] = [
  "",
  " ",
  longText,
  "\u0000",
  "a\u0000b",
  "\ud800",
  "a\udfff😀",
  "سلام ۱۲۳ می‌خواهم",
  "مُحَمَّد العربي",
  "\u202eabc\u202c",
  "\ufeff",
  "NaN",
  "null",
  "true",
  "NO_SUCH_VALUE",
  "__proto__",
  "'; drop table customers; --",
  "%s{{x}}",
  "a@b@c.example",
  "+999999999999999999",
  // Times.
  "0000-01-01T00:00:00Z",
  "0001-01-01T00:00:00+23:59",
  "9999-12-31T23:59:59.999999-23:59",
  "+275760-09-13T00:00:00Z",
  "2026-02-30T00:00:00Z",
  "2026-01-01T24:00:00Z",
  "2026-06-30T23:59:60Z",
  "2026-01-01T00:00:00",
  "-P99999999Y",
  "P9999Y",
  "-PT999999999999S",
  // Amounts.
  "0",
  "-0",
  "-1",
  "-0.01",
  "00012.50",
  "1e400",
  ".5",
  "99999999999999999999.9999999999",
  "123456789012345678901",
];
const numbers: readonly number[] = [
  0,
  -0,
  -1,
  0.5,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  -(2 ** 31) - 1,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 53),
  1e21,
  1.7976931348623157e308,
  5e-324,
];
const others: readonly unknown[] = [
  null,
  true,
  [],
  {},
  [[]],
  [null],
  { __proto__: null, a: 1 },
  deep,
  deeper,
];
/** Lists of no, few and too many members. */
const lengths: readonly number[] = [0, 2, 12, 101, 501, 1_001];

/** The same document with variables that hold what no client should send, some of it of the right type, and lack some. */
export function withOddVariables(
  choices: Choices,
  { query, variables }: GeneratedDocument,
): GeneratedDocument {
  const share = choices.oneOf(oddShares);
  const sent = Object.entries(variables).filter(() => !choices.chance(missingShare));
  return {
    query,
    variables: Object.fromEntries(sent.map(([name, value]) => [name, odd(choices, value, share)])),
  };
}

function odd(choices: Choices, value: unknown, share: number): unknown {
  if (choices.chance(share)) return inPlaceOf(choices, value);
  if (Array.isArray(value)) return value.map((one) => odd(choices, one, share));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, odd(choices, inner, share)] as const);
  return Object.fromEntries(choices.chance(share) ? entries.slice(1) : entries);
}

/** Mostly of the same kind, so that it gets past the types. */
function inPlaceOf(choices: Choices, value: unknown): unknown {
  if (choices.chance(0.25)) return choices.oneOf([...others, choices.oneOf(texts), choices.oneOf(numbers)]);
  if (typeof value === "string") return choices.oneOf(texts);
  if (typeof value === "number") return choices.oneOf(numbers);
  if (typeof value === "boolean") return !value;
  if (Array.isArray(value)) return lengthened(value, choices.oneOf(lengths));
  if (typeof value === "object" && value !== null) return { ...value, noSuchField: 1 };
  return choices.oneOf(texts);
}

function lengthened(list: readonly unknown[], length: number): unknown[] {
  if (list.length === 0) return list.slice();
  return Array.from({ length }, (_, i) => list[i % list.length]);
}

const pieces = [
  "{",
  "}",
  "(",
  ")",
  '"',
  '"""',
  "...",
  "@",
  "$",
  "#",
  "\u0000",
  "\ud800",
  "é",
  "on",
  "query",
  "a: ",
  "[",
  "!",
];

/** The document's text with a few places broken: cut, doubled, exchanged or written over. */
export function broken(choices: Choices, { query, variables }: GeneratedDocument): GeneratedDocument {
  let text = query;
  for (let i = 1 + choices.below(3); i > 0; i--) {
    const [from, length] = [choices.below(text.length + 1), 1 + choices.below(20)];
    const [before, part, after] = [
      text.slice(0, from),
      text.slice(from, from + length),
      text.slice(from + length),
    ];
    const turns = [
      before + after,
      before + part + part + after,
      before + choices.oneOf(pieces) + part + after,
      before,
      after,
    ];
    text = choices.oneOf(turns);
  }
  return { query: text, variables };
}
