import type { Feed } from "./cross-domain/live/feed.js";
import { type TimelineLoaders, timelineLoaders } from "./cross-domain/timeline/timeline.loaders.js";
import { consentLoaders } from "./domains/consent/consent.loaders.js";
import { customerLoaders } from "./domains/customers/customer.loaders.js";
import { feedbackLoaders } from "./domains/feedback/feedback.loaders.js";
import { interactionLoaders } from "./domains/interactions/interaction.loaders.js";
import { loyaltyLoaders } from "./domains/loyalty/loyalty.loaders.js";
import { purchaseLoaders } from "./domains/purchases/purchase.loaders.js";
import { ticketLoaders } from "./domains/tickets/ticket.loaders.js";
import type { Caller } from "./platform/access/caller.js";
import type { Database } from "./platform/database/database.js";
import { lazyLoaders } from "./platform/loaders.js";

/** What every operation needs from the process; made once, at start. */
export interface Services {
  database: Database;
  feed: Feed;
  /** Country of phone numbers that are written without one, ISO 3166-1 alpha-2; null: such numbers are refused. */
  phoneRegion: string | null;
  /** Called after each commit that appended events. */
  onCommitted(): void;
}

/** What a resolver gets. HTTP and WebSocket build it here; a subscription builds a new one for every event. */
export interface RequestContext extends Services {
  caller: Caller;
  requestId: string;
  loaders: Loaders;
}

export type Loaders = ReturnType<typeof createLoaders>;

export function createContext(services: Services, caller: Caller, requestId: string): RequestContext {
  return new Context(services, caller, requestId);
}

/** Loaders are made when they are first asked for: many requests need none. */
class Context implements RequestContext {
  readonly database: Database;
  readonly feed: Feed;
  readonly phoneRegion: string | null;
  readonly onCommitted: () => void;
  private made: Loaders | undefined;

  constructor(
    services: Services,
    readonly caller: Caller,
    readonly requestId: string,
  ) {
    this.database = services.database;
    this.feed = services.feed;
    this.phoneRegion = services.phoneRegion;
    this.onCommitted = services.onCommitted;
  }

  get loaders(): Loaders {
    this.made ??= createLoaders(this.database.read);
    return this.made;
  }
}

function createLoaders(db: Database["read"]) {
  const loaders = lazyLoaders({
    customers: () => customerLoaders(db),
    interactions: () => interactionLoaders(db),
    purchases: () => purchaseLoaders(db),
    loyalty: () => loyaltyLoaders(db),
    feedback: () => feedbackLoaders(db),
    consent: () => consentLoaders(db),
    tickets: () => ticketLoaders(db),
    timeline: (): TimelineLoaders => timelineLoaders(db, () => loaders),
  });
  return loaders;
}
