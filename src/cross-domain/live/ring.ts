import type { Id } from "#schema/columns.js";
import { erasedEvent, type FeedEvent } from "./feed-event.js";

interface Slot {
  event: FeedEvent;
  /** The same customer's event before this one, or 0; it may have left the ring since. */
  previousPos: number;
}

/** The tail of the log in memory: the last `capacity` events, contiguous up to `head`. */
export class Ring {
  #head: number;
  #size = 0;
  readonly #slots: Slot[];
  readonly #lastPos = new Map<Id<"customer">, number>();

  constructor(
    private readonly capacity: number,
    head: number,
  ) {
    this.#head = head;
    this.#slots = new Array(capacity);
  }

  get head(): number {
    return this.#head;
  }

  /** The lowest position from which every later event up to the head is here. */
  get tail(): number {
    return this.#head - this.#size;
  }

  push(event: FeedEvent): void {
    if (event.pos !== this.#head + 1) throw new Error(`event ${event.pos} does not follow ${this.#head}`);
    if (this.#size === this.capacity) this.#drop(this.tail + 1);
    else this.#size++;
    this.#head = event.pos;
    const previousPos = this.#lastPos.get(event.customerId) ?? 0;
    this.#slots[event.pos % this.capacity] = { event, previousPos };
    this.#lastPos.set(event.customerId, event.pos);
    if (event.type === "CUSTOMER_ERASED") this.#blankBefore(previousPos);
  }

  /** The same that the erasure has made of the log. */
  #blankBefore(lastPos: number): void {
    for (let slot = this.#at(lastPos); slot; slot = this.#at(slot.previousPos))
      slot.event = erasedEvent(slot.event);
  }

  /** Events after the position, or null when the ring does not reach back that far. */
  after(position: number, limit: number): FeedEvent[] | null {
    if (position < this.tail) return null;
    const length = Math.max(0, Math.min(limit, this.#head - position));
    return Array.from({ length }, (_, index) => this.#at(position + 1 + index)!.event);
  }

  lastOf(customerId: Id<"customer">): FeedEvent | undefined {
    const pos = this.#lastPos.get(customerId);
    return pos === undefined ? undefined : this.#at(pos)?.event;
  }

  /** One customer's events after number `seq`, or null when the ring does not reach back that far. */
  customerAfter(customerId: Id<"customer">, seq: number, limit: number): FeedEvent[] | null {
    const found: FeedEvent[] = [];
    let slot = this.#at(this.#lastPos.get(customerId) ?? 0);
    while (slot && slot.event.seq > seq) {
      found.push(slot.event);
      slot = this.#at(slot.previousPos);
    }
    const reachesBack = found.at(-1)?.seq === seq + 1 || (slot !== undefined && found.length === 0);
    return reachesBack ? found.reverse().slice(0, limit) : null;
  }

  #at(pos: number): Slot | undefined {
    return pos > this.tail && pos <= this.#head ? this.#slots[pos % this.capacity] : undefined;
  }

  #drop(pos: number): void {
    const { customerId } = this.#slots[pos % this.capacity]!.event;
    if (this.#lastPos.get(customerId) === pos) this.#lastPos.delete(customerId);
  }
}
