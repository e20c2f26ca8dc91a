import { followFeed } from "../../../examples/subscriber/follow-feed.js";
import type { Delivery } from "./history.js";
import { adminKey } from "./server.js";

/** The example's own resuming client, with a record of what it got and when. */
export class RecordingSubscriber {
  readonly deliveries: Delivery[] = [];
  /** When each connection stood, and where it was. */
  readonly connections: { url: string; at: number }[] = [];
  readonly breaks: string[] = [];
  readonly ended: Promise<unknown>;
  readonly #leave = new AbortController();
  readonly #watchers = new Set<() => void>();

  constructor(
    readonly name: string,
    urls: readonly string[],
    /** Where it began: after an event of one customer. */
    readonly after: string,
  ) {
    this.ended = followFeed({
      urls,
      key: adminKey,
      after,
      signal: this.#leave.signal,
      onConnected: (url) => this.connections.push({ url, at: Date.now() }),
      onBroken: (why) => this.breaks.push(why),
      onBatch: ({ events }, connection) => {
        const at = Date.now();
        for (const { customerId, seq, subjectId } of events)
          this.deliveries.push({ customerId, seq, subjectId, connection, at });
        for (const look of this.#watchers) look();
      },
    }).catch((error: unknown) => error);
  }

  /** The node it is on, or was on last. */
  get url(): string | undefined {
    return this.connections.at(-1)?.url;
  }

  /** Resolves once what has come satisfies the condition. */
  got(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!condition()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
      void this.ended.then((why) => reject(new Error(`${this.name} ended: ${why}`)));
    });
  }

  async leave(): Promise<void> {
    this.#leave.abort();
    await this.ended;
  }
}
