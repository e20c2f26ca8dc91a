import type { ExecutionResult } from "graphql";
import type { LiveResult } from "./answers.js";
import { nextHead } from "./frames.js";
import type { Following } from "./hub.js";
import type { LiveSocket } from "./live-socket.js";
import type { Outlet } from "./member.js";

/**
 * A subscription on a socket, as graphql-ws follows it: an iterator that yields nothing, because the answers go to the socket
 * by themselves, and that ends when the subscription does.
 */
export class SocketStream implements AsyncIterableIterator<ExecutionResult>, Outlet {
  private readonly head: Buffer;
  private readonly leaving = new AbortController();
  private following: Following | undefined;
  private settle: ((fault?: unknown) => void) | undefined;
  private readonly over: Promise<IteratorReturnResult<undefined>>;

  constructor(
    private readonly socket: LiveSocket,
    id: string,
    private readonly onEnd: (stream: SocketStream) => void,
  ) {
    this.head = nextHead(id);
    this.over = new Promise((resolve, reject) => {
      const settle = (fault?: unknown) =>
        fault === undefined ? resolve({ value: undefined, done: true }) : reject(fault);
      this.settle = settle;
    });
    this.over.catch(() => {}); // who looks, sees it
  }

  /** Aborted when the client takes its interest back. */
  get signal(): AbortSignal {
    return this.leaving.signal;
  }

  begin(following: Following): void {
    this.following = following;
    if (this.leaving.signal.aborted) following.leave();
    else this.socket.followings.add(following);
  }

  send(results: readonly LiveResult[]): void {
    this.socket.send(this.head, results);
  }

  room(): Promise<void> | null {
    return this.socket.room();
  }

  end(fault?: unknown): void {
    if (this.following) this.socket.followings.delete(this.following);
    this.settle?.(fault);
    this.onEnd(this);
  }

  next(): Promise<IteratorResult<ExecutionResult>> {
    return this.over;
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.leaving.abort();
    this.following?.leave();
    this.end();
    return { value: undefined, done: true };
  }

  async throw(error: unknown): Promise<never> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
