import type { Id } from "#schema/columns.js";
import type { FeedHeadRow } from "#schema/events.js";
import type { Broker } from "../../platform/broker/broker.js";
import type { Database, Dedicated } from "../../platform/database/database.js";
import { encodeCustomerCursor, encodeFeedCursor } from "./cursor.js";
import { FastPath } from "./fast-path.js";
import { toFeedEvent } from "./feed-event.js";
import { FeedHole, holePollMs } from "./feed-hole.js";
import { FeedLog } from "./feed-log.js";
import { type LoggedRow, type LogQueries, prepareLogQueries } from "./live.queries.js";
import { stampedChannel } from "./sequencer.js";
import { onceInARow, WakeUp } from "./wake-up.js";

/** Events kept in memory: several seconds of a busy feed, a few megabytes. Who falls behind further reads the table. */
const defaultRingSize = 4_096;
/** Events per statement of the reader: two full batches of the sequencer. */
const readLimit = 2_000;
/** How late an event can be when every hint is lost, and how late a new epoch is noticed. */
const pollMs = 500;

export interface FeedOptions {
  /** A fault; the reader goes on by itself. Equal ones in a row are reported once. */
  onFault: (error: unknown) => void;
  ringSize?: number;
  /** Brings events that another node has read already; without one every node reads them all. */
  broker?: Broker | undefined;
  /** Whether this node is the one that sends what it reads to the others. */
  leading?: () => boolean;
}

export interface FeedStatus {
  epoch: string;
  /** The last position read, everything before it included. */
  head: number;
  /** How long the reader has been waiting for the event at head + 1 although later ones are there; 0 normally. */
  holeMs: number;
  /** How long this node has known of events that it has not read; 0 normally. */
  lagMs: number;
  /** Streams that wait for news. */
  waiters: number;
  /** Statements on the log: by the reader, and by streams that are further back than memory reaches. */
  reads: { reader: number; streams: number };
  /** Events by the way they came. */
  events: { log: number; broker: number };
}

/** This node's one reader of the event log, and what every stream pulls from. */
export class Feed {
  #log: FeedLog | undefined;
  #closed = false;
  readonly #hole: FeedHole;
  #reader: { own: Dedicated; queries: LogQueries } | undefined;
  /** A position that this node has been told of, and when. */
  #known = { head: 0, since: 0 };
  readonly #reads = { reader: 0, streams: 0 };
  readonly #events = { log: 0, broker: 0 };
  readonly fastPath: FastPath | undefined;
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
    this.#hole = new FeedHole(options.onFault);
    this.#queries = prepareLogQueries(database.read, () => this.#reads.streams++);
    if (options.broker) {
      this.fastPath = new FastPath(options.broker, {
        head: () => this.#log?.head ?? 0,
        take: (rows) => this.#take(rows),
        readNow: () => this.#wakeUp.call(),
      });
    }
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
    const lagMs = this.#known.head > head ? performance.now() - this.#known.since : 0;
    return {
      epoch,
      head,
      waiters,
      holeMs: this.#hole.ms,
      lagMs,
      reads: { ...this.#reads },
      events: { ...this.#events },
    };
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
    this.#know(head);
  }

  /** Ends every stream without an error. */
  async close(): Promise<void> {
    this.#closed = true;
    this.fastPath?.stop();
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
          (head) => this.#hear(Number(head)),
          () => this.poke(),
        );
        while (!this.#closed && (await this.#readOn()));
        this.#faults.worked();
      } catch (error) {
        if (!this.#closed) this.#faults.failed(error);
      }
      // What the broker brings meanwhile puts the next look off.
      for (let restMs = this.#restMs; restMs > 0 && !(await this.#wakeUp.wait(restMs)); )
        restMs = this.#closed ? 0 : (this.fastPath?.restMs ?? 0);
    }
    await listening?.stop().catch(this.#faults.failed);
    await this.#reader?.own.close();
  }

  get #restMs(): number {
    return this.#hole.isOpen ? holePollMs : Math.max(pollMs, this.fastPath?.restMs ?? 0);
  }

  /** A leader has stamped that far. The leader itself reads at once: it is where the others' events come from. */
  #hear(head: number): void {
    const brought =
      !this.options.leading?.() && head > (this.#log?.head ?? 0) && this.fastPath?.expects(head);
    if (brought) this.#know(head);
    else this.poke(head);
  }

  /** Remembers the oldest news that is still to be read: later ones do not make the node look slower or faster. */
  #know(head: number): void {
    const read = this.#log?.head ?? 0;
    if (Number.isFinite(head) && head > read && this.#known.head <= read)
      this.#known = { head, since: performance.now() };
  }

  /** What the broker brought, right after the head. */
  #take(rows: LoggedRow[]): void {
    if (!this.#log || this.#closed) return;
    this.#log.advance(rows.map(toFeedEvent));
    this.#events.broker += rows.length;
    this.#hole.close();
  }

  /** A connection of its own: the node's live updates never queue behind somebody's slow statement. */
  async #connect(): Promise<LogQueries> {
    if (!this.#reader || this.#reader.own.lost.aborted) {
      const own = await this.database.dedicated();
      this.#reader = { own, queries: prepareLogQueries(own.session, () => this.#reads.reader++) };
    }
    return this.#reader.queries;
  }

  /** One step; true when another may follow at once. */
  async #readOn(): Promise<boolean> {
    const queries = await this.#connect();
    const log = this.#log;
    if (!log) return this.#begin(await queries.head());
    const from = log.head;
    const page = await queries.page(from, readLimit);
    if (!page[0]) return this.#compare(log, from, await queries.head());
    if (page[0].epoch !== log.epoch) return this.#begin(await queries.head());
    const rows = page.filter(({ pos }) => pos > log.head); // the broker may have been faster
    const holeAt = rows.findIndex((row, index) => row.pos !== log.head + 1 + index);
    const next = holeAt < 0 ? rows : rows.slice(0, holeAt);
    log.advance(next.map(toFeedEvent));
    this.#events.log += next.length;
    if (this.options.leading?.()) this.fastPath?.send(next);
    if (holeAt >= 0) return this.#wait(log, page[0].minPos);
    this.#hole.close();
    return page.length === readLimit;
  }

  /** Nothing after `from`, which is also what a restored log looks like. */
  #compare(log: FeedLog, from: number, row: FeedHeadRow): boolean {
    if (row.epoch !== log.epoch) return this.#begin(row);
    if (row.head < from) {
      this.options.onFault(
        new Error(`the feed's head went back from ${from} to ${row.head} without a new epoch`),
      );
      return this.#begin(row);
    }
    return row.head > log.head ? this.#wait(log, row.minPos) : false;
  }

  /** Starts at the head; streams of the log before end with CURSOR_EPOCH. */
  #begin({ epoch, head, brokerKey }: FeedHeadRow): boolean {
    this.#log?.end("epoch");
    this.fastPath?.begin({ epoch, brokerKey });
    this.#known = { head, since: 0 };
    this.#log = new FeedLog(epoch, head, this.#queries, this.options.ringSize ?? defaultRingSize);
    this.#hole.close();
    if (this.#closed) this.#log.end("closed");
    this.#announceReady();
    return true;
  }

  /** A hole is never stepped over by time; only when retention has taken what was there. */
  #wait(log: FeedLog, minPos: number): boolean {
    if (minPos > log.head + 1) {
      this.options.onFault(new Error(`the reader fell behind retention, from ${log.head + 1} to ${minPos}`));
      log.jumpTo(minPos - 1);
      this.#hole.close();
      return true;
    }
    this.#hole.found(log.head + 1);
    return false;
  }
}
