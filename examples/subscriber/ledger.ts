import { createHash } from "node:crypto";
import type { FeedEvent } from "./follow-feed.js";

/** What is wrong about an event: something before it is missing, or it came twice although nothing had broken. */
export interface Flaw {
  kind: "gap" | "doubled";
  customerId: string;
  expectedSeq: number;
  seq: number;
}

interface Last {
  seq: number;
  connection: number;
}

/** Flaws are kept to be shown; a broken stream has no end of them. */
const maxKeptFlaws = 20;

/**
 * Takes every event once: a number that a customer has had already is dropped, one that skips others is a gap. It keeps one
 * number per customer, not the events.
 */
export class Ledger {
  delivered = 0;
  /** Dropped: delivered again after a resume, as at-least-once means. */
  duplicates = 0;
  gaps = 0;
  doubled = 0;
  readonly flaws: Flaw[] = [];
  last: FeedEvent | undefined;
  readonly #lastOf = new Map<string, Last>();
  readonly #digest = createHash("sha256");

  /** True when the event is new, so it has to be dealt with. */
  take(event: FeedEvent, connection = 1): boolean {
    const { customerId, seq } = event;
    const last = this.#lastOf.get(customerId);
    if (last && seq <= last.seq) {
      this.duplicates++;
      if (last.connection === connection) this.#note("doubled", event, last.seq + 1);
      return false;
    }
    if (last && seq !== last.seq + 1) this.#note("gap", event, last.seq + 1);
    this.#lastOf.set(customerId, { seq, connection });
    this.#digest.update(`${customerId}:${seq};`);
    this.delivered++;
    this.last = event;
    return true;
  }

  get customers(): number {
    return this.#lastOf.size;
  }

  /** Which events were taken, and in which order, in one text. */
  digest(): string {
    return this.#digest.copy().digest("hex");
  }

  #note(kind: Flaw["kind"], { customerId, seq }: FeedEvent, expectedSeq: number): void {
    if (kind === "gap") this.gaps++;
    else this.doubled++;
    if (this.flaws.length < maxKeptFlaws) this.flaws.push({ kind, customerId, expectedSeq, seq });
  }
}
