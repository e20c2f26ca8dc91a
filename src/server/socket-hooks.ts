import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { ExecutionArgs, ExecutionResult, GraphQLError, GraphQLSchema } from "graphql";
import type { Context } from "graphql-ws";
import type { WebSocket } from "ws";
import type { RequestContext } from "../context.js";
import type { Authenticate, Caller } from "../platform/access/caller.js";
import { forPurpose, purposeHeader, purposeNamed } from "../platform/access/purpose.js";
import type { Audience } from "../platform/database/audience.js";
import { ApiError } from "../platform/errors.js";
import { faultOf, type Logger } from "../platform/log.js";
import { executePlanned } from "./executor/execute.js";
import type { Idempotency } from "./idempotency.js";
import type { KnownDocuments } from "./known-documents.js";
import type { Connection, Connections } from "./live/connections.js";
import type { Hub } from "./live/hub.js";
import type { LiveRequest } from "./live/live-request.js";
import type { LiveSocket } from "./live/live-socket.js";
import { SocketStream } from "./live/socket-stream.js";
import { clientError, graphqlError, prepareOperation, shownResult } from "./operation.js";
import { presentedKey } from "./presented-key.js";
import { unauthenticated } from "./refusals.js";
import type { SocketOperations } from "./socket-operations.js";
import { chargeRefused, spend, withCost } from "./spending.js";

export interface HookOptions {
  schema: GraphQLSchema;
  documents: KnownDocuments;
  idempotency: Idempotency;
  authenticate: Authenticate;
  createContext(caller: Caller, requestId: string, audience: Audience): RequestContext;
  hub: Hub;
  connections: Connections;
  logger: Logger;
}

/** What is known of a socket. */
export interface Extra extends Record<PropertyKey, unknown> {
  ws: WebSocket;
  request: IncomingMessage;
  live: LiveSocket;
  operations: SocketOperations;
  connection?: Connection;
}
/** What the client sent to introduce itself. */
export type Params = Record<string, unknown>;
type SocketContext = Context<Params, Extra>;

/** How long a socket may take to introduce itself. */
const initTimeoutMs = 3_000;

/** How a socket ends whose purpose is not one, or not its key's. */
const refusedPurposes: Readonly<Record<string, number>> = { BAD_PURPOSE: 4400, FORBIDDEN: 4403 };

/** What is done at each step of the protocol. */
export function socketHooks(options: HookOptions) {
  const { schema, logger } = options;
  const requests = new WeakMap<ExecutionArgs, { id: string; live: LiveRequest; extra: Extra }>();
  return {
    schema,
    connectionInitWaitTimeout: initTimeoutMs,
    onConnect: ({ extra, connectionParams }: SocketContext) => letIn(options, extra, connectionParams),
    onSubscribe({ extra }: SocketContext, id: string, payload: Parameters<typeof prepareOperation>[3]) {
      const { operations, connection } = extra;
      const { caller } = connection as Connection;
      const refusal = operations.refusal(id);
      if (refusal) {
        if (refusal.code === 4429) options.connections.ended.too_many_operations++;
        extra.ws.close(refusal.code, refusal.reason);
        return [unauthenticated()]; // never sent: the socket is closing
      }
      const prepared = prepareOperation(schema, options.documents, caller, payload);
      const audience = { left: false };
      const contextValue = options.createContext(caller, randomUUID(), audience);
      if (!("document" in prepared)) {
        chargeRefused(contextValue);
        return prepared;
      }
      // graphql-ws holds the message for as long as the operation lives.
      payload.variables = prepared.variables as Record<string, unknown>;
      payload.extensions = undefined;
      const args: ExecutionArgs = {
        schema,
        document: prepared.document,
        operationName: payload.operationName,
        variableValues: prepared.variables,
        contextValue,
      };
      operations.begin(id, args, audience);
      requests.set(args, { id, extra, live: { ...prepared, caller } });
      return spend(contextValue, prepared.price).then(
        () => args,
        (refusal: unknown) => {
          operations.end(args);
          operations.leave(id);
          return [graphqlError(refusal)];
        },
      );
    },
    async execute(args: ExecutionArgs) {
      const { live, extra } = requests.get(args)!;
      const context = args.contextValue as RequestContext;
      context.trail?.runs(live.document, live.operation);
      const attempt = { ...live, presented: extra.connection?.key ?? null, audience: context.audience };
      const run = () =>
        options.idempotency.once(
          attempt,
          async () => executePlanned(args),
          (result) => shownResult(logger, context.requestId, result),
        );
      const result = await extra.operations
        .once(args, run)
        .catch((refusal: unknown): ExecutionResult => ({ errors: [graphqlError(refusal)] }));
      return withCost(context, result);
    },
    async subscribe(args: ExecutionArgs) {
      const { id, live, extra } = requests.get(args)!;
      const { operations } = extra;
      const stream = new SocketStream(extra.live, id, (ended) => operations.end(args, ended));
      operations.follow(stream);
      const begun = await options.hub.follow(live, stream, stream.signal);
      if ("leave" in begun) {
        stream.begin(begun);
        return stream;
      }
      stream.end();
      return withCost(args.contextValue as RequestContext, begun);
    },
    onComplete({ extra }: SocketContext, id: string) {
      extra.operations.leave(id);
    },
    onClose({ extra }: SocketContext) {
      extra.operations.close();
      if (extra.connection) options.connections.dismiss(extra.connection);
    },
    onNext(
      _: unknown,
      __: string,
      ___: unknown,
      args: ExecutionArgs,
      result: { errors?: readonly GraphQLError[] },
    ) {
      const { requestId } = args.contextValue as RequestContext;
      const errors = result.errors?.map((error) => clientError(logger, requestId, error));
      return errors && { ...result, errors };
    },
    onError: (_: unknown, __: string, ___: unknown, errors: readonly GraphQLError[]) =>
      errors.map((error) => clientError(logger, randomUUID(), error)),
  };
}

/** Whether the socket may speak: its key is known, holds a place for it, and the client has not left meanwhile. */
async function letIn(options: HookOptions, extra: Extra, params: Params | undefined): Promise<boolean> {
  try {
    const given = { ...extra.request.headers, ...lowerCased(params) };
    const key = presentedKey(given);
    const found = await options.authenticate(key);
    if (!found || extra.ws.readyState !== extra.ws.OPEN) return false; // who has left is not admitted: its close is past
    const caller = forPurpose(found, purposeNamed(given.purpose ?? given[purposeHeader]));
    const connection: Connection = {
      key,
      caller,
      get bufferedBytes() {
        return extra.live.bufferedBytes;
      },
      revoke() {
        extra.ws.close(4403, "Forbidden");
        extra.operations.close();
      },
    };
    if (!options.connections.admit(connection)) {
      extra.ws.close(4429, "Too many connections with this key");
      return false;
    }
    extra.connection = connection;
    return true;
  } catch (error) {
    const closing = error instanceof ApiError && refusedPurposes[String(error.extensions.code)];
    if (closing) {
      extra.ws.close(closing, "The purpose is refused");
      return false;
    }
    options.logger.error(faultOf(error), "fault");
    extra.ws.close(4500, "Internal server error");
    return false;
  }
}

function lowerCased(params: Readonly<Params> | undefined): Params {
  return Object.fromEntries(Object.entries(params ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
}
