import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type ApolloServer, HeaderMap } from "@apollo/server";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import type { RequestContext } from "../context.js";
import { type ByteText, decoded, encoded } from "../platform/byte-text.js";
import { type Audience, leave } from "../platform/database/audience.js";
import { maxDocumentBytes } from "../platform/limits.js";
import { faultOf, type Logger } from "../platform/log.js";
import { type EventStreams, wantsEvents } from "./event-streams.js";
import { handedToApollo } from "./handed-to-apollo.js";
import type { KnownDocuments } from "./known-documents.js";
import { clientError } from "./operation.js";
import { allowOrigin } from "./origins.js";
import { presentedKey } from "./presented-key.js";
import { refuse, refuseThrown, requestIdHeader, requestIdOf } from "./refusals.js";
import { ClientLeft, readBody } from "./request-body.js";
import { chargeRefused } from "./spending.js";

export const graphqlPath = "/graphql";

export interface HttpOptions {
  apollo: ApolloServer<RequestContext>;
  /** Throws UNAUTHENTICATED when the request carries no valid key. */
  contextOf(request: IncomingMessage, requestId: string, audience: Audience): Promise<RequestContext>;
  allowedOrigins: readonly string[];
  /** Other pages (GraphiQL, health): answers true when the request was theirs. */
  pages: readonly ((request: IncomingMessage, response: ServerResponse) => boolean)[];
  documents: KnownDocuments;
  /** Answers whoever wants events. */
  events: EventStreams;
  logger: Logger;
}

/** Connections of one node; each costs a few tens of kilobytes. Beyond it new ones are closed at once. */
const maxConnections = 20_000;
/** A request without a body must not hold a connection for longer than this. */
const requestTimeoutMs = 30_000;
/** Longer than balancers keep a connection that is idle, a minute: else they use it just when it is closed here. */
const keepAliveMs = 65_000;
/** How often slow requests are looked for; Node's default would let them live twice as long. */
const requestCheckMs = 5_000;

/** GraphQL over HTTP on raw node:http. Every answer is JSON with a code, the refusals before GraphQL included. */
export function createHttpServer(options: HttpOptions): Server {
  const server = createServer({ connectionsCheckingInterval: requestCheckMs }, (request, response) => {
    response.setHeader(requestIdHeader, randomUUID());
    handle(options, request, response).catch((error: unknown) => {
      if (error instanceof ClientLeft || (request.destroyed && !request.complete)) return;
      options.logger.error(faultOf(error), "fault");
      if (!response.headersSent)
        refuse(response, 500, "INTERNAL_SERVER_ERROR", "Something went wrong on our side.");
      else response.destroy();
    });
  });
  server.requestTimeout = requestTimeoutMs;
  server.keepAliveTimeout = keepAliveMs;
  server.maxConnections = maxConnections;
  return server;
}

async function handle(
  options: HttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader("x-content-type-options", "nosniff");
  const url = request.url ?? "/";
  const query = url.indexOf("?");
  if ((query < 0 ? url : url.slice(0, query)) !== graphqlPath) {
    if (options.pages.some((page) => page(request, response))) return;
    return refuse(
      response,
      404,
      "NOT_FOUND",
      `There is nothing here; GraphQL is on ${graphqlPath}, GraphiQL on /graphiql.`,
    );
  }
  if (allowOrigin(request, response, options.allowedOrigins) && request.method === "OPTIONS") {
    response.writeHead(204).end();
    return;
  }
  // Who asks is known from the headers: a stranger's body is not even read.
  const requestId = requestIdOf(response);
  let context: RequestContext;
  try {
    context = await options.contextOf(request, requestId, audienceOf(response));
  } catch (error) {
    return refuseThrown(response, error, clientError(options.logger, requestId, error));
  }
  if (request.method !== "GET" && request.method !== "POST") {
    response.setHeader("allow", "GET, POST");
    return refuse(response, 405, "BAD_REQUEST", "GraphQL is asked by GET or POST.");
  }
  const body = await readBody(request);
  if (body.refusal) return refuse(response, body.refusal.status, body.refusal.code, body.refusal.message);
  const document = (body.value as { query?: unknown } | undefined)?.query;
  if (typeof document === "string" && isLongerThan(document, maxDocumentBytes)) {
    return refuse(
      response,
      413,
      "PAYLOAD_TOO_LARGE",
      `A document may have at most ${maxDocumentBytes} bytes.`,
    );
  }
  if (wantsEvents(request)) {
    const from = request.method === "GET" ? new URLSearchParams(url.slice(query + 1)) : body.value;
    return options.events.serve(request, response, { key: presentedKey(request.headers), context, from });
  }
  const asked = { search: query < 0 ? "" : url.slice(query), body: body.value };
  const handed = handedToApollo(options.documents, request.method, asked, context.caller);
  if (handed instanceof GraphQLError) {
    chargeRefused(context);
    return refuseThrown(response, handed, clientError(options.logger, requestId, handed));
  }
  const answer = await options.apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: {
      method: (request.method ?? "GET").toUpperCase(),
      headers: headersOf(request),
      ...handed,
    },
    context: async () => context,
  });
  if (answer.body.kind === "chunked") throw new Error("incremental delivery is not offered");
  const status = answer.status ?? 200;
  // As `stringifyResult` made it.
  const content = told(options, requestId, status, answer.body.string as ByteText);
  response.statusCode = status;
  for (const [name, value] of answer.headers) response.setHeader(name, value);
  response.setHeader("content-length", content.length);
  response.end(content, "latin1");
}

/** What Apollo refuses before its plugins run has not passed the mask, nor got the request's id: it does here. */
function told({ logger }: HttpOptions, requestId: string, status: number, content: ByteText): ByteText {
  if (status < 400 || content.includes(requestId)) return content;
  const { errors } = JSON.parse(decoded(content)) as { errors: GraphQLFormattedError[] };
  const shown = errors.map(({ message, extensions }) =>
    clientError(logger, requestId, new GraphQLError(message, { extensions })),
  );
  return encoded(JSON.stringify({ errors: shown }));
}

/** The client stays until the answer is sent, or its connection is gone. */
function audienceOf(response: ServerResponse): Audience {
  const audience = { left: false };
  response.once("close", () => {
    leave(audience);
  });
  return audience;
}

function headersOf(request: IncomingMessage): HeaderMap {
  const headers = new HeaderMap();
  const given = request.headers;
  for (const name in given) {
    const value = given[name];
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return headers;
}

function isLongerThan(text: string, bytes: number): boolean {
  return text.length > bytes || (text.length * 3 > bytes && Buffer.byteLength(text) > bytes);
}
