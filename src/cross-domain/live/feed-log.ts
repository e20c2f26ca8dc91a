import type { Id } from "#schema/columns.js";
import type { FeedHeadRow } from "#schema/events.js";
import { LiveError } from "./cursor.js";
import { type FeedEvent, toFeedEvent } from "./feed-event.js";
import type { LoggedRow, LogQueries } from "./live.queries.js";
import { Ring } from "./ring.js";

interface Page {
  events: FeedEvent[];
  /** Epoch and bound of the snapshot the page was read in; undefined for an empty page. */
  epoch: string | undefined;
  minPos: number;
}

/**
 * The event log of one epoch as this node knows it. A subscriber is only a position: it asks for what comes after, and waits
 * when there is nothing. What the ring does not hold any more is read from the table, so a slow one costs no memory.
 */
export class FeedLog {
  #ring: Ring;
  #end: "epoch" | "closed" | undefined;
  #waiting = new Set<() => void>();
  /** Machinery of this node, which is no stream. */
  #watching = new Set<() => void>();
  readonly #waitingFor = new Map<Id<"customer">, Set<() => void>>();
  readonly #reads = new Map<string, Promise<Page>>();

  constructor(
    readonly epoch: string,
    head: number,
    private readonly queries: LogQueries,
    private readonly ringSize: number,
  ) {
    this.#ring = new Ring(ringSize, head);
  }

  /** The last position this node has read, everything before it included. */
  get head(): number {
    return this.#ring.head;
  }

  /** Later events than this position are in memory. */
  get tail(): number {
    return this.#ring.tail;
  }

