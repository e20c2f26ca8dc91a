import type { IncomingMessage, ServerResponse } from "node:http";
import { type DefinitionNode, type OperationDefinitionNode, parse, separateOperations } from "graphql";
import { type Asset, loadAssets, type Send, sendAsset, sendText } from "./graphiql/assets.js";
import { pageHtml } from "./graphiql/page.js";

export const GRAPHIQL_PATH = "/graphiql";

export interface GraphiqlOptions {
  /** Path of the GraphQL endpoint on this same origin, for POST and for WebSocket. */
  graphqlPath: string;
  /** Prefilled in the headers editor, in demo mode only, and only for a browser that addresses a loopback name. */
  key?: string;
  /** Shown first, one tab for each operation; the operations' names become the tabs' titles. */
  starter: string;
}

/** Serves the page and its assets; answers false when the path is not its own. No request leaves the machine. */
export function createGraphiql(
  options: GraphiqlOptions,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const tabs = tabsOf(options.starter);
  const assets = loadAssets(GRAPHIQL_PATH);
  const html = pageHtml(assets);
  const configFor = (host: string | undefined) =>
    JSON.stringify({
      graphqlPath: options.graphqlPath,
      headers: headersText(isLoopback(host) ? options.key : undefined),
      tabs,
    });

  const sendPage: Send = (request, response) => {
    response.setHeader("content-security-policy", contentSecurityPolicy(request.headers.host));
    return sendText(request, response, "text/html; charset=utf-8", html);
  };
  const routes = new Map<string, Send>([
    [GRAPHIQL_PATH, sendPage],
    [`${GRAPHIQL_PATH}/`, sendPage],
    [
      `${GRAPHIQL_PATH}/config.json`,
      (request, response) =>
        sendText(request, response, "application/json; charset=utf-8", configFor(request.headers.host)),
    ],
    ...assets.map((asset: Asset): [string, Send] => [
      asset.path,
      (request, response) => sendAsset(request, response, asset),
    ]),
  ]);
  return (request, response) => answer(routes, request, response);
}

function answer(routes: Map<string, Send>, request: IncomingMessage, response: ServerResponse): boolean {
  const send = routes.get((request.url ?? "").split("?", 1)[0] ?? "");
  if (!send) return false;
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("referrer-policy", "no-referrer");
  response.setHeader("cross-origin-resource-policy", "same-origin");
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
    return true;
  }
  send(request, response).catch(() => {
    // Only a broken installation gets here: an asset that was there at start cannot be read any more.
    if (response.headersSent) response.destroy();
    else
      response
        .writeHead(500, { "content-type": "text/plain", "cache-control": "no-store" })
        .end("unavailable");
  });
  return true;
}

/**
 * Nothing but this origin. Older browsers do not count a WebSocket as 'self', so its two spellings are named.
 * Inline *styles* are allowed because GraphiQL's dialogs insert one; inline scripts are not.
 */
function contentSecurityPolicy(host: string | undefined): string {
  const sockets = host && /^[\w.:[\]-]+$/.test(host) ? ` ws://${host} wss://${host}` : "";
  return [
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    `connect-src 'self'${sockets}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** A page elsewhere can point its own name at 127.0.0.1 and read our answers; it cannot make the name a loopback one. */
function isLoopback(host: string | undefined): boolean {
  if (!host || !URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

function headersText(key: string | undefined): string {
  return JSON.stringify({ authorization: `Bearer ${key ?? "PUT-YOUR-API-KEY-HERE"}` }, null, 2);
}

const HEADINGS: Record<OperationDefinitionNode["operation"], string> = {
  query: "# Query: Ctrl-Enter runs it; the key is under Headers.",
  mutation: "# Mutation: Ctrl-Enter runs it; the key is under Headers.",
  subscription: "# Subscription: Ctrl-Enter starts it and stops it.",
};

/** One document for each operation, with the fragments it uses, in the author's own layout and comments. */
function tabsOf(starter: string): string[] {
  const document = parse(starter);
  const texts = new Map<DefinitionNode, string>();
  let end = 0;
  for (const definition of document.definitions) {
    const start = end;
    end = definition.loc?.end ?? end;
    texts.set(definition, starter.slice(start, end).trim());
  }
  return Object.values(separateOperations(document)).map(({ definitions }) => {
    const operation = definitions.find((definition) => definition.kind === "OperationDefinition");
    const text = definitions.map((definition) => texts.get(definition)).join("\n\n");
    return operation && !text.startsWith("#") ? `${HEADINGS[operation.operation]}\n${text}\n` : `${text}\n`;
  });
}
