import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { ExecutionArgs, ExecutionResult, GraphQLError, GraphQLSchema } from "graphql";
import { type Context, handleProtocols, makeServer } from "graphql-ws";
import { type WebSocket, WebSocketServer } from "ws";
import type { RequestContext } from "../context.js";
import type { Authenticate, Caller } from "../platform/access/caller.js";
import { purposeHeader, readPurpose, underPurpose } from "../platform/access/purpose.js";
import type { Audience } from "../platform/database/audience.js";
import { ApiError } from "../platform/errors.js";
import { maxSocketMessageBytes } from "../platform/limits.js";
import { faultOf, type Logger } from "../platform/log.js";
import { executePlanned } from "./executor/execute.js";
import { graphqlPath, presentedKey, unauthenticated } from "./http.js";
import type { Idempotency } from "./idempotency.js";
import type { KnownDocuments } from "./known-documents.js";
import type { Connection, Connections } from "./live/connections.js";
import type { Hub } from "./live/hub.js";
import type { LiveRequest } from "./live/live-request.js";
import { LiveSocket } from "./live/live-socket.js";
import type { Patience } from "./live/patience.js";
import { SocketStream } from "./live/socket-stream.js";
import { clientError, graphqlError, prepareOperation, shownResult } from "./operation.js";
import { originAllowed } from "./origins.js";
import { SocketOperations } from "./socket-operations.js";
import { spend, withCost } from "./spending.js";

export interface WebSocketOptions {
  schema: GraphQLSchema;
  documents: KnownDocuments;
  idempotency: Idempotency;
  authenticate: Authenticate;
  createContext(caller: Caller, requestId: string, audience: Audience): RequestContext;
  hub: Hub;
  connections: Connections;
  /** The feed's cursor of a position. */
  cursorOf(pos: number): string;
  allowedOrigins: readonly string[];
  logger: Logger;
  patience: Patience;
}

/** How long a socket may take to introduce itself. */
const initTimeoutMs = 3_000;
/** How long a socket may take to answer our goodbye. */
const goodbyeMs = 2_000;

/** How a socket ends whose purpose is not one, or not its key's. */
const refusedPurposes: Readonly<Record<string, number>> = { BAD_PURPOSE: 4400, FORBIDDEN: 4403 };

/** What is known of a socket. */
interface Extra extends Record<PropertyKey, unknown> {
  ws: WebSocket;
  request: IncomingMessage;
  live: LiveSocket;
  operations: SocketOperations;
  connection?: Connection;
}
type Params = Record<string, unknown>;
type SocketContext = Context<Params, Extra>;

/** graphql-transport-ws on the upgrade of the HTTP server. `stop` says goodbye to every client (1001). */
export function serveWebSocket(http: Server, options: WebSocketOptions): { stop(): Promise<void> } {
  const { keepAliveMs, maxStuckMs } = options.patience;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxSocketMessageBytes, handleProtocols });
  const protocol = makeServer<Params, Extra>(
    hooks(options) as Parameters<typeof makeServer<Params, Extra>>[0],
  );
  const open = new Set<Extra>();
  http.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const path = (request.url ?? "").split("?")[0];
    if (path !== graphqlPath) return stream.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
    if (!originAllowed(request, options.allowedOrigins)) {
      return stream.end("HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n");
    }
    sockets.handleUpgrade(request, stream, head, (ws) => {
      const live = new LiveSocket(ws, stream);
      const extra: Extra = { ws, request, live, operations: new SocketOperations() };
      open.add(extra);
      ws.on("close", () => open.delete(extra));
      speak(protocol, extra, options.logger);
    });
  });
  const caring = setInterval(() => {
    const now = Date.now();
    for (const { live } of open) {
      if (live.check(now, maxStuckMs, options.cursorOf) === "given up") options.connections.ended.too_slow++;
    }
  }, keepAliveMs).unref();
  return {
    async stop() {
      clearInterval(caring);
      for (const { ws } of open) ws.close(1001, "Going away");
      const cut = setTimeout(() => {
        for (const { ws } of open) ws.terminate();
      }, goodbyeMs);
      await new Promise((resolve) => sockets.close(resolve));
      clearTimeout(cut);
    },
  };
}

/** What graphql-ws throws of a well-formed message that only a server sends. */
const unexpected = /^Unexpected message of type/;

/** Lets graphql-ws speak the protocol on one socket. */
function speak(protocol: ReturnType<typeof makeServer<Params, Extra>>, extra: Extra, logger: Logger): void {
  const { ws } = extra;
  const fault = (error: unknown) => {
    if (error instanceof Error && unexpected.test(error.message)) return ws.close(4400, "Bad request");
    logger.error(faultOf(error), "fault");
    ws.close(4500, "Internal server error");
  };
  ws.on("error", (error) => {
    logger.debug(faultOf(error), "socket");
    ws.close(4400, "Bad request");
  });
  const closed = protocol.opened(
    {
      protocol: ws.protocol,
      send: async (text) => {
        if (ws.readyState === ws.OPEN) ws.send(text);
        await extra.live.room();
      },
      close: (code, reason) => ws.close(code, reason),
      // ws hands on what comes until the client has answered our goodbye: who was sent away does nothing more.
      onMessage: (take) =>
        ws.on("message", (data) => {
          if (ws.readyState === ws.OPEN) take(withQuery(String(data))).catch(fault);
        }),
    },
    extra,
  );
  ws.on("close", (code, reason) => void closed(code, String(reason)).catch(fault));
}

function hooks({ schema, logger, ...options }: WebSocketOptions) {
  const requests = new WeakMap<ExecutionArgs, { id: string; live: LiveRequest; extra: Extra }>();
  return {
    schema,
    connectionInitWaitTimeout: initTimeoutMs,
    async onConnect({ extra, connectionParams }: SocketContext) {
      try {
        const given = { ...extra.request.headers, ...lowerCased(connectionParams) };
        const key = presentedKey(given);
        const found = await options.authenticate(key);
        if (!found) return false;
        const caller = underPurpose(found, readPurpose(given.purpose ?? given[purposeHeader]));
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
        logger.error(faultOf(error), "fault");
        extra.ws.close(4500, "Internal server error");
        return false;
      }
    },
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
      if (!("document" in prepared)) return prepared;
      const audience = { left: false };
      const variables = payload.variables ?? {};
      const args: ExecutionArgs = {
        schema,
        document: prepared.document,
        operationName: payload.operationName,
        variableValues: variables,
        contextValue: options.createContext(caller, randomUUID(), audience),
      };
      operations.begin(id, args, audience);
      requests.set(args, { id, extra, live: { ...prepared, variables, caller } });
      return spend(args.contextValue as RequestContext, prepared.price).then(
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
      return begun;
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

/** graphql-ws refuses a request without a text; one that names its document otherwise has an empty one. */
function withQuery(message: string): string {
  if (message.includes('"query"') || !/"(documentId|persistedQuery)"/.test(message)) return message;
  try {
    const given = JSON.parse(message);
    return JSON.stringify({ ...given, payload: { ...given.payload, query: "" } });
  } catch {
    return message;
  }
}

function lowerCased(params: Readonly<Params> | undefined): Params {
  return Object.fromEntries(Object.entries(params ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
}
