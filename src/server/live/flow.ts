import type { Writable } from "node:stream";

/** Written and not yet taken by the network: beyond it a client gets nothing more until it has taken all. */
const maxBufferedBytes = 1024 * 1024;

/** How a client takes what is written to its connection. */
export class Flow {
  private draining: Promise<void> | null = null;
  private taken = 0;
  private stuckSince: number | null = null;

  constructor(private readonly stream: Writable & { readonly bytesWritten?: number }) {}

  /** What waits to be taken. */
  get bufferedBytes(): number {
    return this.stream.writableLength;
  }

  /** Null while there is room; else settles when everything was taken, or the connection is gone. */
  room(): Promise<void> | null {
    if (this.stream.writableLength < maxBufferedBytes || this.stream.destroyed) return null;
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

  /** For how long the client has taken nothing of what waits for it, as far as the calls of this method show. */
  stuckMs(now: number): number {
    const taken = (this.stream.bytesWritten ?? 0) - this.stream.writableLength;
    const stuck = this.bufferedBytes > 0 && taken === this.taken;
    this.taken = taken;
    this.stuckSince = stuck ? (this.stuckSince ?? now) : null;
    return this.stuckSince === null ? 0 : now - this.stuckSince;
  }
}
