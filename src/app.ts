import "reflect-metadata";
import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { sql } from "drizzle-orm";
import { createContext, type Services } from "./context.js";
import { Feed } from "./cross-domain/live/feed.js";
import { startRetention } from "./cross-domain/live/retention.js";
import { type Sequencer, startSequencer } from "./cross-domain/live/sequencer.js";
import { Signer } from "./cross-domain/privacy/signer.js";
import { startPrivacyWorker } from "./cross-domain/privacy/worker.js";
import { selectOldestNeeded } from "./domains/webhooks/webhook-progress.queries.js";
import { type Authenticate, type Caller, createAuthenticate } from "./platform/access/caller.js";
import { startKeyUse } from "./platform/access/key-use.js";
import { rememberCallers } from "./platform/access/remembered-callers.js";
import { createTokenReader, type TokenOptions } from "./platform/access/tokens.js";
import { AuditLog } from "./platform/audit/audit-log.js";
import { connectNats } from "./platform/broker/nats.js";
import type { Audience } from "./platform/database/audience.js";
import { type ConnectionOptions, type DatabaseOptions, openDatabase } from "./platform/database/database.js";
import { migrateDatabase } from "./platform/database/migrate.js";
import { defaultMaxConnectionsPerKey } from "./platform/limits.js";
import { faultOf, type Logger } from "./platform/log.js";
import { Suppressions } from "./platform/privacy/suppressions.js";
import { CompiledReads } from "./platform/reads/compiled-reads.js";
import { createApollo } from "./server/apollo.js";
import { builtSchema } from "./server/build-schema.js";
import { createEventStreams } from "./server/event-streams.js";
import { asSubgraph } from "./server/federation.js";
import { watchFeed } from "./server/feed-metrics.js";
import { createGraphiql } from "./server/graphiql.js";
import { createHealth } from "./server/health.js";
import { createHttpServer, graphqlPath, presentedKey, unauthenticated } from "./server/http.js";
import { Connections } from "./server/live/connections.js";
import { Hub } from "./server/live/hub.js";
import { defaultPatience, type Patience } from "./server/live/patience.js";
import { watchLive } from "./server/live-metrics.js";
import { createMetrics, createMetricsPage, type Metrics } from "./server/metrics.js";
import { createPrivacyPages } from "./server/privacy-pages.js";
import { reads } from "./server/reads.js";
import { starter } from "./server/starter.js";
import { startWebhooks, type WebhookOptions } from "./server/webhooks.js";
import { serveWebSocket } from "./server/websocket.js";

export interface AppOptions {
  connection: ConnectionOptions;
  host: string;
  port: number;
  adminKey: string | null;
  /** Whose tokens are taken besides keys. */
  tokens?: TokenOptions | null;
  phoneRegion: string | null;
  allowedOrigins: readonly string[];
  logger: Logger;
  /** Shown in GraphiQL: only for demonstrations. */
  shownKey?: string;
  databaseOptions?: DatabaseOptions;
  /** Queries become one SQL statement each where they can; else every document goes through the resolvers. */
  compiledReads?: boolean;
  /** Answers tell in `extensions.read` how they were read. */
  explainReads?: boolean;
  /** The schema is that of a subgraph of Apollo Federation v2. */
  federation?: boolean;
  /** Live connections that one key may hold; see `defaultMaxConnectionsPerKey`. */
  maxConnectionsPerKey?: number;
  /** How long slow and silent clients are waited for. */
  patience?: Partial<Patience>;
  /** What is written down of who reads or changes whose data; changes when left out. */
  audit?: "all" | "changes" | "off";
  /** Secrets of the suppression list, the present one first; without any the database keeps one. */
  privacySecrets?: readonly string[];
  /** PKCS#8 PEM of the key that signs exports; without one the database keeps one. */
  exportSigningKey?: string | null;
  /** Days that events are kept for streams that resume. */
  eventRetentionDays?: number;
  /** Spares nodes reading what another has read; null: every node reads the log. */
  natsUrl?: string | null;
  /** Webhooks may be sent by http and to addresses that are not public: for tests and development. */
  webhookPrivateAddresses?: boolean;
  webhookOptions?: Omit<WebhookOptions, "allowPrivate">;
}

