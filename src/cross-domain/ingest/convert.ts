import { dateConverter } from "./dates.js";
import type { Format, Single } from "./mapping.js";

/** What a text becomes; undefined when it is not of that kind. */
export type Convert = (text: string) => string | number | boolean | undefined;

export function converterOf({ as, sign }: Single, format: Format): Convert {
  if (as === "date") return dateConverter(format.date!);
  if (as === "integer") return integerConverter(format, sign);
  if (as === "decimal") return decimalConverter(format, sign);
  if (as === "boolean") return (text) => booleans.get(text.trim().toLowerCase());
  return (text) => text;
}

export const conversionErrors = {
  date: ["INVALID_DATE", "is no date in the format of the mapping"],
  integer: ["INVALID_NUMBER", "is no whole number"],
  decimal: ["INVALID_NUMBER", "is no decimal number"],
  boolean: ["INVALID_BOOLEAN", "is neither true nor false"],
  text: ["INVALID_VALUE", "is no text"],
} as const;

const booleans = new Map([
  ["true", true],
  ["false", false],
  ["yes", true],
  ["no", false],
  ["1", true],
  ["0", false],
]);

/** A part of a text keeps all of it alive: what outlives its row is copied. */
export function ownCopy(text: string): string {
  return Buffer.from(text).toString();
}

function integerConverter(format: Format, sign: Single["sign"]): Convert {
  const digits = plainNumber(format);
  return (text) => {
    const plain = digits(text);
    if (plain === undefined || plain.includes(".")) return undefined;
    const number = Number(signed(plain, sign));
    return Number.isSafeInteger(number) ? number : undefined;
  };
}

function decimalConverter(format: Format, sign: Single["sign"]): Convert {
  const digits = plainNumber(format);
  return (text) => {
    const plain = digits(text);
    return plain === undefined ? undefined : signed(plain, sign);
  };
}

/** The number with nothing but digits, a point and a leading minus. Groups of thousands must be whole. */
function plainNumber({ decimal, thousands }: Format): (text: string) => string | undefined {
  const whole = thousands ? `\\d+|\\d{1,3}(?:${escaped(thousands)}\\d{3})+` : "\\d+";
  const pattern = new RegExp(`^([+-]?)(${whole})(?:${escaped(decimal)}(\\d+))?$`);
  return (text) => {
    const match = pattern.exec(text.trim());
    if (!match) return undefined;
    const integral = thousands ? match[2]!.replaceAll(thousands, "") : match[2]!;
    return `${match[1] === "-" ? "-" : ""}${integral}${match[3] === undefined ? "" : `.${match[3]}`}`;
  };
}

function escaped(character: string): string {
  return character === "." ? "\\." : character;
}

function signed(number: string, sign: Single["sign"]): string {
  const negative = number.startsWith("-");
  if (sign === "absolute" && negative) return number.slice(1);
  if (sign === "negate") return negative ? number.slice(1) : `-${number}`;
  return number;
}
