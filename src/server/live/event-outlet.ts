import type { ServerResponse } from "node:http";
import type { ExecutionResult } from "graphql";
import { graphqlError } from "../operation.js";
import type { LiveResult } from "./answers.js";
import { Flow } from "./flow.js";
import type { Following } from "./hub.js";
import type { Outlet } from "./member.js";

const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no", // proxies would hold events back
};

/** Server-sent events on one response. `id:` is the cursor, so a client that comes back says where it stopped. */
export class EventOutlet implements Outlet {
  private readonly flow: Flow;
  private readonly leaving = new AbortController();
  private following: Following | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly shown: (result: ExecutionResult) => unknown,
  ) {
    this.flow = new Flow(response.socket ?? response);
  }

  /** Aborted when the client is gone. */
  get signal(): AbortSignal {
    return this.leaving.signal;
  }

  get bufferedBytes(): number {
    return this.flow.bufferedBytes;
  }

  open(): void {
    this.response.writeHead(200, headers);
    this.response.write(":\n\n");
  }

  begin(following: Following): void {
    this.following = following;
    if (this.signal.aborted) following.leave();
  }

  send(results: readonly LiveResult[]): void {
    const parts = results.flatMap(({ payload, cursor }) => [
      Buffer.from(`id: ${cursor}\nevent: next\ndata: `),
      payload,
      Buffer.from("\n\n"),
    ]);
    if (!this.response.writableEnded) this.response.write(Buffer.concat(parts));
  }

  room(): Promise<void> | null {
    return this.flow.room();
  }

  end(fault?: unknown): void {
    this.finish(fault === undefined ? null : { errors: [graphqlError(fault)] });
  }

  /** The last answer, if there is one, and the end of the operation. */
  finish(result: ExecutionResult | null): void {
    this.leave();
    if (this.response.writableEnded) return;
    if (result) this.response.write(`event: next\ndata: ${JSON.stringify(this.shown(result))}\n\n`);
    this.response.end("event: complete\ndata:\n\n");
  }

  /** The client is gone. */
  leave(): void {
    this.leaving.abort();
    this.following?.leave();
  }

  /** Cuts the connection without an end of the operation: the client comes back and resumes. */
  abandon(): void {
    this.leave();
    this.response.end();
  }

  /** A sign of life; a client that takes nothing is cut off, and resumes after the last event it has. */
  check(now: number, maxStuckMs: number): "kept" | "given up" {
    if (this.flow.stuckMs(now) >= maxStuckMs) {
      this.response.destroy();
      return "given up";
    }
    if (!this.response.writableEnded) this.response.write(":\n\n");
    return "kept";
  }
}
