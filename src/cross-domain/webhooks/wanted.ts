import { interactionListing } from "../../domains/interactions/interaction.queries.js";
import { ticketListing } from "../../domains/tickets/ticket.queries.js";
import type { Database } from "../../platform/database/database.js";
import { type Listing, selectMatching } from "../../platform/database/page.js";
import type { EventType } from "../../platform/events/events.js";
import { type Id, requireId } from "../../platform/ids.js";
import type { FeedEvent } from "../live/feed-event.js";

/** Which events a document is about. */
export interface Wanted {
  types: readonly EventType[] | null;
  customerId: Id<"customer"> | null;
  /** Only events about rows that this filter lets through; null: about any. */
  rows: { listing: Listing; where: object } | null;
}

/** Arguments of the live fields, each of which has some of them. */
interface LiveArguments {
  id?: string;
  types?: EventType[] | null;
  where?: object | null;
}

interface Root {
  /** Throws an ApiError for arguments that no event can be tried by. */
  wanted(args: LiveArguments): Wanted;
  /** What the field is run on, for one event. */
  valueOf(event: FeedEvent): unknown;
}

const itself = (event: FeedEvent) => event;
const everything: Wanted = { types: null, customerId: null, rows: null };

/**
 * The root fields that a webhook's document may select. Each means what it means in a subscription; here it is told of the
 * position that was reached although nothing was wanted, which a stream has no use for.
 */
export const webhookRoots: Readonly<Record<string, Root>> = {
  events: {
    wanted: ({ types }) => ({ ...everything, types: types ?? null }),
    valueOf: (event) => [event],
  },
  customerChanged: {
    wanted: ({ id = "", types }) => ({
      ...everything,
      customerId: requireId("customer", id),
      types: types ?? null,
    }),
    valueOf: itself,
  },
  interactionRecorded: {
    wanted: ({ where }) => rowsOf(["INTERACTION_RECORDED"], interactionListing, where),
    valueOf: itself,
  },
  ticketChanged: {
    wanted: ({ where }) => rowsOf(["TICKET_OPENED", "TICKET_CHANGED"], ticketListing, where),
    valueOf: itself,
  },
};

/** The events that are wanted. Also throws, for no events at all, when a filter cannot be used. */
export async function keepWanted(
  db: Database["read"],
  { types, customerId, rows }: Wanted,
  events: readonly FeedEvent[],
): Promise<readonly FeedEvent[]> {
  const kept = events.filter(
    (event) =>
      (types === null || types.includes(event.type)) &&
      (customerId === null || event.customerId === customerId),
  );
  if (rows === null) return kept;
  const ids = [...new Set(kept.flatMap(({ subjectId }) => subjectId ?? []))];
  const matching = await selectMatching(db, rows.listing, ids, rows.where);
  return kept.filter(({ subjectId }) => subjectId && matching.has(subjectId));
}

function rowsOf(types: readonly EventType[], listing: Listing, where: object | null | undefined): Wanted {
  return { ...everything, types, rows: where ? { listing, where } : null };
}
