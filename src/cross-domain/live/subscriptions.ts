import type { RequestContext } from "../../context.js";
import { interactionListing } from "../../domains/interactions/interaction.queries.js";
import type { InteractionFilter } from "../../domains/interactions/interaction.type.js";
import { selectMatching } from "../../platform/database/page.js";
import { ApiError } from "../../platform/errors.js";
import type { EventType } from "../../platform/events/events.js";
import { requireId } from "../../platform/ids.js";
import type { FeedEvent } from "./feed-event.js";
import { LiveStream } from "./live-stream.js";
import { customerStream, feedStream } from "./stream.js";

/** The source of `interactionRecorded`: one event at a time, those that the filter lets through. */
export async function recordedInteractions(
  { feed, database }: RequestContext,
  args: { after?: string | null; where?: InteractionFilter | null },
): Promise<LiveStream<FeedEvent>> {
  const keep = async (events: FeedEvent[]) => {
    if (!args.where) return events;
    const ids = events.map((event) => event.subjectId as string);
    const matching = await selectMatching(database.read, interactionListing, ids, args.where);
    return events.filter((event) => matching.has(event.subjectId as string));
  };
  await keep([]); // a filter that cannot be used is refused here, not at the first event
  return oneByOne(
    await feedStream(feed, { after: args.after ?? null, types: ["INTERACTION_RECORDED"] }),
    keep,
  );
}

/** The source of `customerChanged`. */
export async function changesOf(
  { feed, loaders }: RequestContext,
  args: { id: string; after?: string | null },
): Promise<LiveStream<FeedEvent>> {
  const customer = await loaders.customers.byId.load(requireId("customer", args.id));
  if (!customer) throw new ApiError("NOT_FOUND", "There is no customer with this id.", { argument: "id" });
  return oneByOne(await customerStream(feed, { customerId: customer.id, after: args.after ?? null }));
}

/** The source of `events`. */
export function feedBatches(
  { feed }: RequestContext,
  args: { after?: string | null; types?: EventType[] | null },
): Promise<LiveStream<FeedEvent[]>> {
  return feedStream(feed, { after: args.after ?? null, types: args.types });
}

/** Takes batches apart. Nothing is read ahead of what the subscriber has taken. */
function oneByOne(
  batches: LiveStream<FeedEvent[]>,
  keep: (events: FeedEvent[]) => Promise<FeedEvent[]> | FeedEvent[] = (events) => events,
): LiveStream<FeedEvent> {
  const waiting: FeedEvent[] = [];
  const pull = async () => {
    while (waiting.length === 0) {
      const next = await batches.next();
      if (next.done) return null;
      waiting.push(...(await keep(next.value)));
    }
    return waiting.shift() as FeedEvent;
  };
  return new LiveStream(pull, { onClose: () => void batches.return() });
}
