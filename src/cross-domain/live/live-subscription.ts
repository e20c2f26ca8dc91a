import type { FeedEvent } from "./feed-event.js";
import type { LiveSource, Step } from "./live-source.js";

/** Events handed on at once where each is an answer of its own: a burst costs a subscriber few writes. */
const stepOfSingles = 256;
/** Events of one list: about 20 kB, and lists are what makes a busy stream cheap. */
const stepOfLists = 64;

/**
 * What `subscribe` of a live field returns: not the events, but where they come from. The server walks the source once for
 * all subscribers who asked for the same (`server/live/`).
 */
export class LiveSubscription implements AsyncIterable<never> {
  constructor(
    readonly source: LiveSource,
    /** Where this subscriber asked to begin. */
    readonly after: string | null,
    private readonly shape: "singles" | "lists" = "singles",
  ) {}

  /** Most events of one step. */
  get stepSize(): number {
    return this.shape === "lists" ? stepOfLists : stepOfSingles;
  }

  /** What the field's resolver gets: the events of a step one by one, or all of them. */
  roots({ events }: Step): { value: unknown; last: FeedEvent }[] {
    if (this.shape === "singles") return events.map((event) => ({ value: event, last: event }));
    return [{ value: events, last: events.at(-1) as FeedEvent }];
  }

  /** graphql-js asks for it; nothing of ours walks it. */
  [Symbol.asyncIterator](): AsyncIterator<never> {
    throw new Error("a live subscription is followed through its source");
  }
}
