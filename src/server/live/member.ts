import type { Place } from "../../cross-domain/live/live-source.js";
import type { Entry, LiveResult } from "./answers.js";
import type { Follower, Group } from "./group.js";
import { NotShared } from "./shared-context.js";

/** The way to one subscriber, whatever the transport. */
export interface Outlet {
  /** Hands answers over, in order. */
  send(results: readonly LiveResult[]): void;
  /** Null while there is room for more; else settles when there is, or when nobody is there any more. */
  room(): Promise<void> | null;
  /** Nothing more will come; `fault` says why, when it is not the natural end. */
  end(fault?: unknown): void;
}

/** Handed over before looking for room again. */
const maxSentBytes = 256 * 1024;

/**
 * One subscriber: a place in a group. There is no queue: who takes slowly stands still, and reads on from the log later.
 */
export class Member implements Follower {
  private left = false;
  private lastPos: number | null = null;

  constructor(
    private group: Group,
    private place: Place,
    private readonly outlet: Outlet,
    /** A group of its own, for answers that turn out to depend on who asks. */
    private readonly alone: () => Group,
  ) {
    group.join();
    this.ask();
  }

  /** The feed's position of what was sent last; null when nothing was. */
  get sentUpTo(): number | null {
    return this.lastPos;
  }

  /** The subscriber goes. */
  leave(): void {
    if (this.left) return;
    this.left = true;
    this.group.leave(this, this.place);
  }

  take(entry: Entry): void {
    try {
      this.deliver(entry, 0);
    } catch (fault) {
      this.end(fault);
    }
  }

  end(fault?: unknown): void {
    if (this.left) return;
    if (fault instanceof NotShared) this.standAlone();
    else {
      this.leave();
      this.outlet.end(fault);
    }
  }

  private ask(): void {
    this.group.ask(this, this.place);
  }

  private standAlone(): void {
    this.group.leave(this, this.place);
    this.group = this.alone();
    this.group.join();
    this.ask();
  }

  /** Hands over while there is room, and goes on when there is again. It awaits nothing else: it runs once per subscriber and event. */
  private deliver(entry: Entry, from: number): void {
    const { results, place } = entry;
    for (let sent = from; sent < results.length && !this.left; ) {
      const next = upTo(results, sent);
      this.outlet.send(sent === 0 && next === results.length ? results : results.slice(sent, next));
      this.lastPos = results[next - 1]?.pos ?? this.lastPos;
      sent = next;
      const room = this.outlet.room();
      if (room) return void room.then(() => this.deliver(entry, sent)).catch((fault) => this.end(fault));
    }
    if (this.left) return;
    this.place = place;
    this.ask();
  }
}

/** The end of what may be handed over at once, from `start` on: at least one answer. */
function upTo(results: readonly LiveResult[], start: number): number {
  let bytes = 0;
  for (let index = start; index < results.length; index++) {
    bytes += (results[index] as LiveResult).payload.length;
    if (bytes > maxSentBytes && index > start) return index;
  }
  return results.length;
}
