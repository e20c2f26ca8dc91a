import { GraphQLError } from "graphql";

/** Codes of top-level errors that are ours; `docs/errors.md` tells clients what they mean. */
export const errorCodes = [
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "BAD_REQUEST",
  "BAD_USER_INPUT",
  "BAD_ID",
  "BAD_CURSOR",
  "BAD_PURPOSE",
  "CURSOR_EPOCH",
  "CURSOR_EXPIRED",
  "CURSOR_AHEAD",
  "NOT_FOUND",
  "PURPOSE_NOT_SUPPORTED",
  "PAGE_TOO_LARGE",
  "BATCH_TOO_LARGE",
  "PAYLOAD_TOO_LARGE",
  "TOO_EXPENSIVE",
  "TOO_DEEP",
  "TOO_MANY_ALIASES",
  "ALIAS_TOO_LONG",
  "TOO_MANY_DIRECTIVES",
  "TOO_MANY_REPEATS",
  "TOO_MANY_ROOT_FIELDS",
  "TOO_MANY_TOKENS",
  "THROTTLED",
  "IDEMPOTENCY_CONFLICT",
  "IDEMPOTENCY_IN_PROGRESS",
  "IDEMPOTENCY_ANSWER_GONE",
  "DOCUMENT_NOT_FOUND",
  "DOCUMENT_NOT_TRUSTED",
  "TOO_MANY_CONNECTIONS",
  "UNAVAILABLE",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** Codes that graphql-js and Apollo give to what they refuse. */
export const protocolCodes = [
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "OPERATION_RESOLUTION_FAILURE",
  "PERSISTED_QUERY_NOT_FOUND",
  "PERSISTED_QUERY_NOT_SUPPORTED",
] as const;

/** What everything else is masked as. */
export const faultCode = "INTERNAL_SERVER_ERROR";

/** Every code that a top-level error can have. */
export type ClientCode = ErrorCode | (typeof protocolCodes)[number] | typeof faultCode;

/** An error meant for the client: its words and code pass the mask. */
export class ApiError extends GraphQLError {
  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message, { extensions: { ...details, code } });
  }
}

/** What a mutation says about one item it did not take: data, not an exception. */
export interface Refusal {
  code: string;
  /** Path of the input field, for example `customer.identity.value`. */
  field: string | null;
  message: string;
}