  get waiters(): number {
    let count = this.#waiting.size;
    for (const waiting of this.#waitingFor.values()) count += waiting.size;
    return count;
  }

  /** False once this node stops; throws when the epoch is over. */
  isOpen(): boolean {
    if (this.#end === "epoch") throw new LiveError("CURSOR_EPOCH");
    return this.#end === undefined;
  }

  /** At most `limit` events right after the position; empty when this node knows none yet. */
  async after(position: number, limit: number): Promise<FeedEvent[]> {
    if (position >= this.head) return [];
    const recent = this.#ring.after(position, limit);
    if (recent) return recent;
    const page = await this.#read(`${position}:${limit}`, () => this.queries.page(position, limit));
    if (page.events.length === 0) throw await this.#whyNothing(position);
    return this.#withoutHole(page, position, (event) => event.pos, position + 1);
  }

  /** The customer's last event, if it is one of the node's latest. */
  recentOf(customerId: Id<"customer">): FeedEvent | undefined {
    return this.#ring.lastOf(customerId);
  }

  /** At most `limit` events of the customer right after number `seq`; empty when there is no later one. */
  async customerAfter(customerId: Id<"customer">, seq: number, limit: number): Promise<FeedEvent[]> {
    const recent = this.#ring.customerAfter(customerId, seq, limit);
    if (recent) return recent;
    const key = `${customerId}:${seq}:${limit}`;
    const page = await this.#read(key, () => this.queries.customerPage(customerId, seq, limit));
    const newest = this.recentOf(customerId);
    if (page.events.length === 0 && newest && newest.seq > seq) throw await this.#whyNothing(newest.pos - 1);
    return this.#withoutHole(page, seq, (event) => event.seq, 1);
  }

  /** Settles when there is an event after the position, when the log ends, or on abort. */
  changed(position: number, signal: AbortSignal): Promise<void> {
    if (this.head > position || this.#end) return Promise.resolve();
    return waitIn(this.#waiting, signal);
  }

  /** As `changed`, for who is no stream: not counted among those that wait. */
  grown(position: number, signal: AbortSignal): Promise<void> {
    if (this.head > position || this.#end) return Promise.resolve();
    return waitIn(this.#watching, signal);
  }

  /** Settles at the customer's next event, when the log ends, or on abort. Look at `recentOf` in the same tick before. */
  customerChanged(customerId: Id<"customer">, signal: AbortSignal): Promise<void> {
    if (this.#end) return Promise.resolve();
    let waiting = this.#waitingFor.get(customerId);
    if (!waiting) {
      waiting = new Set();
      this.#waitingFor.set(customerId, waiting);
    }
    return waitIn(waiting, signal, () => {
      if (waiting.size === 0 && this.#waitingFor.get(customerId) === waiting)
        this.#waitingFor.delete(customerId);
    });
  }

  /** The feed's head as the database has it now. */
  readHead(): Promise<FeedHeadRow> {
    return this.queries.head();
  }

  /** For the reader: the next events, without a hole. */
  advance(events: readonly FeedEvent[]): void {
    for (const event of events) this.#ring.push(event);
    if (events.length === 0) return;
    this.#wakeAll();
    for (const { customerId } of events) wake(this.#waitingFor.get(customerId));
  }

  /** For the reader: it fell behind retention, so everything up to the position is gone. */
  jumpTo(position: number): void {
    this.#ring = new Ring(this.ringSize, position);
    this.#wakeAll();
    for (const waiting of [...this.#waitingFor.values()]) wake(waiting);
  }

  /** For the reader: streams end, with CURSOR_EPOCH or, when this node closes, without an error. */
  end(reason: "epoch" | "closed"): void {
    this.#end ??= reason;
    this.#wakeAll();
    for (const waiting of [...this.#waitingFor.values()]) wake(waiting);
  }

  #wakeAll(): void {
    const [waiting, watching] = [this.#waiting, this.#watching];
    this.#waiting = new Set();
    this.#watching = new Set();
    wake(waiting);
    wake(watching);
  }

  /** A thousand streams that resume at one place cost one statement. */
  #read(key: string, select: () => Promise<LoggedRow[]>): Promise<Page> {
    const running = this.#reads.get(key);
    if (running) return running;
    const page = select()
      .then((rows) => ({
        events: rows.map(toFeedEvent),
        epoch: rows[0]?.epoch,
        minPos: rows[0]?.minPos ?? 0,
      }))
      .finally(() => this.#reads.delete(key));
    this.#reads.set(key, page);
    return page;
  }

  /**
   * What follows `last` without a hole. A hole at the start is never stepped over: it is retention when that has come
   * past `expiresAt`, else a fault.
   */
  #withoutHole(
    { events, epoch, minPos }: Page,
    last: number,
    numberOf: (event: FeedEvent) => number,
    expiresAt: number,
  ): FeedEvent[] {
    if (!events[0]) return [];
    if (epoch !== this.epoch) throw new LiveError("CURSOR_EPOCH");
    const holeAt = events.findIndex((event, index) => numberOf(event) !== last + 1 + index);
    if (holeAt !== 0) return holeAt < 0 ? events : events.slice(0, holeAt);
    if (minPos > expiresAt) throw new LiveError("CURSOR_EXPIRED");
    throw new Error(`the event log has a hole: ${numberOf(events[0])} follows ${last}`);
  }

  /** The node has read further than this position, yet the table has nothing after it. */
  async #whyNothing(position: number): Promise<Error> {
    const { epoch, minPos } = await this.readHead();
    if (epoch !== this.epoch) return new LiveError("CURSOR_EPOCH");
    if (position + 1 < minPos) return new LiveError("CURSOR_EXPIRED");
    return new Error(`the event log has lost everything after ${position}`);
  }
}

function waitIn(waiting: Set<() => void>, signal: AbortSignal, onDone?: () => void): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const resume = () => {
      signal.removeEventListener("abort", resume);
      waiting.delete(resume);
      onDone?.();
      resolve();
    };
    waiting.add(resume);
    signal.addEventListener("abort", resume);
  });
}

function wake(waiting: Set<() => void> | undefined): void {
  if (waiting) for (const resume of [...waiting]) resume();
}
