import type { Id } from "#schema/columns.js";
import type { FeedHeadRow } from "#schema/events.js";
import type { Database, Dedicated } from "../../platform/database/database.js";
import { encodeCustomerCursor, encodeFeedCursor } from "./cursor.js";
import { toFeedEvent } from "./feed-event.js";
import { FeedLog } from "./feed-log.js";
import { type LogQueries, prepareLogQueries } from "./live.queries.js";
import { stampedChannel } from "./sequencer.js";
import { onceInARow, WakeUp } from "./wake-up.js";

/** Events kept in memory: several seconds of a busy feed, a few megabytes. Who falls behind further reads the table. */
const defaultRingSize = 4_096;
/** Events per statement of the reader: two full batches of the sequencer. */
const readLimit = 2_000;
/** How late an event can be when every hint is lost, and how late a new epoch is noticed. */
const pollMs = 500;
/** A hole means that an event is not visible yet (two-phase commit on several machines): milliseconds. */
const holePollMs = 20;
/** A hole this old is reported: somebody has to look. It is waited for all the same. */
const holeAlarmMs = 10_000;

export interface FeedOptions {
  /** A fault; the reader goes on by itself. Equal ones in a row are reported once. */
  onFault: (error: unknown) => void;
  ringSize?: number;
}

export interface FeedStatus {
  epoch: string;
  /** The last position read, everything before it included. */
  head: number;
  /** How long the reader has been waiting for the event at head + 1 although later ones are there; 0 normally. */
  holeMs: number;
  /** Streams that wait for news. */
  waiters: number;
}

/** This node's one reader of the event log, and what every stream pulls from. */
export class Feed {
  #log: FeedLog | undefined;
  #closed = false;
  #hole: { since: number; reported: boolean } | undefined;
  #reader: { own: Dedicated; queries: LogQueries } | undefined;
  /** For streams that read the table: they share the pool. */
  readonly #queries: LogQueries;
  readonly #wakeUp = new WakeUp();
  readonly #faults: ReturnType<typeof onceInARow>;
  readonly #running: Promise<void>;
  #announceReady = () => {};
  readonly #ready = new Promise<void>((resolve) => {
    this.#announceReady = resolve;
  });

  constructor(
    readonly database: Database,
    private readonly options: FeedOptions,
  ) {
    this.#queries = prepareLogQueries(database.read);
    this.#faults = onceInARow(options.onFault);
    this.#running = this.#run();
  }

  /** Settles once the reader knows where the feed stands. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** The log of the present epoch; a stream stays with the one it began in. */
  get log(): FeedLog {
    if (!this.#log) throw new Error("the feed is not ready");
    return this.#log;
  }

  get status(): FeedStatus {
    const { epoch, head, waiters } = this.log;
    return { epoch, head, waiters, holeMs: this.#hole ? Date.now() - this.#hole.since : 0 };
  }

  /** What a write or a snapshot hands out: where a stream may start to see all that came after. */
  customerCursor(customerId: Id<"customer">, seq: number): string {
    return encodeCustomerCursor(this.log.epoch, customerId, seq);
  }

  feedCursor(pos: number): string {
    return encodeFeedCursor(this.log.epoch, pos);
  }

  /** News may have come; `head` spares the look when this node has read that far. */
  poke(head = Number.POSITIVE_INFINITY): void {
    if (head > (this.#log?.head ?? -1)) this.#wakeUp.call();
  }

  /** Ends every stream without an error. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#log?.end("closed");
    this.#announceReady();
    this.#wakeUp.call();
    await this.#reader?.own.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    let listening: { stop(): Promise<void> } | undefined;
    while (!this.#closed) {
      try {
        listening ??= await this.database.listen(
          stampedChannel,
          (head) => this.poke(Number(head)),
          () => this.poke(),
        );
        while (!this.#closed && (await this.#readOn()));
        this.#faults.worked();
      } catch (error) {
        if (!this.#closed) this.#faults.failed(error);
      }
      await this.#wakeUp.wait(this.#hole ? holePollMs : pollMs);
    }
    await listening?.stop().catch(this.#faults.failed);
    await this.#reader?.own.close();
  }

  /** A connection of its own: the node's live updates never queue behind somebody's slow statement. */
  async #connect(): Promise<LogQueries> {
    if (!this.#reader || this.#reader.own.lost.aborted) {
      const own = await this.database.dedicated();
      this.#reader = { own, queries: prepareLogQueries(own.session) };
    }
    return this.#reader.queries;
  }

  /** One step; true when another may follow at once. */
  async #readOn(): Promise<boolean> {
    const queries = await this.#connect();
    const log = this.#log;
    if (!log) return this.#begin(await queries.head());
    const rows = await queries.page(log.head, readLimit);
    if (!rows[0]) return this.#compare(log, await queries.head());
    if (rows[0].epoch !== log.epoch) return this.#begin(await queries.head());
    const holeAt = rows.findIndex((row, index) => row.pos !== log.head + 1 + index);
    log.advance((holeAt < 0 ? rows : rows.slice(0, holeAt)).map(toFeedEvent));
    if (holeAt >= 0) return this.#wait(log, rows[0].minPos);
    this.#hole = undefined;
    return rows.length === readLimit;
  }

  /** Nothing new, which is also what a restored log looks like. */
  #compare(log: FeedLog, { epoch, head, minPos }: FeedHeadRow): boolean {
    if (epoch !== log.epoch) return this.#begin({ epoch, head });
    if (head < log.head) {
      this.options.onFault(
        new Error(`the feed's head went back from ${log.head} to ${head} without a new epoch`),
      );
      return this.#begin({ epoch, head });
    }
    return head > log.head ? this.#wait(log, minPos) : false;
  }

  /** Starts at the head; streams of the log before end with CURSOR_EPOCH. */
  #begin({ epoch, head }: Pick<FeedHeadRow, "epoch" | "head">): boolean {
    this.#log?.end("epoch");
    this.#log = new FeedLog(epoch, head, this.#queries, this.options.ringSize ?? defaultRingSize);
    this.#hole = undefined;
    if (this.#closed) this.#log.end("closed");
    this.#announceReady();
    return true;
  }

  /** A hole is never stepped over by time; only when retention has taken what was there. */
  #wait(log: FeedLog, minPos: number): boolean {
    if (minPos > log.head + 1) {
      this.options.onFault(new Error(`the reader fell behind retention, from ${log.head + 1} to ${minPos}`));
      log.jumpTo(minPos - 1);
      this.#hole = undefined;
      return true;
    }
    this.#hole ??= { since: Date.now(), reported: false };
    if (!this.#hole.reported && Date.now() - this.#hole.since > holeAlarmMs) {
      this.#hole.reported = true;
      this.options.onFault(new Error(`the feed waits for the event at ${log.head + 1}`));
    }
    return false;
  }
}
