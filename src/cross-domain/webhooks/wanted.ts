import { interactionListing } from "../../domains/interactions/interaction.queries.js";
import type { InteractionFilter } from "../../domains/interactions/interaction.type.js";
import type { Database } from "../../platform/database/database.js";
import { selectMatching } from "../../platform/database/page.js";
import type { EventType } from "../../platform/events/events.js";
import { type Id, requireId } from "../../platform/ids.js";
import type { FeedEvent } from "../live/feed-event.js";

/** Which events a document is about. */
export interface Wanted {
  types: readonly EventType[] | null;
  customerId: Id<"customer"> | null;
  /** Only contacts that this filter lets through; then `types` are those of contacts. */
  contacts: InteractionFilter | null;
}

interface Root {
  /** Throws an ApiError for arguments that no event can be tried by. */
  wanted(args: { types?: EventType[] | null; id?: string; where?: InteractionFilter | null }): Wanted;
  /** What the field is run on, for one event. */
  valueOf(event: FeedEvent): unknown;
}

const everything: Wanted = { types: null, customerId: null, contacts: null };

/** The root fields that a webhook's document may select. Each means what it means in a subscription. */
export const webhookRoots: Readonly<Record<string, Root>> = {
  events: {
    wanted: ({ types }) => ({ ...everything, types: types ?? null }),
    valueOf: (event) => [event],
  },
  customerChanged: {
    wanted: ({ id }) => ({ ...everything, customerId: requireId("customer", id ?? "") }),
    valueOf: (event) => event,
  },
  interactionRecorded: {
    wanted: ({ where }) => ({ ...everything, types: ["INTERACTION_RECORDED"], contacts: where ?? null }),
    valueOf: (event) => event,
  },
};

/** The events that are wanted. Also throws, for no events at all, when a filter cannot be used. */
export async function keepWanted(
  db: Database["read"],
  { types, customerId, contacts }: Wanted,
  events: readonly FeedEvent[],
): Promise<readonly FeedEvent[]> {
  const kept = events.filter(
    (event) =>
      (types === null || types.includes(event.type)) &&
      (customerId === null || event.customerId === customerId),
  );
  if (contacts === null) return kept;
  const ids = kept.flatMap(({ subjectId }) => subjectId ?? []);
  const matching = await selectMatching(db, interactionListing, ids, contacts);
  return kept.filter(({ subjectId }) => subjectId && matching.has(subjectId));
}
