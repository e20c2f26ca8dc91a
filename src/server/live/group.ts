import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { LRUCache } from "lru-cache";
import type { LiveSource, Place } from "../../cross-domain/live/live-source.js";
import { type AnswerOptions, Answers, type Entry, isPassing } from "./answers.js";
import type { LiveRequest } from "./live-request.js";

/** Who stands somewhere in a group and waits for what follows. */
export interface Follower {
  take(entry: Entry): void;
  /** Nothing follows: the source is over, or has failed. */
  end(fault?: unknown): void;
}

export interface GroupOptions extends AnswerOptions {
  /** Somebody begins to follow a source: for the audit. */
  onFollowed?(request: LiveRequest, source: LiveSource): void;
  /** Entries of all groups, by group and place: who resumes among many does not cost an execution. */
  recent: LRUCache<string, Entry>;
}

/** How long an event is held back while the database is away, before its failure is delivered as it is. */
const maxHeldMs = 60_000;
const retryMs = 250;
/**
 * Who stands at the head hears of the first event at once; what comes right after it waits for company, the longer the more
 * follow: a write to each takes some 20 µs, so a thousand's single events take a fifth of a core at most. Nobody notices 0.1 s.
 */
const companyMsPerFollower = 0.1;
const maxCompanyMs = 100;

/**
 * Subscribers who asked for the same, and may see the same. A follower is only a place: whatever comes after a place is read
 * and executed once, however many stand there.
 */
export class Group {
  private readonly audience = { left: false };
  private readonly leaving = new AbortController();
  private readonly waiting = new Map<number, Set<Follower>>();
  private readonly id = randomUUID();
  private readonly answers: Answers;
  private members = 0;
  /** Where all was said that there was to say, and until when it is waited for company there. */
  private head = { at: -1, companyUntil: 0 };

  constructor(
    request: LiveRequest,
    private readonly options: GroupOptions,
    /** False: it has one member only, and the answers may depend on who that is. */
    shared: boolean,
    /** Nobody may join any more: it is empty, its source is over, or its answers turned out not to be for all. */
    private readonly onRetired: (fault?: unknown) => void,
  ) {
    this.answers = new Answers(request, options, shared, this.audience);
  }

  get memberCount(): number {
    return this.members;
  }

  join(): void {
    this.members++;
  }

  leave(follower: Follower, { at }: Place): void {
    this.waiting.get(at)?.delete(follower);
    if (--this.members > 0) return;
    this.audience.left = true;
    this.leaving.abort();
    this.onRetired();
  }

  /** Gives the follower what comes after its place, soon or when it happens. */
  ask(follower: Follower, place: Place): void {
    const waiting = this.waiting.get(place.at);
    const known = waiting ? undefined : this.options.recent.get(this.keyOf(place));
    if (waiting) waiting.add(follower);
    else if (known) queueMicrotask(() => follower.take(known));
    else {
      const first = new Set([follower]);
      this.waiting.set(place.at, first);
      void this.produce(place, first);
    }
  }

  private async produce(place: Place, waiting: Set<Follower>): Promise<void> {
    try {
      const entry = await this.entryAfter(place);
      this.waiting.delete(place.at);
      if (!entry) return this.retire(waiting);
      this.options.recent.set(this.keyOf(place), entry, { size: entry.bytes + 1 });
      if (entry.isLatest) {
        const companyMs = Math.min(waiting.size * companyMsPerFollower, maxCompanyMs);
        this.head = { at: entry.place.at, companyUntil: performance.now() + companyMs };
      }
      for (const follower of waiting) follower.take(entry);
    } catch (fault) {
      this.waiting.delete(place.at);
      this.retire(waiting, fault);
    }
  }

  private retire(waiting: ReadonlySet<Follower>, fault?: unknown): void {
    this.onRetired(fault);
    for (const follower of [...waiting]) follower.end(fault);
  }

  /** A database that is away for a while delays events; it does not turn them into errors. */
  private async entryAfter(place: Place): Promise<Entry | null> {
    const { signal } = this.leaving;
    const givenUpAt = Date.now() + maxHeldMs;
    for (;;) {
      try {
        const subscription = await this.answers.open();
        const companyMs = place.at === this.head.at ? this.head.companyUntil - performance.now() : 0;
        if (companyMs >= 1) await pause(companyMs, undefined, { ref: false, signal });
        const step = await subscription.source.step(place, this.answers.stepSize(subscription), signal);
        return step && (await this.answers.of(subscription, step, Date.now() < givenUpAt));
      } catch (fault) {
        if (signal.aborted) return null;
        if (!isPassing(fault) || Date.now() >= givenUpAt) throw fault;
        await pause(retryMs, undefined, { ref: false });
      }
    }
  }

  private keyOf({ at }: Place): string {
    return `${this.id}:${at}`;
  }
}
