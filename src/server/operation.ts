import { maxAliasesRule } from "@escape.tech/graphql-armor-max-aliases";
import { maxDepthRule } from "@escape.tech/graphql-armor-max-depth";
import { maxDirectivesRule } from "@escape.tech/graphql-armor-max-directives";
import {
  type ASTNode,
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  locatedError,
  type OperationDefinitionNode,
  type ParseOptions,
  parse,
  specifiedRules,
  type ValidationContext,
  type ValidationRule,
  validate,
} from "graphql";
import { LRUCache } from "lru-cache";
import type { Caller } from "../platform/access/caller.js";
import { databaseErrorIn, sqlState, unavailableFaults } from "../platform/database/errors.js";
import { ApiError, type ErrorCode, errorCodes, faultCode, protocolCodes } from "../platform/errors.js";
import {
  maxAliases,
  maxAliasLength,
  maxDepth,
  maxDirectives,
  maxDocumentBytes,
  maxDocumentTokens,
  maxFieldRepeats,
  maxJsonDepth,
  maxRootFields,
  maxValidationErrors,
} from "../platform/limits.js";
import { faultOf, type Logger } from "../platform/log.js";
import { isDeeperThan } from "../platform/text.js";
import { requirementsOf } from "./access.js";
import { maxAliasLengthRule } from "./alias-length.js";
import { priceOf } from "./cost.js";
import type { ShownResult } from "./idempotency.js";
import { checkPersonalInputs } from "./kept-inputs.js";
import type { KnownDocuments } from "./known-documents.js";
import { keptVariables } from "./live/live-request.js";
import { checkPartner } from "./partner-access.js";
import { checkPurpose } from "./purpose-access.js";
import { maxRepeatsRule } from "./repeats.js";
import { maxRootFieldsRule } from "./root-fields.js";
import type { Price } from "./spending.js";

// One preparation for every transport: HTTP gives these pieces to Apollo, the socket calls `prepareOperation`.

export const parseOptions: ParseOptions = { maxTokens: maxDocumentTokens };
export const validationOptions = { maxErrors: maxValidationErrors };

/** Codes of bounds of a document, each its own: a client that meets one knows what to make smaller. */
export const documentLimits = [
  "TOO_DEEP",
  "TOO_MANY_ALIASES",
  "ALIAS_TOO_LONG",
  "TOO_MANY_DIRECTIVES",
  "TOO_MANY_REPEATS",
  "TOO_MANY_ROOT_FIELDS",
  "TOO_MANY_TOKENS",
] as const satisfies readonly ErrorCode[];

/** Apollo gives every error of a rule its own code: ours stands beside it until the client is told. */
const reportAs = (limit: (typeof documentLimits)[number]) => ({
  propagateOnRejection: false,
  onReject: [
    (context: ValidationContext | null, { message, nodes }: GraphQLError) =>
      context?.reportError(new GraphQLError(message, { nodes: nodes ?? null, extensions: { limit } })),
  ],
});
export const validationRules: ValidationRule[] = [
  maxDepthRule({ n: maxDepth, flattenFragments: true, ...reportAs("TOO_DEEP") }) as ValidationRule,
  maxAliasesRule({ n: maxAliases, allowList: [], ...reportAs("TOO_MANY_ALIASES") }) as ValidationRule,
  maxAliasLengthRule(maxAliasLength),
  maxDirectivesRule({ n: maxDirectives, ...reportAs("TOO_MANY_DIRECTIVES") }) as ValidationRule,
  maxRepeatsRule(maxFieldRepeats),
  maxRootFieldsRule(maxRootFields),
];
/** How graphql-js says it. */
const tooManyTokens = /^Syntax Error: Document contains more \w+ \d+ tokens/;

export interface PreparedOperation {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  /** What it may use of those that were sent. */
  variables: Readonly<Record<string, unknown>>;
  price: Price;
  /** Objects it may answer at most; of a subscription, with each event. */
  cost: number;
}

