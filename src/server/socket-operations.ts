import type { ExecutionArgs } from "graphql";
import { leave } from "../platform/database/audience.js";
import { maxOperationIdLength, maxSocketOperations } from "../platform/limits.js";
import type { SocketStream } from "./live/socket-stream.js";

/**
 * What runs on one socket. Kept here and not read off graphql-ws, whose own list forgets an operation when an earlier one
 * of the same id ends.
 */
export class SocketOperations {
  private readonly running = new Map<string, ExecutionArgs>();
  private readonly audiences = new Map<string, { left: boolean }>();
  private readonly streams = new Set<SocketStream>();
  private readonly ids = new WeakMap<ExecutionArgs, string>();

  /** Whether an operation may begin; the close code of the refusal when it may not. */
  refusal(id: string): { code: number; reason: string } | null {
    if (id.length > maxOperationIdLength)
      return {
        code: 4400,
        reason: `The id of an operation may have at most ${maxOperationIdLength} characters`,
      };
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

  /** A subscription begins; its end is told to `end`. */
  follow(stream: SocketStream): void {
    this.streams.add(stream);
  }

  end(args: ExecutionArgs, stream?: SocketStream): void {
    if (stream) this.streams.delete(stream);
    const id = this.ids.get(args);
    if (id !== undefined && this.running.get(id) === args) this.running.delete(id);
  }

  /** The client has taken its interest back, or has its answer. */
  leave(id: string): void {
    const audience = this.audiences.get(id);
    if (audience) leave(audience);
    this.audiences.delete(id);
  }

  /** The socket is gone: nothing of it goes on. */
  close(): void {
    for (const id of this.audiences.keys()) this.leave(id);
    for (const stream of [...this.streams]) void stream.return();
  }
}
