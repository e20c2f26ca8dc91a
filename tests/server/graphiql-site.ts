import { EventEmitter, on, once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { buildSchema, graphql } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { chromium, type Page } from "playwright-core";
import { WebSocketServer } from "ws";
import { createGraphiql, type GraphiqlOptions } from "../../src/server/graphiql.js";

/** The one key the site knows. */
export const KEY = "c360_demo_0123456789";

/** Undefined where no browser is installed. */
export const chromiumPath = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((candidate) => candidate && existsSync(candidate));

export interface TestBrowser {
  /** A page in a context of its own, so with empty storage. */
  open(url: string): Promise<Page>;
  requests: string[];
  sockets: string[];
  violations: string[];
  faults: string[];
  stop(): Promise<void>;
}

/** A Chromium with a temporary profile of its own, and what all its pages did. */
export async function startBrowser(): Promise<TestBrowser> {
  const chromiumProcess = await chromium.launch({
    executablePath: chromiumPath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const requests: string[] = [];
  const sockets: string[] = [];
  const violations: string[] = [];
  const faults: string[] = [];
  return {
    requests,
    sockets,
    violations,
    faults,
    async open(url) {
      const page = await (
        await chromiumProcess.newContext({ viewport: { width: 1400, height: 900 } })
      ).newPage();
      page.on("request", (request) => requests.push(request.url()));
      page.on("websocket", (socket) => sockets.push(socket.url()));
      page.on("pageerror", (error) => faults.push(String(error)));
      page.on("console", (message) => {
        if (message.text().includes("Content Security Policy")) violations.push(message.text());
      });
      await page.addInitScript(`addEventListener("securitypolicyviolation", (event) =>
        console.error("Content Security Policy", event.violatedDirective, event.blockedURI));`);
      await page.goto(url);
      return page;
    },
    stop: () => chromiumProcess.close(),
  };
}

export interface Site {
  host: string;
  origin: string;
  /** "recorded" pushes a message; "listening" and "ended" tell of a subscription. */
  events: EventEmitter;
  connectionParams: unknown[];
  stop(): Promise<void>;
}

/** GraphiQL beside the smallest server it can talk to: one key, one query, one subscription. */
export async function startSite(options: GraphiqlOptions): Promise<Site> {
  const graphiql = createGraphiql(options);
  const events = new EventEmitter();
  const connectionParams: unknown[] = [];
  const rootValue = {
    customer: () => ({ displayName: "Jane Doe" }),
    interactionRecorded: () => recordedInteractions(events),
  };
  const server = createServer(async (request, response) => {
    if (request.url !== "/graphql") {
      if (!graphiql(request, response)) response.writeHead(404).end("not graphiql");
      return;
    }
    const { query, variables, operationName } = (await json(request)) as GraphQLRequest;
    response.setHeader("content-type", "application/json");
    if (!isKnown(request.headers)) {
      const error = { message: "Give a valid API key.", extensions: { code: "UNAUTHENTICATED" } };
      response.writeHead(401).end(JSON.stringify({ errors: [error] }));
      return;
    }
    const answer = await graphql({
      schema: SCHEMA,
      rootValue,
      source: query,
      variableValues: variables,
      operationName,
    });
    response.end(JSON.stringify(answer));
  });
  const sockets = new WebSocketServer({ server, path: "/graphql" });
  const subscriptions = useServer(
    {
      schema: SCHEMA,
      roots: { subscription: rootValue },
      onConnect: ({ connectionParams: params = {} }) => isKnown(params) && connectionParams.push(params) > 0,
    },
    sockets,
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    origin: `http://${host}`,
    events,
    connectionParams,
    async stop() {
      await subscriptions.dispose();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const SCHEMA = buildSchema(`
  "Everything the test knows."
  type Query { customer(id: ID!): Customer }
  type Customer { displayName: String! }
  type Subscription { interactionRecorded: Interaction! }
  type Interaction { summary: String! }
`);

function isKnown(given: Record<string, unknown>): boolean {
  return given.authorization === `Bearer ${KEY}` || given["x-api-key"] === KEY;
}

function recordedInteractions(events: EventEmitter): AsyncIterableIterator<unknown> {
  const source = on(events, "recorded");
  events.emit("listening");
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const { done, value } = await source.next();
      return done ? { done, value } : { done: false, value: { interactionRecorded: { summary: value[0] } } };
    },
    async return() {
      await source.return?.();
      events.emit("ended");
      return { done: true, value: undefined };
    },
  };
}

interface GraphQLRequest {
  query: string;
  variables?: Record<string, unknown>;
  operationName?: string;
}
