import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { Flow } from "./flow.js";
import { nextFrames } from "./frames.js";
import type { LiveResult } from "./group.js";
import type { Following } from "./hub.js";

/** One WebSocket as live answers see it: how much it takes, and whether somebody still reads. */
export class LiveSocket {
  readonly followings = new Set<Following>();
  private readonly flow: Flow;
  private answered = true;

  constructor(
    private readonly ws: WebSocket,
    /** The connection below. Frames of ours go to it directly, which is safe while nothing is compressed or fragmented. */
    private readonly stream: Duplex,
  ) {
    this.flow = new Flow(stream);
    ws.on("pong", () => {
      this.answered = true;
    });
  }

  send(head: Buffer, results: readonly LiveResult[]): void {
    if (this.ws.readyState === this.ws.OPEN) this.stream.write(nextFrames(head, results));
  }

  room(): Promise<void> | null {
    return this.flow.room();
  }

  /**
   * Looks after the socket, once per ping: one that reads nothing is closed after `maxStuckMs` with the place to resume at,
   * one that is silent although nothing holds it up is gone.
   */
  check(now: number, maxStuckMs: number, resumeAt: (pos: number) => string): void {
    if (this.flow.stuckMs(now) >= maxStuckMs) this.ws.close(4429, this.farewell(resumeAt));
    else if (!this.answered && this.flow.idle) this.ws.terminate();
    else {
      this.answered = false;
      this.ws.ping();
    }
  }

  /** One cursor can speak for all subscriptions only when each has been sent something. */
  private farewell(resumeAt: (pos: number) => string): string {
    const places = [...this.followings].map(({ sentUpTo }) => sentUpTo);
    const known = places.filter((pos) => pos !== null);
    const all = known.length > 0 && known.length === places.length;
    return all
      ? `Too slow. Resume after ${resumeAt(Math.min(...known))}`
      : "Too slow. Resume after your last cursor";
  }
}
