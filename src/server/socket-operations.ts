import type { ExecutionArgs, ExecutionResult } from "graphql";
import { maxSocketOperations } from "../platform/limits.js";

type Results = AsyncIterableIterator<ExecutionResult>;

/**
 * What runs on one socket. Kept here and not read off graphql-ws, whose own list forgets an operation when an earlier one
 * of the same id ends.
 */
export class SocketOperations {
  private readonly running = new Map<string, ExecutionArgs>();
  private readonly audiences = new Map<string, { left: boolean }>();
  private readonly streams = new Set<Results>();
  private readonly ids = new WeakMap<ExecutionArgs, string>();

  /** Whether an operation may begin; the close code of the refusal when it may not. */
  refusal(id: string): { code: number; reason: string } | null {
    if (this.running.has(id))
      return { code: 4409, reason: `Subscriber for ${id.slice(0, 50)} already exists` };
    if (this.running.size >= maxSocketOperations)
      return { code: 4429, reason: "Too many operations on one socket" };
    return null;
  }

  /** `audience` learns when the client no longer waits. */
  begin(id: string, args: ExecutionArgs, audience: { left: boolean }): void {
    this.running.set(id, args);
    this.audiences.set(id, audience);
    this.ids.set(args, id);
  }

  /** Runs a query or a mutation to its end. */
  async once<T>(args: ExecutionArgs, run: () => Promise<T> | T): Promise<T> {
    try {
      return await run();
    } finally {
      this.end(args);
    }
  }

  /** Follows a subscription until it ends, however it ends. */
  async stream(
    args: ExecutionArgs,
    start: () => Promise<Results | ExecutionResult>,
  ): Promise<Results | ExecutionResult> {
    const started = await start().catch((error) => {
      this.end(args);
      throw error;
    });
    if (!(Symbol.asyncIterator in started)) {
      this.end(args);
      return started;
    }
    const followed = this.followed(args, started);
    this.streams.add(followed);
    return followed;
  }

  /** The client has taken its interest back, or has its answer. */
  leave(id: string): void {
    const audience = this.audiences.get(id);
    if (audience) audience.left = true;
    this.audiences.delete(id);
  }

  /** The socket is gone: nothing of it goes on. */
  close(): void {
    for (const id of this.audiences.keys()) this.leave(id);
    for (const stream of this.streams) void stream.return?.();
  }

  private followed(args: ExecutionArgs, results: Results): Results {
    const ended = () => {
      this.streams.delete(followed);
      this.end(args);
    };
    const followed: Results = {
      async next() {
        try {
          const result = await results.next();
          if (result.done) ended();
          return result;
        } catch (error) {
          ended();
          throw error;
        }
      },
      async return() {
        ended();
        await results.return?.();
        return { value: undefined, done: true };
      },
      async throw(error) {
        ended();
        await results.return?.();
        throw error;
      },
      [Symbol.asyncIterator]: () => followed,
    };
    return followed;
  }

  private end(args: ExecutionArgs): void {
    const id = this.ids.get(args);
    if (id !== undefined && this.running.get(id) === args) this.running.delete(id);
  }
}
