import type { Feed } from "./cross-domain/live/feed.js";
import { privacyLoaders } from "./cross-domain/privacy/privacy.loaders.js";
import type { PrivacyWorker } from "./cross-domain/privacy/worker.js";
import { type TimelineLoaders, timelineLoaders } from "./cross-domain/timeline/timeline.loaders.js";
import { apiKeyLoaders } from "./domains/api-keys/api-key.loaders.js";
import { auditLoaders } from "./domains/audit/audit.loaders.js";
import { consentLoaders } from "./domains/consent/consent.loaders.js";
import { consenting } from "./domains/consent/consent.queries.js";
import { customerLoaders } from "./domains/customers/customer.loaders.js";
import { feedbackLoaders } from "./domains/feedback/feedback.loaders.js";
import { interactionLoaders } from "./domains/interactions/interaction.loaders.js";
import { loyaltyLoaders } from "./domains/loyalty/loyalty.loaders.js";
import { purchaseLoaders } from "./domains/purchases/purchase.loaders.js";
import { ticketLoaders } from "./domains/tickets/ticket.loaders.js";
import type { WebhookServices } from "./domains/webhooks/webhook.actions.js";
import { webhookLoaders } from "./domains/webhooks/webhook.loaders.js";
import type { Budgets } from "./platform/access/budget.js";
import type { Caller } from "./platform/access/caller.js";
import type { Trail } from "./platform/audit/audit-log.js";
import { type Audience, readFor } from "./platform/database/audience.js";
import type { Database } from "./platform/database/database.js";
import { lazyLoaders } from "./platform/loaders.js";
import type { Suppressions } from "./platform/privacy/suppressions.js";

/** What every operation needs from the process; made once, at start. */
export interface Services {
  database: Database;
  feed: Feed;
  budgets: Budgets;
  /** Country of phone numbers that are written without one, ISO 3166-1 alpha-2; null: such numbers are refused. */
  phoneRegion: string | null;
  suppressions: Suppressions;
  privacy: PrivacyWorker;
  /** Called after each commit that appended events. */
  onCommitted(): void;
  webhooks: WebhookServices["webhooks"];
}

/** What a resolver gets. HTTP and WebSocket build it here; a subscription builds a new one for every event. */
export interface RequestContext extends Services {
  /** Who waits for the answer. */
  audience: Audience;
  caller: Caller;
  requestId: string;
  /** Where it is written down whose data is read or changed; null where nobody keeps an audit. */
  trail: Trail | null;
  loaders: Loaders;
  /** What the operation was charged and is not settled yet: for `server/spending.ts` alone. */
  charge: { requested: number; isFixed: boolean } | null;
}

export type Loaders = ReturnType<typeof createLoaders>;

export function createContext(
  services: Services,
  caller: Caller,
  requestId: string,
  audience: Audience,
  trail: Trail | null = null,
): RequestContext {
  return new Context(services, caller, requestId, audience, trail);
}

/** Loaders are made when they are first asked for: many requests need none. */
class Context implements RequestContext {
  readonly feed: Feed;
  readonly budgets: Budgets;
  readonly phoneRegion: string | null;
  readonly suppressions: Suppressions;
  readonly privacy: PrivacyWorker;
  readonly onCommitted: () => void;
  readonly webhooks: Services["webhooks"];
  charge: RequestContext["charge"] = null;
  private madeDatabase: Database | undefined;
  private madeLoaders: Loaders | undefined;

  constructor(
    private readonly services: Services,
    readonly caller: Caller,
    readonly requestId: string,
    readonly audience: Audience,
    readonly trail: Trail | null,
  ) {
    this.feed = services.feed;
    this.budgets = services.budgets;
    this.phoneRegion = services.phoneRegion;
    this.suppressions = services.suppressions;
    this.privacy = services.privacy;
    this.onCommitted = services.onCommitted;
    this.webhooks = services.webhooks;
  }

  /** Reads on it end early when nobody waits for them any more; under a purpose they see customers who consented. */
  get database(): Database {
    const { database } = this.services;
    const { purpose } = this.caller;
    this.madeDatabase ??= {
      ...database,
      read: readFor(
        database.read,
        this.audience,
        this.trail?.reads ? this.trail : null,
        purpose ? consenting(purpose) : null,
      ),
    };
    return this.madeDatabase;
  }

  get loaders(): Loaders {
    this.madeLoaders ??= createLoaders(this.database.read);
    return this.madeLoaders;
  }
}

function createLoaders(db: Database["read"]) {
  const loaders = lazyLoaders({
    apiKeys: () => apiKeyLoaders(db),
    audit: () => auditLoaders(db),
    privacy: () => privacyLoaders(db),
    customers: () => customerLoaders(db),
    interactions: () => interactionLoaders(db),
    purchases: () => purchaseLoaders(db),
    loyalty: () => loyaltyLoaders(db),
    feedback: () => feedbackLoaders(db),
    consent: () => consentLoaders(db),
    tickets: () => ticketLoaders(db),
    webhooks: () => webhookLoaders(db),
    timeline: (): TimelineLoaders => timelineLoaders(db, () => loaders),
  });
  return loaders;
}
