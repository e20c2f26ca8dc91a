import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type ExecutionArgs, execute, type GraphQLSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import type { RequestContext } from "../context.js";
import type { Caller } from "../platform/access/caller.js";
import { maxSocketMessageBytes, maxSocketOperations } from "../platform/limits.js";
import type { Logger } from "../platform/log.js";
import { graphqlPath, presentedKey } from "./http.js";
import { clientError, prepareOperation } from "./operation.js";
import { originAllowed } from "./origins.js";
import { subscribeFresh } from "./subscribe.js";

export interface WebSocketOptions {
  schema: GraphQLSchema;
  authenticate(key: string | null): Promise<Caller | null>;
  createContext(caller: Caller, requestId: string): RequestContext;
  allowedOrigins: readonly string[];
  logger: Logger;
}

/** How long a socket may take to introduce itself. */
const initTimeoutMs = 3_000;
const keepAliveMs = 12_000;

interface Extra extends Record<PropertyKey, unknown> {
  caller?: Caller;
  operations?: Set<string>;
}

/** graphql-transport-ws on the upgrade of the HTTP server. `stop` says goodbye to every client (1001). */
export function serveWebSocket(http: Server, options: WebSocketOptions): { stop(): Promise<void> } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxSocketMessageBytes });
  const cleanup = useServer<Record<string, unknown>, Extra>(
    {
      schema: options.schema,
      connectionInitWaitTimeout: initTimeoutMs,
      async onConnect(context) {
        const headers = { ...context.extra.request.headers, ...lowerCased(context.connectionParams) };
        const caller = await options.authenticate(presentedKey(headers));
        if (!caller) return false;
        context.extra.caller = caller;
        context.extra.operations = new Set();
        return true;
      },
      onSubscribe(context, id, payload) {
        const { caller, operations } = context.extra as Required<Extra>;
        if (operations.size >= maxSocketOperations) {
          context.extra.socket.close(4429, "Too many operations on one socket");
          return [];
        }
        const prepared = prepareOperation(options.schema, caller, payload);
        if (!("document" in prepared)) return prepared;
        operations.add(id);
        return {
          schema: options.schema,
          document: prepared.document,
          operationName: payload.operationName,
          variableValues: payload.variables,
          contextValue: options.createContext(caller, randomUUID()),
        } as ExecutionArgs;
      },
      onComplete(context, id) {
        context.extra.operations?.delete(id);
      },
      execute: (args) => execute(args),
      subscribe: (args) =>
        subscribeFresh(args, (last: RequestContext) => options.createContext(last.caller, last.requestId)),
      onNext: (_context, _id, _payload, args, result) =>
        result.errors && {
          ...result,
          errors: result.errors.map((error) => clientError(options.logger, requestIdOf(args), error)),
        },
      onError: (_context, _id, _payload, errors) =>
        errors.map((error) => clientError(options.logger, randomUUID(), error)) as never,
    },
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
  return {
    async stop() {
      await cleanup.dispose();
    },
  };
}

function requestIdOf(args: ExecutionArgs): string {
  return (args.contextValue as RequestContext).requestId;
}

function lowerCased(params: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(params ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
}
