import {
  ApolloServer,
  type ApolloServerPlugin,
  type GraphQLRequestListener,
  type GraphQLResponse,
  HeaderMap,
} from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from "@apollo/server/plugin/disabled";
import type { FormattedExecutionResult, GraphQLError, GraphQLSchema } from "graphql";
import type { RequestContext } from "../context.js";
import type { Audience } from "../platform/database/audience.js";
import { ApiError } from "../platform/errors.js";
import type { Logger } from "../platform/log.js";
import { priceOf } from "./cost.js";
import type { Begun, Idempotency, ShownResult } from "./idempotency.js";
import type { KnownDocuments } from "./known-documents.js";
import {
  checkAccess,
  clientError,
  documentLimits,
  parseOptions,
  validationOptions,
  validationRules,
} from "./operation.js";
import { presentedKey } from "./presented-key.js";
import {
  createQueryReads,
  dataOf,
  objectsOf,
  type QueryReads,
  type ReadOptions,
  stringifyResult,
} from "./query-reads.js";
import { retryAfterSeconds } from "./refusals.js";
import { type AnswerCost, settle, spend } from "./spending.js";
import { withheldErrors } from "./withheld.js";

/** Apollo as the HTTP side of the one pipeline (`operation.ts`): its hooks call the same checks that the socket calls. */
export function createApollo(
  schema: GraphQLSchema,
  logger: Logger,
  reads: ReadOptions,
  documents: KnownDocuments,
  idempotency: Idempotency,
): ApolloServer<RequestContext> {
  return new ApolloServer<RequestContext>({
    schema,
    introspection: true,
    parseOptions,
    validationOptions,
    validationRules,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: true,
    stopOnTerminationSignals: false,
    allowBatchedHttpRequests: false,
    // Both headers force a preflight, so a page of a foreign origin cannot send them by itself.
    csrfPrevention: { requestHeaders: ["apollo-require-preflight", "authorization", "x-api-key"] },
    stringifyResult,
    persistedQueries: { cache: documents.cache },
    logger: quiet(logger),
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(), // it would wrap every resolver for good at the first request that asks
      ApolloServerPluginLandingPageDisabled(),
      pipeline(schema, logger, createQueryReads(schema, logger, reads), idempotency),
    ],
  });
}

function pipeline(
  schema: GraphQLSchema,
  logger: Logger,
  reads: QueryReads,
  idempotency: Idempotency,
): ApolloServerPlugin<RequestContext> {
  const begun = new WeakMap<Audience, Begun>();
  const hooks: GraphQLRequestListener<RequestContext> = {
    async didResolveOperation({ document, operation, contextValue, request }) {
      if (!operation) return;
      if (operation.operation === "subscription") {
        throw new ApiError(
          "BAD_REQUEST",
          "Subscriptions are served over WebSocket (graphql-transport-ws), or as events: accept text/event-stream.",
          {
            http: { status: 400 },
          },
        );
      }
      contextValue.trail?.runs(document, operation);
      const variables = request.variables ?? {};
      checkAccess(schema, document, operation, variables, contextValue.caller);
      await spend(contextValue, priceOf(schema, document, operation, variables));
      if (operation.operation !== "mutation") return;
      const headers = request.http?.headers;
      const started = await idempotency.begin({
        caller: contextValue.caller,
        presented: presentedKey(Object.fromEntries(headers ?? [])),
        header: headers?.get("idempotency-key"),
        document,
        operation,
        variables,
        audience: contextValue.audience,
      });
      if (started) begun.set(contextValue.audience, started);
    },
    async responseForOperation(request) {
      const started = begun.get(request.contextValue.audience);
      return started && "replay" in started ? replayed(started.replay) : reads.answer(request);
    },
    async willSendResponse({ request, response, errors, contextValue, document, operation }) {
      if (response.body.kind !== "single") return;
      const { singleResult } = response.body;
      const started = begun.get(contextValue.audience);
      const shown = (error: GraphQLError) => clientError(logger, contextValue.requestId, error);
      if (errors) singleResult.errors = errors.map(shown);
      // An answer that is given again holds its errors already.
      if (document && operation && singleResult.data && !(started && "replay" in started)) {
        const { variables } = request;
        const answered = { schema, document, operation, variables, caller: contextValue.caller };
        const withheld = withheldErrors(answered, () => dataOf(singleResult)).map(shown);
        if (withheld.length) singleResult.errors = [...(singleResult.errors ?? []), ...withheld];
      }
      const cost = settle(contextValue, objectsOf(singleResult));
      const read = singleResult.data ? reads.explanation(contextValue) : undefined;
      singleResult.extensions = { ...singleResult.extensions, ...(read && { read }), cost };
      tellInHeaders(response.http, cost);
      if (started && "end" in started) await started.end(singleResult);
      // A read that failed told its error itself.
      if (singleResult.errors) tellByStatus(response.http, request.http?.headers.get("accept"), singleResult);
    },
  };
  return { requestDidStart: async () => hooks };
}

/** The first answer again; the header says so. */
function replayed(result: ShownResult): GraphQLResponse {
  const headers = new HeaderMap([["idempotent-replayed", "true"]]);
  return { http: { headers }, body: { kind: "single", singleResult: result } } as GraphQLResponse;
}

/** The budget where balancers and generic clients look for it. */
function tellInHeaders({ headers }: GraphQLResponse["http"], { throttleStatus }: AnswerCost): void {
  if (!throttleStatus) return;
  headers.set("x-ratelimit-limit", String(throttleStatus.maximum));
  headers.set("x-ratelimit-remaining", String(Math.max(throttleStatus.available, 0)));
}

/** The status where Apollo's own does not say what balancers and clients decide by. */
function tellByStatus(
  http: GraphQLResponse["http"],
  accept: string | undefined,
  { data, errors = [] }: FormattedExecutionResult,
): void {
  const codes = errors.map(({ extensions }) => extensions?.code);
  if (!data && codes.includes("UNAVAILABLE")) {
    http.status = 503;
    http.headers.set("retry-after", retryAfterSeconds);
  } else if (acceptsOnlyJson(accept) && codes.every((code) => documentCodes.includes(code)))
    http.status = 200;
}

/**
 * Whether a client takes `application/json` alone. Older clients of that type look into an answer only when its status is
 * 200, so GraphQL over HTTP asks for it whenever the request itself was well formed.
 */
function acceptsOnlyJson(accept: string | undefined): boolean {
  return accept !== undefined && /^\s*application\/json\s*(;[^,]*)?$/i.test(accept);
}

/** Only the document or its variables are at fault, not the HTTP request, the access or the server. */
const documentCodes: readonly unknown[] = [
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "OPERATION_RESOLUTION_FAILURE",
  "BAD_USER_INPUT",
  ...documentLimits,
];

/** Apollo's own lines go to our log; they name no data. */
function quiet(logger: Logger) {
  const line = (level: "debug" | "info" | "warn" | "error") => (message: unknown) =>
    logger[level](String(message));
  return { debug: line("debug"), info: line("debug"), warn: line("warn"), error: line("error") };
}
