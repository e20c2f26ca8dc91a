import type { Id } from "#schema/columns.js";
import type { EventType } from "../../platform/events/events.js";
import { encodeCustomerCursor } from "./cursor.js";
import type { Feed } from "./feed.js";
import type { FeedEvent } from "./feed-event.js";
import type { FeedLog } from "./feed-log.js";
import { customerStart, feedStart } from "./start-position.js";

/** Events looked at in one step by a source that keeps only some of them. */
const scannedAtOnce = 512;

/** How far a subscriber has come. Whoever stands at the same number of the same source gets the same next. */
export interface Place {
  /** The last event passed: its position in the feed, or its number among the customer's. */
  readonly at: number;
  /** Of a customer's source: the feed holds nothing unread of them up to this position. */
  readonly readUpTo?: number;
  /** Nothing follows. */
  readonly over?: boolean;
}

export interface Step {
  /** At least one, in order and without a hole. */
  readonly events: readonly FeedEvent[];
  /** Behind the last of them. */
  readonly place: Place;
}

/** A part of the log that subscribers walk through. It keeps nothing of them, so any number may share it. */
export interface LiveSource {
  /** Of one customer's events: whose. */
  readonly customerId?: Id<"customer">;
  /** The place after a cursor; without one, the present. Throws a LiveError for a cursor that cannot be kept. */
  start(after: string | null, signal: AbortSignal): Promise<Place>;
  /**
   * Waits for what follows the place, at most `limit` events. Null when nothing ever will: the node stops, the customer was
   * merged, or the signal was aborted. Throws a LiveError when what follows is no longer kept, or the log was restored.
   */
  step(place: Place, limit: number, signal: AbortSignal): Promise<Step | null>;
}

/** Nothing follows the last event of a customer who was merged into another one, or erased. */
const endsStream: ReadonlySet<EventType> = new Set<EventType>(["CUSTOMER_MERGED", "CUSTOMER_ERASED"]);

/** All events in feed order, or those of some types. It stays with the log it began in. */
export async function feedSource(feed: Feed, types?: readonly EventType[] | null): Promise<LiveSource> {
  await feed.ready();
  const log = feed.log;
  return {
    start: async (after, signal) => ({ at: await feedStart(feed.database.read, log, after, signal) }),
    step: stepsOfFeed(log, types ? new Set(types) : undefined),
  };
}

/** One customer's events. Ends after the customer was merged into another one, or erased. The caller has looked that they exist. */
export async function customerSource(feed: Feed, customerId: Id<"customer">): Promise<LiveSource> {
  await feed.ready();
  const log = feed.log;
  return {
    customerId,
    start: async (after) => ({ at: await customerStart(feed.database.read, log, customerId, after) }),
    step: stepsOfCustomer(log, customerId),
  };
}

/** The same source without the events that `keep` leaves out. */
export function filtered(
  source: LiveSource,
  keep: (events: readonly FeedEvent[]) => Promise<readonly FeedEvent[]> | readonly FeedEvent[],
): LiveSource {
  return {
    ...source,
    async step(from, limit, signal) {
      let place = from;
      for (;;) {
        const step = await source.step(place, limit, signal);
        if (!step) return null;
        const events = await keep(step.events);
        if (events.length > 0) return { events, place: step.place };
        place = step.place;
      }
    },
  };
}

function stepsOfFeed(log: FeedLog, types: ReadonlySet<EventType> | undefined): LiveSource["step"] {
  return async ({ at }, limit, signal) => {
    let position = at;
    while (!signal.aborted && log.isOpen()) {
      const found = await log.after(position, untilNext(types ? scannedAtOnce : limit, position));
      const kept: FeedEvent[] = [];
      for (const event of found) {
        if (kept.length === limit) break;
        position = event.pos;
        if (!types || types.has(event.type)) kept.push(event);
      }
      if (kept.length > 0) return { events: kept, place: { at: position } };
      if (found.length === 0) await log.changed(position, signal);
    }
    return null;
  };
}

function stepsOfCustomer(log: FeedLog, customerId: Id<"customer">): LiveSource["step"] {
  return async ({ at, readUpTo = -1, over }, limit, signal) => {
    while (!over && !signal.aborted && log.isOpen()) {
      const newest = log.recentOf(customerId);
      if (newest ? newest.seq <= at : readUpTo >= log.tail) {
        await log.customerChanged(customerId, signal);
        continue;
      }
      const head = log.head; // before the statement: what it does not find is not before this position
      const events = await log.customerAfter(customerId, at, untilNext(limit, at));
      const last = events.at(-1);
      readUpTo = last?.pos ?? head;
      if (!last) continue;
      const place = { at: last.seq, readUpTo, over: endsStream.has(last.type) };
      return { events: events.map((event) => withCustomerCursor(log.epoch, event)), place };
    }
    return null;
  };
}

/** Steps end at multiples of their size, so that subscribers who resumed at different places soon stand at the same one. */
function untilNext(size: number, at: number): number {
  return size - (at % size);
}

function withCustomerCursor(epoch: string, event: FeedEvent): FeedEvent {
  return { ...event, cursor: encodeCustomerCursor(epoch, event.customerId, event.seq) };
}
