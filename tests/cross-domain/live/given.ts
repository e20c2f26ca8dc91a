import { sql } from "drizzle-orm";
import { events } from "#schema/events.js";
import { Feed, type FeedOptions } from "../../../src/cross-domain/live/feed.js";
import type { FeedEvent } from "../../../src/cross-domain/live/feed-event.js";
import { customerSource, feedSource, type LiveSource } from "../../../src/cross-domain/live/live-source.js";
import { startSequencer } from "../../../src/cross-domain/live/sequencer.js";
import type { Broker } from "../../../src/platform/broker/broker.js";
import { type Database, openDatabase } from "../../../src/platform/database/database.js";
import {
  type AppendedEvent,
  appendEvents,
  type EventType,
  type NewEvent,
} from "../../../src/platform/events/events.js";
import { type Id, newId, uuidOf } from "../../../src/platform/ids.js";
import { createTestDatabase } from "../../support/database.js";

export type CustomerId = Id<"customer">;
export const occurredAt = "2026-11-21T09:30:00.123456Z";

/** A database of its own, and a list of what to shut down after the test. */
export async function givenDatabase() {
  const { connection, drop } = await createTestDatabase();
  const database = openDatabase(connection);
  const closers: (() => Promise<void>)[] = [];
  return {
    connection,
    database,
    closers,
    async close() {
      for (const closer of closers.reverse()) await closer();
      await database.close();
      await drop();
    },
  };
}

/** One node: a sequencer and a feed over the database. */
export async function givenNode(
  { database, closers }: Awaited<ReturnType<typeof givenDatabase>>,
  options: {
    ringSize?: number;
    withoutLeaderLock?: boolean;
    withoutSequencer?: boolean;
    faults?: unknown[];
    broker?: Broker;
  } = {},
) {
  const faults = options.faults ?? [];
  const feedOptions: FeedOptions = {
    onFault: (fault) => faults.push(fault),
    broker: options.broker,
    leading: () => sequencer.leading,
  };
  if (options.ringSize) feedOptions.ringSize = options.ringSize;
  const feed = new Feed(database, feedOptions);
  const sequencer = startSequencer(database, {
    onStamped: (head) => feed.poke(head),
    onFault: (fault) => faults.push(fault),
    withoutLeaderLock: options.withoutLeaderLock ?? false,
  });
  if (options.withoutSequencer) await sequencer.stop();
  const stop = async () => {
    await sequencer.stop();
    await feed.close();
  };
  closers.push(stop);
  await feed.ready();
  return { feed, sequencer, faults, stop };
}

export async function givenCustomers(database: Database, count: number): Promise<CustomerId[]> {
  const ids = Array.from({ length: count }, () => newId("customer"));
  await database.transaction((tx) =>
    tx.execute(sql`insert into customers (id) select unnest(${sql.param(ids.map(uuidOf))}::uuid[])`),
  );
  return ids;
}

/** A write as the actions do it: locks in key order, then one append. `before` runs with the locks held. */
export function write(
  database: Database,
  customerIds: readonly CustomerId[],
  options: {
    before?: () => Promise<void>;
    rollBack?: boolean;
    type?: "CUSTOMER_UPDATED" | "CUSTOMER_MERGED";
  } = {},
): Promise<AppendedEvent[]> {
  return database.transaction(async (tx) => {
    const seqs = new Map<CustomerId, number>();
    for (const id of [...new Set(customerIds)].sort()) {
      const rows = await tx.execute<{ seq: string }>(
        sql`select seq from customers where id = ${uuidOf(id)}::uuid for no key update`,
      );
      seqs.set(id, Number(rows[0]?.seq));
    }
    const newEvents = customerIds.map(
      (customerId): NewEvent => ({
        customerId,
        type: options.type ?? "CUSTOMER_UPDATED",
        subjectId: null,
        occurredAt,
      }),
    );
    const appended = await appendEvents(tx, newEvents, seqs);
    await options.before?.();
    if (options.rollBack) throw new RolledBack();
    return appended;
  });
}

export class RolledBack extends Error {}

interface StreamOptions {
  after: string | null;
  maxBatch?: number;
  signal?: AbortSignal;
}

/** A walk through a source, as a subscriber does it. */
export async function walk(source: LiveSource, options: StreamOptions) {
  const leaving = new AbortController();
  options.signal?.addEventListener("abort", () => leaving.abort());
  let place = await source.start(options.after, leaving.signal);
  let over = options.signal?.aborted ?? false;
  const ended = { value: undefined, done: true } as const;
  return {
    async next(): Promise<IteratorResult<readonly FeedEvent[], undefined>> {
      if (over) return ended;
      over = true; // unless the step succeeds
      const step = await source.step(place, options.maxBatch ?? 64, leaving.signal);
      if (!step) return ended;
      over = false;
      place = step.place;
      return { value: step.events, done: false };
    },
    async return() {
      leaving.abort();
      return ended;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

export const feedStream = async (feed: Feed, options: StreamOptions & { types?: EventType[] }) =>
  walk(await feedSource(feed, options.types), options);

export const customerStream = async (feed: Feed, options: StreamOptions & { customerId: CustomerId }) =>
  walk(await customerSource(feed, options.customerId), options);

/** Everything a stream delivers, until `count` events have come. */
export async function take(
  stream: Pick<AsyncIterator<readonly FeedEvent[]>, "next">,
  count: number,
): Promise<FeedEvent[]> {
  const taken: FeedEvent[] = [];
  while (taken.length < count) {
    const { value, done } = await stream.next();
    if (done) throw new Error(`the stream ended after ${taken.length} of ${count} events`);
    taken.push(...value);
  }
  return taken;
}

/** "customer:seq" in the order of the feed, as the table has it; throws unless positions are 1, 2, 3 … */
export async function logOrder(database: Database): Promise<string[]> {
  const rows = await database.read.select().from(events).orderBy(events.pos);
  rows.forEach((row, index) => {
    if (row.pos !== index + 1) throw new Error(`position ${row.pos} where ${index + 1} belongs`);
  });
  return rows.map(nameOf);
}

export function nameOf(event: { customerId: CustomerId; seq: number }): string {
  return `${event.customerId}:${event.seq}`;
}

/** Settles when the table has as many stamped events as that. */
export async function untilHead(feed: Feed, head: number): Promise<void> {
  while (feed.log.head < head) await feed.log.changed(feed.log.head, new AbortController().signal);
}

/** A promise to be settled from outside. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
