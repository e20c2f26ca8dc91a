import { GraphQLScalarType, Kind } from "graphql";
import { GraphQLJSONObject, GraphQLSafeInt } from "graphql-scalars";
import { ApiError } from "../errors.js";
import { isCurrency } from "../money.js";
import { parseInstant, parseRelative } from "../time.js";

/** A scalar that is text on the wire: `parse` gives the accepted value or null, `what` says what was expected. */
function textScalar(name: string, description: string, what: string, parse: (text: string) => string | null) {
  const read = (value: unknown): string => {
    const parsed = typeof value === "string" ? parse(value) : null;
    if (parsed === null) throw new ApiError("BAD_USER_INPUT", `Expected ${what}.`);
    return parsed;
  };
  return new GraphQLScalarType<string, string>({
    name,
    description,
    serialize: (value) => value as string,
    parseValue: read,
    parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : null),
  });
}

export const Instant = textScalar(
  "DateTime",
  "A point in time, RFC 3339 with a zone, for example `2026-11-21T09:30:00Z`; answers are in UTC and keep microseconds.",
  "an RFC 3339 date-time with a zone, like 2026-11-21T09:30:00Z",
  parseInstant,
);

export const InstantOrDuration = textScalar(
  "DateTimeOrDuration",
  "A point in time (RFC 3339) or a signed ISO 8601 duration from now: `-P30D` is thirty days ago.",
  "an RFC 3339 date-time or a signed ISO 8601 duration like -P30D",
  (text) => parseInstant(text) ?? parseRelative(text),
);

export const Decimal = textScalar(
  "Decimal",
  "An exact decimal number as text, for example `19.90`.",
  "a decimal number as text, like 19.90",
  (text) => (/^-?\d{1,20}(\.\d{1,10})?$/.test(text) ? text : null),
);

export const CurrencyCode = textScalar(
  "CurrencyCode",
  "An ISO 4217 currency code in capital letters, for example `EUR`.",
  "an ISO 4217 currency code in capital letters, like EUR",
  (text) => (isCurrency(text) ? text : null),
);

/** Checked where it is used, so that its refusals carry their own codes (BAD_CURSOR, CURSOR_EXPIRED, …). */
export const Cursor = new GraphQLScalarType<string, string>({
  name: "Cursor",
  description:
    "A place in an event stream, opaque. Give it back as `after` to receive everything that came later, on any node.",
  serialize: (value) => value as string,
  parseValue: (value) => {
    if (typeof value !== "string") throw new ApiError("BAD_CURSOR", "Expected a cursor that an answer gave.");
    return value;
  },
});

export const JsonObject = GraphQLJSONObject;
/** Whole numbers beyond 32 bits, exact up to 2^53: points and counters. */
export const SafeInt = GraphQLSafeInt;
