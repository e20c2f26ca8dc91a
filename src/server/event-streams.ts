import type { IncomingMessage, ServerResponse } from "node:http";
import { type ExecutionResult, GraphQLError, type GraphQLSchema } from "graphql";
import type { RequestContext } from "../context.js";
import { ApiError } from "../platform/errors.js";
import type { Logger } from "../platform/log.js";
import { executePlanned } from "./executor/execute.js";
import type { Idempotency } from "./idempotency.js";
import type { KnownDocuments } from "./known-documents.js";
import type { Connection, Connections } from "./live/connections.js";
import { EventOutlet } from "./live/event-outlet.js";
import type { Hub } from "./live/hub.js";
import type { Patience } from "./live/patience.js";
import { clientError, graphqlError, prepareOperation, shownResult } from "./operation.js";
import { refuseThrown } from "./refusals.js";
import { chargeRefused, type Price, settle, spend, withCost } from "./spending.js";

export interface EventStreamOptions {
  schema: GraphQLSchema;
  documents: KnownDocuments;
  idempotency: Idempotency;
  hub: Hub;
  connections: Connections;
  logger: Logger;
  patience: Patience;
}

export interface EventStreams {
  /** Answers as GraphQL over SSE, distinct connections: `next` events, then `complete`. `key` is what the client presented. */
  serve(request: IncomingMessage, response: ServerResponse, asked: Asked): Promise<void>;
  stop(): void;
}

interface Asked {
  key: string | null;
  context: RequestContext;
  /** The parsed body of a POST, else the query string. */
  from: unknown;
}

/** Whether the client wants its answer as events. */
export function wantsEvents({ headers }: IncomingMessage): boolean {
  return /\btext\/event-stream\b/i.test(headers.accept ?? "");
}

export function createEventStreams(options: EventStreamOptions): EventStreams {
  const { schema, documents, idempotency, hub, connections, logger, patience } = options;
  const open = new Set<EventOutlet>();
  const caring = setInterval(() => {
    const now = Date.now();
    for (const outlet of open) {
      if (outlet.check(now, patience.maxStuckMs) === "given up") connections.ended.too_slow++;
    }
  }, patience.keepAliveMs).unref();

  return { serve, stop };

  async function serve(request: IncomingMessage, response: ServerResponse, { key, context, from }: Asked) {
    const { caller, requestId } = context;
    const shownError = (error: GraphQLError) => clientError(logger, requestId, error);
    const shown = ({ errors, ...result }: ExecutionResult) =>
      errors ? { errors: errors.map(shownError), ...result } : result;
    const refuse = (error: GraphQLError) => refuseThrown(response, error, shownError(error));
    const asked = readRequest(from);
    if (asked instanceof GraphQLError) return refuse(asked);
    const prepared = prepareOperation(schema, documents, caller, asked);
    const isOperation = "document" in prepared;
    const isChangeByGet =
      isOperation && prepared.operation.operation === "mutation" && request.method === "GET";
    if (isChangeByGet) response.setHeader("allow", "POST");
    const refused = isChangeByGet ? changesByGet() : isOperation ? null : (prepared[0] as GraphQLError);
    const cost = refused && chargeRefused(context);
    if (refused && (isChangeByGet || refused.extensions.code === "GRAPHQL_PARSE_FAILED"))
      return refuse(refused);
    const unpaid = isOperation && (await refusalOf(context, prepared.price));
    if (unpaid) return refuse(unpaid);
    if (context.audience.left) return void settle(context, 0); // whose close is past would not be dismissed by it
    const outlet = new EventOutlet(response, shown);
    const connection: Connection = {
      key,
      caller,
      get bufferedBytes() {
        return outlet.bufferedBytes;
      },
      revoke: () => outlet.end(revoked()),
    };
    if (!connections.admit(connection)) {
      settle(context, 0);
      return refuse(tooMany());
    }
    open.add(outlet);
    response.once("close", () => {
      open.delete(outlet);
      connections.dismiss(connection);
      outlet.leave();
    });
    outlet.open();
    if (!isOperation) return outlet.finish({ errors: prepared, extensions: { cost } });
    const { document, operation, variables } = prepared;
    if (operation.operation !== "subscription") {
      const operationName = operation.name?.value ?? null;
      const args = { schema, document, operationName, variableValues: variables, contextValue: context };
      context.trail?.runs(document, operation);
      const header = request.headers["idempotency-key"];
      const attempt = {
        ...prepared,
        caller,
        presented: key,
        audience: context.audience,
        header: header ? String(header) : null,
      };
      const result = await idempotency
        .once(
          attempt,
          async () => executePlanned(args),
          (told) => shownResult(logger, requestId, told),
        )
        .catch((refusal: unknown): ExecutionResult => ({ errors: [graphqlError(refusal)] }));
      return outlet.finish(withCost(context, result));
    }
    const lastEventId = request.headers["last-event-id"];
    const after = typeof lastEventId === "string" && lastEventId !== "" ? lastEventId : null;
    const begun = await hub.follow({ ...prepared, caller, after }, outlet, outlet.signal);
    if ("leave" in begun) outlet.begin(begun);
    else outlet.finish(withCost(context, begun));
  }

  function stop(): void {
    clearInterval(caring);
    for (const outlet of open) outlet.abandon();
  }
}

type Readable = Parameters<typeof prepareOperation>[3];

function readRequest(from: unknown): Readable | GraphQLError {
  const refusal = (message: string) => new ApiError("BAD_REQUEST", message);
  const given = from instanceof URLSearchParams ? inAddress(from) : from;
  if (typeof given !== "object" || given === null) return refusal("The request has to be a JSON object.");
  const { query, documentId, extensions, operationName, variables } = given as Record<string, unknown>;
  const named = query === undefined && (documentId !== undefined || extensions !== undefined);
  if (typeof query !== "string" && !named) return refusal("`query` has to be a document.");
  if (operationName != null && typeof operationName !== "string")
    return refusal("`operationName` has to be a text.");
  if (variables != null && (typeof variables !== "object" || Array.isArray(variables)))
    return refusal("`variables` has to be an object.");
  return {
    ...(typeof query === "string" && { query }),
    documentId,
    extensions,
    operationName: operationName ?? null,
    variables: variables as Record<string, unknown> | null,
  };
}

function inAddress(given: URLSearchParams): Record<string, unknown> {
  const { variables, extensions, ...others } = Object.fromEntries(given);
  try {
    return {
      ...others,
      ...(extensions !== undefined && { extensions: JSON.parse(extensions) }),
      variables: variables === undefined ? null : JSON.parse(variables),
    };
  } catch {
    return { ...others, variables: "not JSON" };
  }
}

/** Charges the operation; the refusal where it cannot be paid for. */
async function refusalOf(context: RequestContext, price: Price): Promise<GraphQLError | null> {
  try {
    await spend(context, price);
    return null;
  } catch (refusal) {
    return graphqlError(refusal);
  }
}

function revoked(): ApiError {
  return new ApiError("UNAUTHENTICATED", "The key was revoked, has expired, or may do something else now.");
}

/** Whoever gets an address again, as browsers do when a stream ends, would change things again. */
function changesByGet(): ApiError {
  return new ApiError("BAD_REQUEST", "Mutations are sent by POST.", { http: { status: 405 } });
}

function tooMany(): ApiError {
  return new ApiError("TOO_MANY_CONNECTIONS", "This key holds too many live connections.");
}
