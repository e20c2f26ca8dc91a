import "reflect-metadata";
import { sql } from "drizzle-orm";
import { createContext, type Services } from "./context.js";
import { Signer } from "./cross-domain/privacy/signer.js";
import { startPrivacyWorker } from "./cross-domain/privacy/worker.js";
import { selectOldestNeeded } from "./domains/webhooks/webhook-progress.queries.js";
import { type Allowance, NodeBudgets } from "./platform/access/budget.js";
import type { Caller } from "./platform/access/caller.js";
import { createPseudonyms } from "./platform/access/pseudonyms.js";
import { forPurpose, purposeHeader, purposeNamed, purposeText } from "./platform/access/purpose.js";
import { rememberCallers } from "./platform/access/remembered-callers.js";
import { SharedBudgets } from "./platform/access/shared-budgets.js";
import { type Audience, belongTo } from "./platform/database/audience.js";
import { type ConnectionOptions, type DatabaseOptions, openDatabase } from "./platform/database/database.js";
import { migrateDatabase } from "./platform/database/migrate.js";
import { defaultBudgetPoints, defaultRestoredPerSecond } from "./platform/limits.js";
import { faultOf } from "./platform/log.js";
import { Suppressions } from "./platform/privacy/suppressions.js";
import { CompiledReads } from "./platform/reads/compiled-reads.js";
import { createApollo } from "./server/apollo.js";
import { builtSchema } from "./server/build-schema.js";
import { asSubgraph } from "./server/federation.js";
import { createGraphiql } from "./server/graphiql.js";
import { createHealth } from "./server/health.js";
import { createHttpServer, graphqlPath } from "./server/http.js";
import { Idempotency } from "./server/idempotency.js";
import { KnownDocuments } from "./server/known-documents.js";
import { listen } from "./server/listen.js";
import type { Patience } from "./server/live/patience.js";
import { startFeed } from "./server/live/start-feed.js";
import { createLive, type LiveFigures } from "./server/live/transports.js";
import { readManifest } from "./server/manifest.js";
import { createMetrics, createMetricsPage, type Metrics } from "./server/metrics.js";
import { Opened } from "./server/opened.js";
import { presentedKey } from "./server/presented-key.js";
import { createPrivacyPages } from "./server/privacy-pages.js";
import { reads } from "./server/reads.js";
import { unauthenticated } from "./server/refusals.js";
import { type AuditSettings, noteFollowing, openAudit } from "./server/start-audit.js";
import { type CallerSettings, startAuthenticate } from "./server/start-authenticate.js";
import { starter } from "./server/starter.js";
import { startWebhooks, type WebhookOptions } from "./server/webhooks.js";

export interface AppOptions extends AuditSettings, CallerSettings {
  connection: ConnectionOptions;
  host: string;
  port: number;
  phoneRegion: string | null;
  allowedOrigins: readonly string[];
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
  /** What a key may spend; see `defaultBudgetPoints` and `defaultRestoredPerSecond`. */
  budget?: Partial<Allowance>;
  /** Path of the manifest of trusted documents. */
  trustedDocuments?: string | null;
  /** Budgets are kept in the database, for all nodes together. */
  sharedBudgets?: boolean;
  /** From which partners' names for ids are made; null: partners are not answered. */
  pseudonymSecret?: string | null;
  /** How long slow and silent clients are waited for. */
  patience?: Partial<Patience>;
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
  live: LiveFigures;
  /** Lets what runs finish, says goodbye to sockets, and gives every resource back. */
  stop(): Promise<void>;
}

/** A week: as long as a client may be away over a holiday, and longer than webhooks are tried. */
const defaultRetentionDays = 7;

