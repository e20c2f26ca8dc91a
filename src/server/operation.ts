import { maxAliasesRule } from "@escape.tech/graphql-armor-max-aliases";
import { maxDepthRule } from "@escape.tech/graphql-armor-max-depth";
import { maxDirectivesRule } from "@escape.tech/graphql-armor-max-directives";
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  type ParseOptions,
  parse,
  specifiedRules,
  type ValidationContext,
  type ValidationRule,
  validate,
} from "graphql";
import type { Caller } from "../platform/access/caller.js";
import { DatabaseError } from "../platform/database/errors.js";
import { ApiError } from "../platform/errors.js";
import {
  maxAliases,
  maxDepth,
  maxDirectives,
  maxDocumentBytes,
  maxDocumentTokens,
  maxValidationErrors,
} from "../platform/limits.js";
import type { Logger } from "../platform/log.js";
import { requirementsOf } from "./access.js";

// One preparation for every transport: HTTP gives these pieces to Apollo, the socket calls `prepareOperation`.

export const parseOptions: ParseOptions = { maxTokens: maxDocumentTokens };
export const validationOptions = { maxErrors: maxValidationErrors };

const report = {
  propagateOnRejection: false,
  onReject: [(context: ValidationContext | null, error: GraphQLError) => context?.reportError(error)],
};
export const validationRules: ValidationRule[] = [
  maxDepthRule({ n: maxDepth, flattenFragments: true, ...report }) as ValidationRule,
  maxAliasesRule({ n: maxAliases, allowList: [], ...report }) as ValidationRule,
  maxDirectivesRule({ n: maxDirectives, ...report }) as ValidationRule,
];

export interface PreparedOperation {
  document: DocumentNode;
  operation: OperationDefinitionNode;
}

/** Parses, validates, limits and authorises one operation of a socket; answers the errors when it may not run. */
export function prepareOperation(
  schema: GraphQLSchema,
  caller: Caller,
  request: { query: string; operationName?: string | null | undefined },
): PreparedOperation | readonly GraphQLError[] {
  try {
    checkDocumentSize(request.query);
    const document = parseDocument(request.query);
    const invalid = validate(schema, document, [...specifiedRules, ...validationRules], validationOptions);
    if (invalid.length) return invalid.map((error) => withCode(error, "GRAPHQL_VALIDATION_FAILED"));
    const operation = getOperationAST(document, request.operationName);
    if (!operation)
      return [
        withCode(new GraphQLError("No such operation in the document."), "OPERATION_RESOLUTION_FAILURE"),
      ];
    checkAccess(schema, document, operation, caller);
    return { document, operation };
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}

export function checkDocumentSize(query: string): void {
  if (Buffer.byteLength(query) > maxDocumentBytes) {
    throw new ApiError("PAYLOAD_TOO_LARGE", `A document may have at most ${maxDocumentBytes} bytes.`);
  }
}

/** Refuses an operation that selects anything the caller holds no scope for. Throws FORBIDDEN. */
export function checkAccess(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  caller: Caller,
): void {
  const missing = requirementsOf(schema, document, operation).find(({ scope }) => !caller.scopes.has(scope));
  if (!missing) return;
  throw new ApiError("FORBIDDEN", `${missing.field} needs the scope ${missing.scope}.`, {
    scope: missing.scope,
    field: missing.field,
    http: { status: 403 },
  });
}

const clientCodes = new Set([
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
  "UNAVAILABLE",
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "OPERATION_RESOLUTION_FAILURE",
  "PERSISTED_QUERY_NOT_FOUND",
  "PERSISTED_QUERY_NOT_SUPPORTED",
]);

/** What the client gets of an error: our own refusals as they are; a fault is logged under its id and masked. */
export function clientError(logger: Logger, requestId: string, error: unknown): GraphQLFormattedError {
  const graphQLError =
    error instanceof GraphQLError ? error : new GraphQLError("fault", { originalError: error as Error });
  const cause = rootCause(graphQLError);
  const { message, path, locations, extensions } = graphQLError.toJSON();
  const place = { ...(locations && { locations }), ...(path && { path }) };
  if (cause instanceof DatabaseError && cause.code !== "DATABASE_TRANSACTION") {
    logger.error({ requestId, code: cause.code }, "the database is not available");
    return {
      message: "The service is not available just now; try again soon.",
      ...place,
      extensions: { code: "UNAVAILABLE", requestId },
    };
  }
  const code = extensions?.code ?? (cause === graphQLError ? "BAD_USER_INPUT" : undefined);
  if (typeof code === "string" && clientCodes.has(code)) {
    const { http: _, stacktrace: __, ...shown } = extensions ?? {};
    return { message, ...place, extensions: { ...shown, code, requestId } };
  }
  logger.error(
    { requestId, err: { type: cause.name, message: sanitised(cause), stack: cause.stack } },
    "fault",
  );
  return {
    message: "Something went wrong on our side.",
    ...place,
    extensions: { code: "INTERNAL_SERVER_ERROR", requestId },
  };
}

/** Drizzle puts parameters, so personal data, into messages and stacks of failed statements: log the cause below it. */
function rootCause(error: Error): Error {
  const deeper = (error instanceof GraphQLError ? error.originalError : error.cause) as Error | undefined;
  return deeper instanceof Error && deeper !== error ? rootCause(deeper) : error;
}

function sanitised(error: Error): string {
  return error.message.slice(0, 500);
}

function parseDocument(query: string): DocumentNode {
  try {
    return parse(query, parseOptions);
  } catch (error) {
    throw error instanceof GraphQLError ? withCode(error, "GRAPHQL_PARSE_FAILED") : error;
  }
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    extensions: { ...error.extensions, code },
  });
}
