import type { Broker } from "../../platform/broker/broker.js";
import { type Sealing, sealedMessages, unsealed } from "./feed-message.js";
import type { LoggedRow } from "./live.queries.js";

/** All nodes of a database, and of every other one at the same broker: seals tell them apart. */
export const feedSubject = "customer360.feed";
/** An event that PostgreSQL has told of, or a later one has come before, is waited for so long; then the log is read. */
const graceMs = 50;
/** After so much silence the log is read, whatever the broker says of itself. */
const silenceMs = 1_000;
/** Messages that came before their turn: a leader's change mixes a few. Beyond it the log is read. */
const maxEarlyMessages = 64;

export type MessageOutcome = "taken" | "old" | "early" | "refused";

/** The reader that the broker saves reading. */
export interface FastPathReader {
  /** The last position read. */
  head(): number;
  /** Events right after the head. */
  take(rows: LoggedRow[]): void;
  /** Something is missing: look into the log. */
  readNow(): void;
}

/** Stamped events from node to node by way of a broker that may do anything with them. The log is PostgreSQL's. */
export class FastPath {
  readonly messages: Record<MessageOutcome, number> = { taken: 0, old: 0, early: 0, refused: 0 };
  /** Messages sent, and those that could not be. */
  readonly sent = { messages: 0, failed: 0 };
  /** How often what was awaited did not come in time. */
  missed = 0;
  #sealing: Sealing | undefined;
  #trusted = false;
  #takenAt = Number.NEGATIVE_INFINITY;
  #expected = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #early = new Map<number, LoggedRow[]>();

  constructor(
    private readonly broker: Broker,
    private readonly reader: FastPathReader,
  ) {
    broker.subscribe(feedSubject, {
      onMessage: (message) => this.#receive(message),
      onConnected: () => {
        this.#trusted = false;
        reader.readNow();
      },
    });
  }

  get connected(): boolean {
    return this.broker.connected;
  }

  /** How long the reader may leave the log alone, from now on; 0: not at all. */
  get restMs(): number {
    return this.#trusted && this.connected ? Math.max(0, this.#takenAt + silenceMs - performance.now()) : 0;
  }

  /** The log that the node follows from now on. */
  begin(sealing: Sealing): void {
    this.#sealing = sealing;
    this.stop();
  }

  /** Forgets what it waits for. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#expected = 0;
    this.#early.clear();
  }

  /** For the leader: what it has just read. */
  send(rows: readonly LoggedRow[]): void {
    if (!this.#sealing) return;
    if (!this.connected) {
      this.sent.failed++; // at least one message
      return;
    }
    for (const message of sealedMessages(this.#sealing, rows, this.broker.maxMessageBytes)) {
      if (this.broker.publish(feedSubject, message)) this.sent.messages++;
      else this.sent.failed++;
    }
  }

  /** There is an event at this position. True: the broker should bring it, and if it does not, `readNow` is called soon. */
  expects(position: number): boolean {
    if (!this.#trusted || !this.connected) return false;
    this.#await(position);
    return true;
  }

  #receive(message: Uint8Array): void {
    const rows = this.#sealing && unsealed(this.#sealing, message);
    const [first, last] = [rows?.[0], rows?.at(-1)];
    if (!rows || !first || last?.pos !== first.pos + rows.length - 1) {
      this.messages.refused++;
      return;
    }
    this.#trusted = true;
    const head = this.reader.head();
    if (last.pos <= head) this.messages.old++;
    else if (first.pos > head + 1) {
      this.messages.early++;
      if (this.#early.size < maxEarlyMessages) this.#early.set(first.pos, rows);
      this.#await(last.pos);
    } else {
      this.messages.taken++;
      this.#take(rows);
    }
  }

  /** The rows, and then early messages whose turn has come. */
  #take(rows: LoggedRow[]): void {
    this.#takenAt = performance.now();
    for (let next: LoggedRow[] | undefined = rows; next; next = this.#nextEarly()) {
      const skipped = this.reader.head() + 1 - next[0]!.pos;
      this.reader.take(skipped > 0 ? next.slice(skipped) : next);
    }
  }

  #nextEarly(): LoggedRow[] | undefined {
    const head = this.reader.head();
    for (const [pos, rows] of this.#early) {
      if (pos > head + 1) continue;
      this.#early.delete(pos);
      if (rows.at(-1)!.pos > head) return rows;
    }
    return undefined;
  }

  #await(position: number): void {
    this.#expected = Math.max(this.#expected, position);
    if (this.#timer) return;
    const due = this.#expected;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.reader.head() < due) {
        this.missed++;
        this.#trusted = false;
        this.#early.clear();
        this.reader.readNow();
      } else if (this.reader.head() < this.#expected) this.#await(this.#expected);
    }, graceMs);
  }
}
