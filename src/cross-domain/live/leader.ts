import type { Database, Dedicated } from "../../platform/database/database.js";
import {
  hasPendingEvents,
  lockFeedHead,
  prepareStampingSession,
  stampPendingEvents,
  tryLeaderLock,
} from "./sequencer.queries.js";

/** Events per transaction: tens of milliseconds, so that another leader or an operator never waits long for the fence. */
const maxStampedAtOnce = 1_000;
/** A frozen process loses its session, and with it the lock and the fence, after this time: twenty polls of a live one. */
const leaderIdleMs = 10_000;
/** The key of the advisory lock: "live" in ASCII. */
const leaderLockKey = 0x6c697665;

export interface StampedBatch {
  head: number;
  /** Whether more events may be waiting. */
  full: boolean;
}

/**
 * The one who stamps. The lock on its own connection keeps others from useless work; that positions are unique and without
 * holes rests on the row lock on the feed head alone.
 */
export class Leader {
  #own: Dedicated | undefined;
  #locked = false;

  constructor(
    private readonly database: Database,
    private readonly options: { withoutLock: boolean; onLost: () => void },
  ) {}

  get leading(): boolean {
    return this.#locked && !this.#own?.lost.aborted;
  }

  /** Takes the lead if it is free. */
  async lead(): Promise<boolean> {
    if (this.leading) return true;
    const { session } = await this.#connect();
    this.#locked = this.options.withoutLock || (await tryLeaderLock(session, leaderLockKey));
    return this.leading;
  }

  /** Stamps what waits, or returns null when nothing does. */
  async stampBatch(): Promise<StampedBatch | null> {
    const own = await this.#connect();
    if (!(await hasPendingEvents(own.session))) return null;
    return own.transaction(async (tx) => {
      const before = await lockFeedHead(tx);
      const head = await stampPendingEvents(tx, before, maxStampedAtOnce);
      return { head, full: head - before === maxStampedAtOnce };
    });
  }

  /** Gives up lock and connection; never fails, because the server ends both by itself. */
  async resign(): Promise<void> {
    const own = this.#own;
    this.#own = undefined;
    this.#locked = false;
    await own?.close().catch(() => {});
  }

  /** A lost connection does not come back, and its lock is gone: the next one starts as a follower. */
  async #connect(): Promise<Dedicated> {
    if (this.#own && !this.#own.lost.aborted) return this.#own;
    this.#locked = false;
    const own = await this.database.dedicated();
    this.#own = own;
    own.lost.addEventListener("abort", this.options.onLost);
    await prepareStampingSession(own.session, leaderIdleMs);
    return own;
  }
}