/** The composition root: everything is made here, in plain calls, and given back in the opposite order. */
export async function startApp(options: AppOptions): Promise<App> {
  const opened = new Opened();
  try {
    const metrics = createMetrics();
    const services = await startServices(options, metrics, opened);
    const served = await serve(options, services, metrics, opened);
    return { services, ...served, stop: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function startServices(options: AppOptions, metrics: Metrics, opened: Opened): Promise<Services> {
  const { logger } = options;
  await migrateDatabase(options.connection);
  const database = openDatabase(options.connection, options.databaseOptions);
  opened.add(() => database.close());
  const settings = {
    metrics,
    logger,
    natsUrl: options.natsUrl ?? null,
    keepDays: options.eventRetentionDays ?? defaultRetentionDays,
    neededFrom: selectOldestNeeded,
  };
  const { feed, onCommitted } = await startFeed(database, settings, opened);
  const suppressions = await Suppressions.open(database, options.privacySecrets ?? []);
  const privacy = startPrivacyWorker(database, {
    suppressions,
    onCommitted,
    onFault: (error) => logger.error(faultOf(error), "privacy"),
  });
  opened.add(() => privacy.stop());
  const webhooks = startWebhooks(
    {
      schema: await builtSchema(),
      database,
      feed,
      logger,
      hasAdmin: options.adminKey !== null,
      contextOf: (caller, requestId) =>
        createContext(services, caller, requestId, belongTo({ left: false }, caller.keyId)),
    },
    { allowPrivate: options.webhookPrivateAddresses ?? false, ...options.webhookOptions },
  );
  opened.add(() => webhooks.stop());
  const standard = {
    maximum: defaultBudgetPoints,
    restoreRate: defaultRestoredPerSecond,
    ...options.budget,
  };
  const services: Services = {
    database,
    feed,
    budgets: options.sharedBudgets
      ? new SharedBudgets(database, standard, (error) => options.logger.warn(faultOf(error), "budgets"))
      : new NodeBudgets(standard),
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
  opened: Opened,
): Promise<Pick<App, "url" | "live">> {
  const { logger, allowedOrigins } = options;
  const { database, feed } = services;
  const schema = options.federation ? await asSubgraph(await builtSchema()) : await builtSchema();
  const audit = openAudit(database, options, metrics, opened);
  const audited = audit?.reads ?? false;
  const compiled =
    (options.compiledReads ?? true) ? new CompiledReads(schema, reads, database, { audited }) : null;
  const pseudonyms = options.pseudonymSecret ? createPseudonyms(options.pseudonymSecret) : null;
  const readOptions = { compiled, metrics, explain: options.explainReads ?? false, pseudonyms };
  const idempotency = new Idempotency(database, logger);
  opened.add(() => idempotency.stop());
  const manifest = options.trustedDocuments ? readManifest(options.trustedDocuments) : undefined;
  const documents = new KnownDocuments(manifest);
  const apollo = createApollo(schema, logger, readOptions, documents, idempotency);
  await apollo.start();
  opened.add(() => apollo.stop());
  const authenticate = startAuthenticate(database, options, opened);
  const identify = rememberCallers(authenticate);
  const signer = await Signer.open(database, options.exportSigningKey ?? null);
  const contextFor = (caller: Caller, requestId: string, audience: Audience) =>
    createContext(
      services,
      caller,
      requestId,
      belongTo(audience, caller.keyId),
      audit?.trail(caller.keyId, requestId, caller.purpose ? purposeText(caller.purpose) : null),
    );
  const live = createLive(
    {
      schema,
      metrics,
      documents,
      idempotency,
      logger,
      authenticate,
      createContext: contextFor,
      // Not on a trail of its own: what is delivered is shared by many, who are noted as they begin to follow.
      createSharedContext: (caller, requestId, audience) =>
        createContext(services, caller, requestId, belongTo(audience, caller.keyId)),
      onFollowed: noteFollowing(audit),
      cursorOf: (pos) => feed.feedCursor(pos),
      allowedOrigins,
      maxConnectionsPerKey: options.maxConnectionsPerKey,
      patience: options.patience,
    },
    opened,
  );
  let stopping = false;
  const http = createHttpServer({
    apollo,
    documents,
    events: live.events,
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
      const purpose = purposeNamed(request.headers[purposeHeader]);
      return contextFor(forPurpose(caller, purpose), requestId, audience);
    },
  });
  const url = await listen(http, options.port, options.host, opened);
  live.serve(http);
  opened.add(() => {
    stopping = true;
  });
  return { url, live: live.figures };
}

async function answers({ database }: Services): Promise<boolean> {
  await database.read.execute(sql`select 1`);
  return true;
}
