import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { ExecutionArgs, GraphQLError, GraphQLSchema } from "graphql";
import type { Context } from "graphql-ws";
import { useServer } from "graphql-ws/use/ws";
import { type WebSocket, WebSocketServer } from "ws";
import type { RequestContext } from "../context.js";
import type { Caller } from "../platform/access/caller.js";
import type { Audience } from "../platform/database/audience.js";
import { maxSocketMessageBytes } from "../platform/limits.js";
import { faultOf, type Logger } from "../platform/log.js";
import { executePlanned } from "./executor/execute.js";
import { graphqlPath, presentedKey, unauthenticated } from "./http.js";
import { clientError, prepareOperation } from "./operation.js";
import { originAllowed } from "./origins.js";
import { SocketOperations } from "./socket-operations.js";
import { subscribeFresh } from "./subscribe.js";

export interface WebSocketOptions {
  schema: GraphQLSchema;
  authenticate(key: string | null): Promise<Caller | null>;
  createContext(caller: Caller, requestId: string, audience: Audience): RequestContext;
  allowedOrigins: readonly string[];
  logger: Logger;
}

/** How long a socket may take to introduce itself. */
const initTimeoutMs = 3_000;
const keepAliveMs = 12_000;
/** How soon a revoked key loses its sockets. One small statement per key in use. */
const recheckMs = 1_000;

/** What is known of a socket that has introduced itself. */
interface Session {
  key: string | null;
  caller: Caller;
  operations: SocketOperations;
}

type Extra = Record<PropertyKey, unknown> & {
  socket: WebSocket;
  request: IncomingMessage;
  session?: Session;
};
type Params = Record<string, unknown>;

/** graphql-transport-ws on the upgrade of the HTTP server. `stop` says goodbye to every client (1001). */
export function serveWebSocket(http: Server, options: WebSocketOptions): { stop(): Promise<void> } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxSocketMessageBytes });
  const sessions = new Map<Session, WebSocket>();
  const cleanup = useServer(
    hooks(options, sessions) as unknown as Parameters<typeof useServer>[0],
    sockets,
    keepAliveMs,
  );
  http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = (request.url ?? "").split("?")[0];
    if (path !== graphqlPath) return socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
    if (!originAllowed(request, options.allowedOrigins)) {
      return socket.end("HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n");
    }
    sockets.handleUpgrade(request, socket, head, (ws) => sockets.emit("connection", ws, request));
  });
  const recheck = setInterval(() => void closeRevoked(options, sessions), recheckMs).unref();
  return {
    async stop() {
      clearInterval(recheck);
      await cleanup.dispose();
    },
  };
}

function hooks(options: WebSocketOptions, sessions: Map<Session, WebSocket>) {
  const { schema, logger } = options;
  const operationsOf = new WeakMap<ExecutionArgs, SocketOperations>();
  return {
    schema,
    isProd: true, // close reasons then hold no message of a fault
    connectionInitWaitTimeout: initTimeoutMs,
    async onConnect({ extra, connectionParams }: Context<Params, Extra>) {
      try {
        const key = presentedKey({ ...extra.request.headers, ...lowerCased(connectionParams) });
        const caller = await options.authenticate(key);
        if (!caller) return false;
        extra.session = { key, caller, operations: new SocketOperations() };
        sessions.set(extra.session, extra.socket);
        return true;
      } catch (error) {
        logger.error(faultOf(error), "fault");
        extra.socket.close(4500, "Internal server error");
        return false;
      }
    },
    onSubscribe(
      { extra }: Context<Params, Extra>,
      id: string,
      payload: Parameters<typeof prepareOperation>[2],
    ) {
      const { caller, operations } = extra.session as Session;
      const refusal = operations.refusal(id);
      if (refusal) {
        extra.socket.close(refusal.code, refusal.reason);
        return [unauthenticated()]; // never sent: the socket is closing
      }
      const prepared = prepareOperation(schema, caller, payload);
      if (!("document" in prepared)) return prepared;
      const audience = { left: false };
      const args: ExecutionArgs = {
        schema,
        document: prepared.document,
        operationName: payload.operationName,
        variableValues: payload.variables ?? null,
        contextValue: options.createContext(caller, randomUUID(), audience),
      };
      operations.begin(id, args, audience);
      operationsOf.set(args, operations);
      return args;
    },
    onComplete({ extra }: Context<Params, Extra>, id: string) {
      extra.session?.operations.leave(id);
    },
    onClose({ extra }: Context<Params, Extra>) {
      if (!extra.session) return;
      extra.session.operations.close();
      sessions.delete(extra.session);
    },
    execute: (args: ExecutionArgs) => operationsOf.get(args)?.once(args, () => executePlanned(args)),
    subscribe: (args: ExecutionArgs) =>
      operationsOf
        .get(args)
        ?.stream(args, () =>
          subscribeFresh(args, ({ caller, requestId, audience }: RequestContext) =>
            options.createContext(caller, requestId, audience),
          ),
        ),
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

/** Closes the sockets whose key has been revoked, has expired, or holds other scopes than when they came. */
async function closeRevoked({ authenticate, logger }: WebSocketOptions, sessions: Map<Session, WebSocket>) {
  const callers = new Map<string | null, Promise<Caller | null>>();
  for (const [session, socket] of sessions) {
    const asked = callers.get(session.key) ?? authenticate(session.key);
    callers.set(session.key, asked);
    // While the database is away nobody can be asked; streams deliver nothing new then either.
    const caller = await asked.catch((error: unknown) => {
      logger.warn(faultOf(error), "keys cannot be checked");
      return session.caller;
    });
    if (!caller || !sameScopes(caller, session.caller)) socket.close(4403, "Forbidden");
  }
}

function sameScopes(a: Caller, b: Caller): boolean {
  return a.scopes.size === b.scopes.size && [...a.scopes].every((scope) => b.scopes.has(scope));
}

function lowerCased(params: Readonly<Params> | undefined): Params {
  return Object.fromEntries(Object.entries(params ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
}
