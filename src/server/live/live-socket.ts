import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { LiveResult } from "./answers.js";
import { Flow } from "./flow.js";
import { nextFrames } from "./frames.js";
import type { Following } from "./hub.js";

/** One WebSocket as live answers see it: how much it takes, and whether somebody is there. */
export class LiveSocket {
  readonly followings = new Set<Following>();
  private readonly flow: Flow;
  /** When the ping was sent that is not answered yet. */
  private askedAt: number | null = null;

  constructor(
    private readonly ws: WebSocket,
    /** The connection below. Frames of ours go to it directly, which is safe while nothing is compressed or fragmented. */
    private readonly stream: Duplex,
  ) {
    this.flow = new Flow(stream);
    ws.on("pong", () => {
      this.askedAt = null;
    });
    ws.on("message", () => this.holdBack());
    ws.on("ping", () => this.holdBack());
  }

  get bufferedBytes(): number {
    return this.flow.bufferedBytes;
  }

  send(head: Buffer, results: readonly LiveResult[]): void {
    if (this.ws.readyState === this.ws.OPEN) this.stream.write(nextFrames(head, results));
  }

  room(): Promise<void> | null {
    return this.flow.room();
  }

  /**
   * Looks after the socket, once per ping: a client that takes nothing of what waits for it, or gives no sign of life, is
   * given up after `maxStuckMs`, with the place to resume at.
   */
  check(now: number, maxStuckMs: number, resumeAt: (pos: number) => string): "kept" | "given up" {
    if (this.ws.readyState !== this.ws.OPEN) return "kept";
    // What a client that is held back says is not heard; whether it takes anything is seen all the same.
    const silentMs = this.askedAt === null || this.ws.isPaused ? 0 : now - this.askedAt;
    if (Math.max(this.flow.stuckMs(now), silentMs) >= maxStuckMs) {
      this.giveUp(resumeAt);
      return "given up";
    }
    if (this.askedAt === null) {
      this.askedAt = now;
      this.ws.ping();
    }
    return "kept";
  }

  /** Most of what a client says is answered: it is listened to no further until it has taken the answers. */
  private holdBack(): void {
    const room = this.ws.readyState === this.ws.OPEN && !this.ws.isPaused ? this.room() : null;
    if (!room) return;
    this.ws.pause();
    void room.then(() => {
      this.askedAt = null; // its pong may be among what was not heard
      this.ws.resume();
    });
  }

  /** The client gets what was written, then the goodbye, if it ever reads again. */
  private giveUp(resumeAt: (pos: number) => string): void {
    this.ws.close(4429, this.farewell(resumeAt));
    for (const following of this.followings) following.leave();
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
