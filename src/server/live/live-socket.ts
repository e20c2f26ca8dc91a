import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { nextFrames } from "./frames.js";
import type { LiveResult } from "./group.js";
import type { Following } from "./hub.js";

/** Written and not yet taken by the network: beyond it a socket gets nothing more until it has taken all. */
const maxBufferedBytes = 1024 * 1024;

/** One WebSocket as live answers see it: how much it takes, and whether somebody still reads. */
export class LiveSocket {
  readonly followings = new Set<Following>();
  private draining: Promise<void> | null = null;
  private taken = 0;
  private stuckSince: number | null = null;
  private answered = true;

  constructor(
    private readonly ws: WebSocket,
    /** The connection below. Frames of ours go to it directly, which is safe while nothing is compressed or fragmented. */
    private readonly stream: Duplex,
  ) {
    ws.on("pong", () => {
      this.answered = true;
    });
  }

  send(head: Buffer, results: readonly LiveResult[]): void {
    if (this.ws.readyState === this.ws.OPEN) this.stream.write(nextFrames(head, results));
  }

  /** Null while there is room; else settles when everything was taken, or the socket is gone. */
  room(): Promise<void> | null {
    if (this.stream.writableLength < maxBufferedBytes || this.ws.readyState !== this.ws.OPEN) return null;
    this.draining ??= new Promise((resolve) => {
      const settle = () => {
        this.stream.off("drain", settle).off("close", settle);
        this.draining = null;
        resolve();
      };
      this.stream.once("drain", settle).once("close", settle);
    });
    return this.draining;
  }

  /**
   * Looks after the socket, once per ping: one that reads nothing is closed after `maxStuckMs` with the place to resume at,
   * one that is silent although nothing holds it up is gone.
   */
  check(now: number, maxStuckMs: number, resumeAt: (pos: number) => string): void {
    const taken =
      (this.stream as Duplex & { bytesWritten: number }).bytesWritten - this.stream.writableLength;
    const stuck = this.stream.writableLength > 0 && taken === this.taken;
    this.taken = taken;
    if (!stuck) this.stuckSince = null;
    else this.stuckSince ??= now;
    if (this.stuckSince !== null) {
      if (now - this.stuckSince >= maxStuckMs) this.ws.close(4429, this.farewell(resumeAt));
      return;
    }
    if (this.answered || this.stream.writableLength > 0) {
      this.answered = false;
      this.ws.ping();
    } else this.ws.terminate();
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
