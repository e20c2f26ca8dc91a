/** What one read takes in: several pages of an answer. Only what is used of it takes memory, once per connection. */
const USUAL_BYTES = 262_144;
/** Before its end a message says its type, a byte, and its length, which counts its own four bytes. */
const TYPE_BYTES = 1;
const HEADER_BYTES = 5;

/**
 * The bytes that come from a server, in one buffer that is used again and again, and handed on in whole messages: a fresh
 * buffer per read, and another where a message comes in pieces, were what most garbage collections began with.
 */
export class Incoming {
  private bytes = Buffer.allocUnsafeSlow(USUAL_BYTES);
  private filled = 0;

  /** @param handOn Is given whole messages, which are gone when it returns. */
  constructor(private readonly handOn: (messages: Buffer) => void) {}

  /** Where the next bytes may be written. */
  room(): Buffer {
    return this.filled === 0 ? this.bytes : this.bytes.subarray(this.filled);
  }

  /** So many bytes have been written there. */
  take(count: number): void {
    this.filled += count;
    const { whole, needed } = this.measure();
    if (whole > 0) this.handOn(this.bytes.subarray(0, whole));
    const left = this.filled - whole;
    if (left === 0 && this.bytes.length === USUAL_BYTES) this.filled = 0;
    else this.keep(whole, left, needed);
  }

  /** Up to where the messages are whole, and how long the one behind them is. */
  private measure(): { whole: number; needed: number } {
    let whole = 0;
    let needed = 0;
    while (this.filled - whole >= HEADER_BYTES) {
      needed = TYPE_BYTES + this.bytes.readUInt32BE(whole + TYPE_BYTES);
      if (needed > this.filled - whole) break;
      whole += needed;
      needed = 0;
    }
    return { whole, needed };
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
