import type { ServerResponse } from "node:http";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { ApiError, type ClientCode, faultCode } from "../platform/errors.js";

/** Names a request in its answer, in its errors and in the log. */
export const requestIdHeader = "x-request-id";
/** When a client may ask again: the pool's waiting bound has passed then, and a database that restarts is often back. */
export const retryAfterSeconds = "5";

/** An answer outside of GraphQL: JSON with a code like every other. */
export function refuse(response: ServerResponse, status: number, code: ClientCode, message: string): void {
  refuseWith(response, status, [{ message, extensions: { code, requestId: requestIdOf(response) } }]);
}

/** The same with errors as clients are shown them. What passes says when to ask again: as told, or soon. */
export function refuseWith(
  response: ServerResponse,
  status: number,
  errors: readonly GraphQLFormattedError[],
  retryAfter = retryAfterSeconds,
): void {
  response.setHeader("content-type", "application/json; charset=utf-8");
  // The rest of a body that is too large is not read: the connection ends with the answer.
  if (status === 413) response.setHeader("connection", "close");
  if (status === 429 || status === 503) response.setHeader("retry-after", retryAfter);
  response.writeHead(status).end(JSON.stringify({ errors }));
}

/** The same for what was thrown, by the status that it carries, or that goes with the code that is shown of it. */
export function refuseThrown(response: ServerResponse, thrown: unknown, shown: GraphQLFormattedError): void {
  const http =
    thrown instanceof GraphQLError ? (thrown.extensions.http as CarriedHttp | undefined) : undefined;
  const status = http?.status ?? statusOfCode[String(shown.extensions?.code)] ?? 400;
  refuseWith(response, status, [shown], http?.headers?.get("retry-after"));
}

/** What an error may carry for an answer in which it stands alone. */
interface CarriedHttp {
  status?: number;
  headers?: ReadonlyMap<string, string>;
}

/** Where the request itself is not at fault. */
const statusOfCode: Readonly<Record<string, number>> = {
  PERSISTED_QUERY_NOT_FOUND: 200, // as clients that register documents expect it
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  TOO_MANY_CONNECTIONS: 429,
  [faultCode]: 500,
  UNAVAILABLE: 503,
};

export function requestIdOf(response: ServerResponse): string {
  return String(response.getHeader(requestIdHeader));
}

export function unauthenticated(): ApiError {
  return new ApiError("UNAUTHENTICATED", "Send a valid key: authorization: Bearer KEY, or x-api-key: KEY.");
}
