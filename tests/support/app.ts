import { randomBytes } from "node:crypto";
import { type Client, createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { type App, type AppOptions, startApp } from "../../src/app.js";
import type { TokenOptions } from "../../src/platform/access/tokens.js";
import type { ConnectionOptions, Database } from "../../src/platform/database/database.js";
import { createLogger } from "../../src/platform/log.js";
import { createTestDatabase } from "./database.js";

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an answer's shape is what each test is about
  data: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  errors: any[] | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  extensions: any;
}

export interface TestApp {
  url: string;
  /** Holds every scope. */
  key: string;
  app: App;
  services: App["services"];
  database: Database;
  connection: ConnectionOptions;
  /** Texts of all statements since it was emptied last, but for what the feed and the workers do on their own time. */
  statements: string[];
  execute(
    document: string,
    variables?: object,
    options?: { key?: string | null; purpose?: string },
  ): Promise<Answer>;
  /** A graphql-transport-ws client of this app. */
  socket(key?: string): Client;
  stop(): Promise<void>;
}

const ofTheFeed = /feed_head|PendingEvents|from "events"|webhook/;
const ofTheWorkers =
  /from "privacy_requests" where \("privacy_requests"\."status" in|insert into "audit_entries"/;

export const pseudonymSecret = "what the names that partners see are made of";

interface TestAppOptions {
  phoneRegion?: string;
  /** Off: every document goes through the resolvers. */
  compiledReads?: boolean;
  /** Off: answers are as they are in production. */
  explainReads?: boolean;
  /** Bounds and waiting times of live connections, where a test cannot wait for the real ones. */
  live?: Pick<AppOptions, "maxConnectionsPerKey" | "patience">;
  /** What a key may spend, where a test spends it. */
  budget?: AppOptions["budget"];
  sharedBudgets?: boolean;
  /** Path of a manifest. */
  trustedDocuments?: string;
  audit?: "all" | "changes" | "off";
  privacySecrets?: readonly string[];
  exportSigningKey?: string;
  /** On: the schema is that of a subgraph. */
  federation?: boolean;
  /** Whose tokens are taken besides keys. */
  tokens?: TokenOptions;
  /** Another app whose database this one shares. */
  on?: TestApp;
  natsUrl?: string;
  webhooks?: AppOptions["webhookOptions"];
  /** Off: webhooks are sent to public addresses only, as in production. */
  webhookPrivateAddresses?: boolean;
}

/** The real app on a database of its own, listening on a free loopback port. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const { connection, drop } = options.on
    ? { connection: options.on.connection, drop: async () => {} }
    : await createTestDatabase();
  const key = `test-${randomBytes(12).toString("hex")}`;
  const statements: string[] = [];
  const clients: Client[] = [];
  const app = await startApp({
    connection,
    host: "127.0.0.1",
    port: 0,
    adminKey: key,
    tokens: options.tokens ?? null,
    phoneRegion: options.phoneRegion ?? null,
    compiledReads: options.compiledReads ?? true,
    explainReads: options.explainReads ?? true,
    audit: options.audit ?? "changes",
    privacySecrets: options.privacySecrets ?? [],
    exportSigningKey: options.exportSigningKey ?? null,
    federation: options.federation ?? false,
    natsUrl: options.natsUrl ?? null,
    allowedOrigins: [],
    pseudonymSecret,
    ...options.live,
    webhookPrivateAddresses: options.webhookPrivateAddresses ?? true,
    webhookOptions: options.webhooks ?? {},
    trustedDocuments: options.trustedDocuments ?? null,
    sharedBudgets: options.sharedBudgets ?? false,
    ...(options.budget && { budget: options.budget }),
    logger: createLogger(process.env.TEST_LOG ?? "silent"),
    databaseOptions: {
      onStatement: (text) => {
        if (!ofTheFeed.test(text) && !ofTheWorkers.test(text)) statements.push(text);
      },
    },
  });
  return {
    url: app.url,
    key,
    app,
    services: app.services,
    database: app.services.database,
    connection,
    statements,
    async execute(document, variables = {}, { key: given = key, purpose } = {}) {
      const response = await fetch(`${app.url}/graphql`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(given && { authorization: `Bearer ${given}` }),
          ...(purpose !== undefined && { "x-purpose": purpose }),
        },
        body: JSON.stringify({ query: document, variables }),
      });
      const { data, errors, extensions } = (await response.json()) as Answer;
      return { status: response.status, data, errors, extensions };
    },
    socket(given = key) {
      const client = createClient({
        url: `${app.url.replace("http", "ws")}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams: { authorization: `Bearer ${given}` },
        retryAttempts: 0,
        lazy: true,
      });
      clients.push(client);
      return client;
    },
    async stop() {
      await Promise.all(clients.map((client) => client.dispose()));
      await app.stop();
      await drop();
    },
  };
}
