import { GraphQLError } from "graphql";

/** Codes of top-level errors that are ours. Everything else a client sees is masked as INTERNAL_SERVER_ERROR. */
export const errorCodes = [
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "BAD_REQUEST",
  "BAD_USER_INPUT",
  "BAD_ID",
  "BAD_CURSOR",
  "CURSOR_EPOCH",
  "CURSOR_EXPIRED",
  "CURSOR_AHEAD",
  "NOT_FOUND",
  "PAGE_TOO_LARGE",
  "BATCH_TOO_LARGE",
  "PAYLOAD_TOO_LARGE",
  "TOO_EXPENSIVE",
  "TOO_MANY_CONNECTIONS",
  "UNAVAILABLE",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

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
