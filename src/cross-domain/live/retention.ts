import type { Database, Queryable } from "../../platform/database/database.js";
import { sqlState } from "../../platform/database/errors.js";
import { deleteEvents, limitLockWait, raiseMinPos, selectExpired } from "./retention.queries.js";
import { onceInARow, WakeUp } from "./wake-up.js";

/** Events per transaction: it holds the feed's fence, so it may not last longer than the sequencer's own batches. */
const removedAtOnce = 1_000;
/** Somebody else's lock is not waited for any longer with the fence in hand: stamping would wait behind it. */
const lockWaitMs = 200;
/** SQLSTATE of a lock that was not free in time. */
const lockNotAvailable = "55P03";
/** What is due a minute later is not late after days. */
const lookEveryMs = 60_000;
/** Between two chunks: whoever waits for the fence goes first. */
const betweenChunksMs = 20;
/** Events that somebody still needs are kept this many times as long, then they go all the same: a table has an end. */
const neededTimesLonger = 2;

/** The oldest position that somebody, such as a webhook, has yet to read; null when nobody waits for anything. */
export type NeededFrom = (db: Queryable) => Promise<number | null>;

export interface KeepOptions {
  keepDays: number;
  neededFrom?: NeededFrom | undefined;
  /** RFC 3339; the database's clock when left out, so that no node's own clock matters. */
  now?: string;
  removedAtOnce?: number;
}

export interface Removed {
  events: number;
  /** Whether more may be due. */
  full: boolean;
}

/**
 * Removes the oldest events, one chunk: `min_pos` first, in the same transaction. A reader that finds nothing below it knows
 * that these were removed; positions and customers' numbers are never used again. Any number of nodes may call it.
 */
export async function removeExpired(database: Database, options: KeepOptions): Promise<Removed> {
  const limit = options.removedAtOnce ?? removedAtOnce;
  const due = await selectExpired(database.read, {
    keepDays: options.keepDays,
    keepNeededDays: options.keepDays * neededTimesLonger,
    neededFrom: (await options.neededFrom?.(database.read)) ?? null,
    now: options.now ?? null,
    limit,
  });
  if (!due) return { events: 0, full: false };
  const events = await database.transaction(async (tx) => {
    await limitLockWait(tx, lockWaitMs);
    return (await raiseMinPos(tx, due.through)) ? deleteEvents(tx, due) : 0;
  });
  return { events, full: events === limit };
}

export interface RetentionOptions {
  keepDays: number;
  neededFrom?: NeededFrom | undefined;
  /** For tests: how often it looks. */
  everyMs?: number;
  /** Whether this node is the one to do it: useless work of others is spared, nothing more rests on it. */
  leading(): boolean;
  onRemoved?(events: number): void;
  /** A fault; the job goes on by itself. Equal ones in a row are reported once. */
  onFault(error: unknown): void;
}

/** The job: every node runs it, the leader's works. */
export function startRetention(database: Database, options: RetentionOptions): { stop(): Promise<void> } {
  const faults = onceInARow(options.onFault);
  const wakeUp = new WakeUp();
  let stopped = false;
  const removeAll = async () => {
    while (!stopped && options.leading()) {
      const { events, full } = await removeExpired(database, options);
      if (events > 0) options.onRemoved?.(events);
      if (!full) return;
      await wakeUp.wait(betweenChunksMs);
    }
  };
  const run = async () => {
    while (!stopped) {
      await wakeUp.wait(options.everyMs ?? lookEveryMs);
      await removeAll().then(faults.worked, (error: unknown) => {
        if (sqlState(error) !== lockNotAvailable) faults.failed(error);
      });
    }
  };
  const running = run();
  return {
    async stop() {
      stopped = true;
      wakeUp.call();
      await running;
    },
  };
}
