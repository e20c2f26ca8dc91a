import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { handleProtocols, makeServer } from "graphql-ws";
import { WebSocketServer } from "ws";
import { maxSocketMessageBytes } from "../platform/limits.js";
import { faultOf, type Logger } from "../platform/log.js";
import { graphqlPath } from "./http.js";
import { LiveSocket } from "./live/live-socket.js";
import type { Patience } from "./live/patience.js";
import { originAllowed } from "./origins.js";
import { type Extra, type HookOptions, type Params, socketHooks } from "./socket-hooks.js";
import { SocketOperations } from "./socket-operations.js";

export interface WebSocketOptions extends HookOptions {
  /** The feed's cursor of a position. */
  cursorOf(pos: number): string;
  allowedOrigins: readonly string[];
  patience: Patience;
}

/** How long a socket may take to answer our goodbye. */
const goodbyeMs = 2_000;

/** graphql-transport-ws on the upgrade of the HTTP server. `stop` says goodbye to every client (1001). */
export function serveWebSocket(http: Server, options: WebSocketOptions): { stop(): Promise<void> } {
  const { keepAliveMs, maxStuckMs } = options.patience;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxSocketMessageBytes, handleProtocols });
  const protocol = makeServer<Params, Extra>(
    socketHooks(options) as Parameters<typeof makeServer<Params, Extra>>[0],
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
