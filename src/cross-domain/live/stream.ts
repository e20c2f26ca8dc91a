import type { Id } from "#schema/columns.js";
import type { EventType } from "../../platform/events/events.js";
import { encodeCustomerCursor } from "./cursor.js";
import type { Feed } from "./feed.js";
import type { FeedEvent } from "./feed-event.js";
import type { FeedLog } from "./feed-log.js";
import { LiveStream } from "./live-stream.js";
import { customerStart, type FeedStart, feedStart } from "./start-position.js";

/** Events in one message: about 20 kB, and writing lists is what makes a busy stream cheap. */
const defaultMaxBatch = 64;
/** Events looked at in one step by a stream that keeps only some of them. */
const scannedAtOnce = 512;

export interface FeedStreamOptions {
  /** A feed cursor, or a customer cursor as a write hands out; null starts at the present. */
  after: string | null;
  types?: readonly EventType[] | null | undefined;
  maxBatch?: number;
  signal?: AbortSignal;
}

/**
 * All events after the cursor, in feed order and without a hole, as batches that are never empty. Throws a LiveError, here or
 * from `next()`, when the cursor cannot be kept; a stream that ends without an error ended because the node stops.
 */
export async function feedStream(feed: Feed, options: FeedStreamOptions): Promise<LiveStream<FeedEvent[]>> {
  await feed.ready();
  const log = feed.log;
  const start = await feedStart(feed.database.read, log, options.after);
  const types = options.types ? new Set(options.types) : undefined;
  return new LiveStream(pullFeed(log, start, types, options.maxBatch ?? defaultMaxBatch), {
    signal: options.signal,
  });
}

export interface CustomerStreamOptions {
  /** An existing customer: the caller has looked. */
  customerId: Id<"customer">;
  /** A cursor of this customer, or a feed cursor; null starts at the present. */
  after: string | null;
  maxBatch?: number;
  signal?: AbortSignal;
}

/** One customer's events, as feedStream. Ends without an error after the customer was merged into another one. */
export async function customerStream(
  feed: Feed,
  { customerId, after, maxBatch, signal }: CustomerStreamOptions,
): Promise<LiveStream<FeedEvent[]>> {
  await feed.ready();
  const log = feed.log;
  const seq = await customerStart(feed.database.read, log, customerId, after);
  return new LiveStream(pullCustomer(log, customerId, seq, maxBatch ?? defaultMaxBatch), { signal });
}

type Pull = (signal: AbortSignal) => Promise<FeedEvent[] | null>;

function pullFeed(
  log: FeedLog,
  start: FeedStart,
  types: ReadonlySet<EventType> | undefined,
  maxBatch: number,
): Pull {
  let { position, through } = start;
  return async (signal) => {
    while (!signal.aborted && log.isOpen()) {
      const scanned = types || through ? Math.max(scannedAtOnce, maxBatch) : maxBatch;
      const events = await log.after(position, scanned);
      if (events.length === 0) await log.changed(position, signal);
      const batch: FeedEvent[] = [];
      for (const event of events) {
        if (batch.length === maxBatch) break;
        position = event.pos;
        if (through) {
          if (event.customerId === through.customerId && event.seq === through.seq) through = undefined;
        } else if (!types || types.has(event.type)) batch.push(event);
      }
      if (batch.length > 0) return batch;
    }
    return null;
  };
}

function pullCustomer(log: FeedLog, customerId: Id<"customer">, start: number, maxBatch: number): Pull {
  let seq = start;
  /** Nothing unread lies at or before this position. */
  let readUpTo = -1;
  let merged = false;
  return async (signal) => {
    while (!merged && !signal.aborted && log.isOpen()) {
      const newest = log.recentOf(customerId);
      if (newest ? newest.seq <= seq : readUpTo >= log.tail) {
        await log.customerChanged(customerId, signal);
        continue;
      }
      const head = log.head; // before the statement: what it does not find is not before this position
      const events = await log.customerAfter(customerId, seq, maxBatch);
      readUpTo = events.at(-1)?.pos ?? head;
      seq = events.at(-1)?.seq ?? seq;
      merged = events.some(({ type }) => type === "CUSTOMER_MERGED");
      if (events.length > 0) return events.map((event) => withCustomerCursor(log.epoch, event));
    }
    return null;
  };
}

function withCustomerCursor(epoch: string, event: FeedEvent): FeedEvent {
  return { ...event, cursor: encodeCustomerCursor(epoch, event.customerId, event.seq) };
}