export interface App {
  services: Services;
  url: string;
  /** What this node's live connections cost. */
  live: { readonly connectionCount: number; readonly followerCount: number; readonly bufferedBytes: number };
  /** Lets what runs finish, says goodbye to sockets, and gives every resource back. */
  stop(): Promise<void>;
}

/** A week: as long as a client may be away over a holiday, and longer than webhooks are tried. */
const defaultRetentionDays = 7;
/** How long requests under way may take to finish when the app stops; then their connections are cut. */
const drainMs = 10_000;

/** The composition root: everything is made here, in plain calls, and given back in the opposite order. */
export async function startApp(options: AppOptions): Promise<App> {
  const opened: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    const metrics = createMetrics();
    const services = await startServices(options, metrics, opened);
    const { url, live } = await serve(options, services, metrics, opened);
    return { services, url, live, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startServices(
  options: AppOptions,
  metrics: Metrics,
  opened: (() => Promise<unknown>)[],
): Promise<Services> {
  await migrateDatabase(options.connection);
  const database = openDatabase(options.connection, options.databaseOptions);
  opened.push(() => database.close());
  const onFault = (error: unknown) => options.logger.error(faultOf(error), "live");
  const broker = options.natsUrl ? connectNats(options.natsUrl, { onFault }) : undefined;
  if (broker) opened.push(() => broker.close());
  let sequencer: Sequencer | undefined;
  const leading = () => sequencer?.leading ?? false;
  const feed = new Feed(database, { onFault, broker, leading });
  opened.push(() => feed.close());
  sequencer = startSequencer(database, { onFault, onStamped: (head) => feed.poke(head) });
  opened.push(() => sequencer.stop());
  await feed.ready();
  const watched = watchFeed(metrics, { database, feed, leading });
  const keepDays = options.eventRetentionDays ?? defaultRetentionDays;
  const retention = startRetention(database, {
    keepDays,
    neededFrom: selectOldestNeeded,
    leading,
    onRemoved: watched.removed,
    onFault,
  });
  opened.push(() => retention.stop());
  const suppressions = await Suppressions.open(database, options.privacySecrets ?? []);
  const onCommitted = () => sequencer.poke();
  const privacy = startPrivacyWorker(database, {
    suppressions,
    onCommitted,
    onFault: (error) => options.logger.error(faultOf(error), "privacy"),
  });
  opened.push(() => privacy.stop());
  const webhooks = startWebhooks(
    {
      schema: await builtSchema(),
      database,
      feed,
      logger: options.logger,
      hasAdmin: options.adminKey !== null,
      contextOf: (caller, requestId) => createContext(services, caller, requestId, { left: false }),
    },
    { allowPrivate: options.webhookPrivateAddresses ?? false, ...options.webhookOptions },
  );
  opened.push(() => webhooks.stop());
  const services: Services = {
    database,
    feed,
    phoneRegion: options.phoneRegion,
    suppressions,
    privacy,
    onCommitted,
    webhooks,
  };
  return services;
}

async function serve(
  options: AppOptions,
  services: Services,
  metrics: Metrics,
  opened: (() => Promise<unknown>)[],
): Promise<Pick<App, "url" | "live">> {
  const { logger, allowedOrigins } = options;
  const { database } = services;
  const schema = options.federation ? await asSubgraph(await builtSchema()) : await builtSchema();
  const onFault = (error: unknown) => logger.error(faultOf(error), "audit");
  const { audit: audited = "changes" } = options;
  const audit = audited === "off" ? null : new AuditLog(database, { reads: audited === "all", onFault });
  opened.push(async () => audit?.flush().catch(onFault));
  const compiled =
    (options.compiledReads ?? true)
      ? new CompiledReads(schema, reads, database, { audited: audited === "all" })
      : null;
  const readOptions = { compiled, metrics, explain: options.explainReads ?? false };
  const apollo = createApollo(schema, logger, readOptions);
  await apollo.start();
  opened.push(() => apollo.stop());
  const authenticate = startAuthenticate(options, services, opened);
  const identify = rememberCallers(authenticate);
  const signer = await Signer.open(database, options.exportSigningKey ?? null);
  let stopping = false;
  const contextFor = (caller: Caller, requestId: string, audience: Audience) =>
    createContext(services, caller, requestId, audience, audit?.trail(caller.keyId, requestId));
  const hub = new Hub({
    schema,
    logger,
    // Not on a trail of its own: what is delivered is shared by many, who are noted as they begin to follow.
    contextOf: ({ caller }, requestId, audience) => createContext(services, caller, requestId, audience),
    onFollowed({ caller, document, operation }, { customerId }) {
      const trail = audit?.trail(caller.keyId, randomUUID());
      trail?.runs(document, operation);
      trail?.subscribed(customerId ? [customerId] : []);
    },
  });
  const maxPerKey = options.maxConnectionsPerKey ?? defaultMaxConnectionsPerKey;
  const connections = new Connections({ authenticate, logger, maxPerKey });
  opened.push(async () => connections.stop());
  watchLive(metrics, connections, hub);
  const patience = { ...defaultPatience, ...options.patience };
  const events = createEventStreams({ schema, hub, connections, logger, patience });
  const http = createHttpServer({
    apollo,
    events,
    logger,
    allowedOrigins,
    pages: [
      createHealth(async () => !stopping && (await answers(services))),
      createMetricsPage(metrics, identify),
      createPrivacyPages({ database, signer, identify, logger, audit }),
      createGraphiql({ graphqlPath, starter, ...(options.shownKey && { key: options.shownKey }) }),
    ],
    async contextOf(request, requestId, audience) {
      const caller = await identify(presentedKey(request.headers));
      if (!caller) throw unauthenticated();
      return contextFor(caller, requestId, audience);
    },
  });
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(options.port, options.host, resolve);
  });
  opened.push(() => drain(http));
  const sockets = serveWebSocket(http, {
    schema,
    logger,
    allowedOrigins,
    authenticate,
    createContext: contextFor,
    hub,
    connections,
    cursorOf: (pos) => services.feed.feedCursor(pos),
    patience,
  });
  opened.push(async () => {
    stopping = true;
    events.stop();
    await sockets.stop();
  });
  const live = {
    get connectionCount() {
      return connections.count;
    },
    get followerCount() {
      return hub.followerCount;
    },
    get bufferedBytes() {
      return connections.bufferedBytes;
    },
  };
  return { url: urlOf(http.address() as AddressInfo), live };
}

function startAuthenticate(
  { adminKey, tokens, logger }: AppOptions,
  { database }: Services,
  opened: (() => Promise<unknown>)[],
): Authenticate {
  const keyUse = startKeyUse(database, (error) => logger.warn(faultOf(error), "last uses of keys"));
  opened.push(() => keyUse.stop());
  const onFault = (error: unknown) => logger.warn(faultOf(error), "keys of tokens");
  return createAuthenticate(database.read, {
    adminKey,
    tokens: tokens ? createTokenReader(tokens, { onFault }) : null,
    onUse: keyUse.used,
  });
}

/** Takes no more requests and waits for those under way. */
async function drain(http: Server): Promise<void> {
  const closed = new Promise((resolve) => http.close(resolve));
  http.closeIdleConnections();
  const cut = setTimeout(() => http.closeAllConnections(), drainMs);
  await closed;
  clearTimeout(cut);
}

async function answers({ database }: Services): Promise<boolean> {
  await database.read.execute(sql`select 1`);
  return true;
}

function urlOf({ address, port, family }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