/** Parses, validates, limits and authorises one operation of a socket; answers the errors when it may not run. */
export function prepareOperation(
  schema: GraphQLSchema,
  documents: KnownDocuments | null,
  caller: Caller,
  request: {
    query?: string;
    documentId?: unknown;
    extensions?: unknown;
    operationName?: string | null | undefined;
    variables?: Readonly<Record<string, unknown>> | null | undefined;
  },
): PreparedOperation | readonly GraphQLError[] {
  try {
    // Their answers are made elsewhere: `partner-answers.ts`.
    if (caller.partner) return [new ApiError("FORBIDDEN", "Partners are answered over HTTP only, as JSON.")];
    const text = (documents ? documents.resolve(request, caller) : request.query) ?? "";
    if (Buffer.byteLength(text) > maxDocumentBytes) return [tooLarge()];
    if (isDeeperThan(request.variables, maxJsonDepth)) return [tooDeep()];
    const document = checkedDocument(schema, text);
    if (!("kind" in document)) return document;
    const operation = getOperationAST(document, request.operationName);
    if (!operation)
      return [
        withCode(new GraphQLError("No such operation in the document."), "OPERATION_RESOLUTION_FAILURE"),
      ];
    const given = request.variables ?? {};
    const variables = operation.operation === "subscription" ? keptVariables(operation, given) : given;
    checkAccess(schema, document, operation, variables, caller);
    const price = priceOf(schema, document, operation, variables);
    return { document, operation, variables, price, cost: price.cost };
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}

function tooDeep(): ApiError {
  return new ApiError("BAD_REQUEST", `Variables may be nested at most ${maxJsonDepth} levels.`);
}

function tooLarge(): ApiError {
  return new ApiError("PAYLOAD_TOO_LARGE", `A document may have at most ${maxDocumentBytes} bytes.`);
}

/**
 * Refuses an operation that selects anything the caller holds no scope for, or asks for rows by it (FORBIDDEN), or that is not
 * answered under its purpose (PURPOSE_NOT_SUPPORTED).
 */
export function checkAccess(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  caller: Caller,
): void {
  const missing = requirementsOf(schema, document, operation).find(({ scope }) => !caller.scopes.has(scope));
  if (missing) {
    throw new ApiError("FORBIDDEN", `${missing.field} needs the scope ${missing.scope}.`, {
      scope: missing.scope,
      field: missing.field,
      http: { status: 403 },
    });
  }
  checkPurpose(schema, document, operation, caller);
  checkPartner(schema, document, operation, variables, caller);
  checkPersonalInputs(schema, document, operation, variables, caller);
}

/** PostgreSQL's word for a statement that its time limit ended. */
const statementTimeout = "57014";
const clientCodes: ReadonlySet<string> = new Set([...errorCodes, ...protocolCodes]);

/** What the client gets of an error: our own refusals as they are; a fault is logged under its id and masked. */
export function clientError(logger: Logger, requestId: string, error: unknown): GraphQLFormattedError {
  const shown = error instanceof GraphQLError ? error.toJSON() : { message: "" };
  const { locations, path, extensions } = shown as GraphQLFormattedError;
  const place = { ...(locations && { locations }), ...(path && { path }) };
  const database = databaseErrorIn(error);
  const masked = { message: "Something went wrong on our side.", ...place };
  const internal = { ...masked, extensions: { code: faultCode, requestId } };
  if (database?.code === "DATABASE_ABANDONED") return internal; // nobody reads it
  if (database && unavailableFaults.has(database.code)) {
    logger.error({ requestId, code: database.code }, "the database is not available");
    const message = "The service is not available just now. Try again: what is sent twice is recorded once.";
    return { message, ...place, extensions: { code: "UNAVAILABLE", requestId } };
  }
  if (sqlState(error) === statementTimeout) {
    logger.error({ requestId, code: statementTimeout }, "a statement took too long");
    const message = "This took too long and was given up. Ask for less at once.";
    return { message, ...place, extensions: { code: "UNAVAILABLE", requestId } };
  }
  const code = codeOf(shown.message, extensions) ?? (isRefusedInput(error) ? "BAD_USER_INPUT" : undefined);
  if (typeof code === "string" && clientCodes.has(code)) {
    const { http: _, stacktrace: __, limit: ___, ...details } = extensions ?? {};
    return {
      message: withoutSuggestion(shown.message),
      ...place,
      extensions: { ...details, code, requestId },
    };
  }
  logger.error({ requestId, ...faultOf(error) }, "fault");
  return internal;
}

/** A result as the client is shown it. */
export function shownResult(
  logger: Logger,
  requestId: string,
  { data, errors }: ExecutionResult,
): ShownResult {
  return { data, ...(errors && { errors: errors.map((error) => clientError(logger, requestId, error)) }) };
}

function codeOf(message: string, extensions: GraphQLFormattedError["extensions"]): unknown {
  if (extensions?.code === "GRAPHQL_PARSE_FAILED" && tooManyTokens.test(message)) return "TOO_MANY_TOKENS";
  return extensions?.code === "GRAPHQL_VALIDATION_FAILED" && extensions.limit
    ? extensions.limit
    : extensions?.code;
}

/** Text of the documents that are kept: thousands of a front end's own. */
const maxKeptText = 4 * 1024 * 1024;
/** What a document costs besides its text, in characters: the smallest one, parsed, takes as much memory as one of this length. */
const textOfAny = 1_024;
const kept = new WeakMap<GraphQLSchema, LRUCache<string, DocumentNode>>();

/** The document, parsed and valid, or what is wrong with it. Good ones are kept: a thousand clients send the same. */
function checkedDocument(schema: GraphQLSchema, text: string): DocumentNode | readonly GraphQLError[] {
  let documents = kept.get(schema);
  if (!documents) {
    documents = new LRUCache({ maxSize: maxKeptText });
    kept.set(schema, documents);
  }
  const known = documents.get(text);
  if (known) return known;
  const document = parseDocument(text);
  const invalid = validate(schema, document, [...specifiedRules, ...validationRules], validationOptions);
  if (invalid.length) return invalid.map((error) => withCode(error, "GRAPHQL_VALIDATION_FAILED"));
  documents.set(text, document, { size: text.length + textOfAny });
  return document;
}

/** Anything that was thrown, as graphql-js would hand it on. */
export function graphqlError(thrown: unknown): GraphQLError {
  return thrown instanceof GraphQLError ? thrown : locatedError(thrown, []);
}

/** graphql-js tells who misspells a name what names there are, on every transport. */
function withoutSuggestion(message: string): string {
  const suggestion = message.endsWith("?") ? message.lastIndexOf(" Did you mean ") : -1;
  return suggestion < 0 ? message : message.slice(0, suggestion);
}

/**
 * Whether graphql-js refused a variable or an argument: it gives no code to that. A refused variable is told at its
 * definition, where no resolver is; an argument, of a directive too, at the value in the document, which no fault of a
 * resolver does.
 */
function isRefusedInput(error: unknown): boolean {
  if (!(error instanceof GraphQLError)) return false;
  const { originalError, nodes } = error;
  if (!originalError || nodes?.[0]?.kind === Kind.VARIABLE_DEFINITION) return true;
  if (!(originalError instanceof GraphQLError) || originalError.originalError) return false;
  return originalError.nodes?.length === 1 && valueKinds.has((originalError.nodes[0] as ASTNode).kind);
}

const valueKinds: ReadonlySet<Kind> = new Set([
  Kind.VARIABLE,
  Kind.NULL,
  Kind.INT,
  Kind.FLOAT,
  Kind.STRING,
  Kind.BOOLEAN,
  Kind.ENUM,
  Kind.LIST,
  Kind.OBJECT,
]);

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
