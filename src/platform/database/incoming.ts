import { type AnswerColumn, valuesOfRow } from "./row-reader.js";

/** Who takes the rows of a statement. */
export interface RowTaker {
  columns: readonly AnswerColumn[];
  take(values: unknown[]): void;
}

/** What one read takes in: several pages of an answer. Only what is used of it takes memory, once per connection. */
const USUAL_BYTES = 262_144;
/** Before its end a message says its type, a byte, and its length, which counts its own four bytes. */
const TYPE_BYTES = 1;
const HEADER_BYTES = 5;
const dataRow = "D".charCodeAt(0);

/**
 * The bytes that come from a server, in one buffer that is used again and again, and handed on in whole messages: a fresh
 * buffer per read, and another where a message comes in pieces, were what most garbage collections began with. Rows that
 * follow one that was handed on may be read here instead.
 */
export class Incoming {
  private bytes = Buffer.allocUnsafeSlow(USUAL_BYTES);
  private filled = 0;
  /** The last message was a row. The first of each run of rows is handed on. */
  private isAmongRows = false;
  private taker: RowTaker | null = null;

  /** @param handOn Is given whole messages, which are gone when it returns. */
  constructor(private readonly handOn: (messages: Buffer) => void) {}

  /** For whoever is handed a row: those that follow it with nothing between are of the same statement, and go to its taker. */
  follow(taker: RowTaker | null): void {
    this.taker = taker;
  }

  /** Where the next bytes may be written. */
  room(): Buffer {
    return this.filled === 0 ? this.bytes : this.bytes.subarray(this.filled);
  }

  /** So many bytes have been written there. */
  take(count: number): void {
    this.filled += count;
    const { whole, needed } = this.passOn();
    const left = this.filled - whole;
    if (left === 0 && this.bytes.length === USUAL_BYTES) this.filled = 0;
    else this.keep(whole, left, needed);
  }

  /** Up to where the messages were whole, and how long the one behind them is. */
  private passOn(): { whole: number; needed: number } {
    const { bytes, filled } = this;
    let handed = 0;
    let whole = 0;
    let needed = 0;
    while (filled - whole >= HEADER_BYTES) {
      const end = whole + TYPE_BYTES + bytes.readUInt32BE(whole + TYPE_BYTES);
      if (end > filled) {
        needed = end - whole;
        break;
      }
      if (bytes[whole] !== dataRow) {
        this.isAmongRows = false;
        this.taker = null;
      } else if (!this.isAmongRows) {
        this.isAmongRows = true;
        this.handOn(bytes.subarray(handed, end));
        handed = end;
      } else if (this.taker && this.isTaken(this.taker, whole)) handed = end;
      whole = end;
    }
    if (whole > handed) this.handOn(bytes.subarray(handed, whole));
    return { whole, needed };
  }

  /** False where the row cannot be read: it is handed on then, with those behind it, and fails there. */
  private isTaken(taker: RowTaker, from: number): boolean {
    try {
      taker.take(valuesOfRow(this.bytes, from, taker.columns));
      return true;
    } catch {
      this.taker = null;
      return false;
    }
  }

  /** Moves what is left to the front. A long message gets room as it comes: its own word for its length may be wrong. */
  private keep(from: number, count: number, needed: number): void {
    const size = Math.max(USUAL_BYTES, Math.min(needed, 2 * count));
    const to = size === this.bytes.length ? this.bytes : Buffer.allocUnsafeSlow(size);
    this.bytes.copy(to, 0, from, from + count);
    this.bytes = to;
    this.filled = count;
  }
}
