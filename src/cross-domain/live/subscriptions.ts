import type { RequestContext } from "../../context.js";
import { interactionListing } from "../../domains/interactions/interaction.queries.js";
import type { InteractionFilter } from "../../domains/interactions/interaction.type.js";
import { ticketListing } from "../../domains/tickets/ticket.queries.js";
import type { TicketFilter } from "../../domains/tickets/ticket.type.js";
import { type Listing, selectMatching } from "../../platform/database/page.js";
import { ApiError } from "../../platform/errors.js";
import type { EventType } from "../../platform/events/events.js";
import { requireId } from "../../platform/ids.js";
import type { FeedEvent } from "./feed-event.js";
import { customerSource, feedSource, filtered, type LiveSource } from "./live-source.js";
import { LiveSubscription } from "./live-subscription.js";

type After = { after?: string | null };

/** `interactionRecorded`: the events of contacts that the filter lets through. */
export async function recordedInteractions(
  context: RequestContext,
  { after, where }: After & { where?: InteractionFilter | null },
): Promise<LiveSubscription> {
  const source = await feedSource(context.feed, ["INTERACTION_RECORDED"]);
  return new LiveSubscription(await matching(context, source, interactionListing, where), after ?? null);
}

/** `ticketChanged`: the events of tickets that the filter lets through as they are now. */
export async function changedTickets(
  context: RequestContext,
  { after, where }: After & { where?: TicketFilter | null },
): Promise<LiveSubscription> {
  const source = await feedSource(context.feed, ["TICKET_OPENED", "TICKET_CHANGED"]);
  return new LiveSubscription(await matching(context, source, ticketListing, where), after ?? null);
}

/** `customerChanged`. */
export async function changesOf(
  { feed, loaders }: RequestContext,
  { id, after, types }: After & { id: string; types?: EventType[] | null },
): Promise<LiveSubscription> {
  const customer = await loaders.customers.byId.load(requireId("customer", id));
  if (!customer) throw new ApiError("NOT_FOUND", "There is no customer with this id.", { argument: "id" });
  const source = await customerSource(feed, customer.id);
  return new LiveSubscription(types ? ofTypes(source, types) : source, after ?? null);
}

/** `events`: in lists. */
export async function feedBatches(
  { feed }: RequestContext,
  { after, types }: After & { types?: EventType[] | null },
): Promise<LiveSubscription> {
  return new LiveSubscription(await feedSource(feed, types), after ?? null, "lists");
}

/** Asks the database which of the rows match, once for all events of a step. */
async function matching(
  { database }: RequestContext,
  source: LiveSource,
  listing: Listing,
  where: object | null | undefined,
): Promise<LiveSource> {
  if (!where) return source;
  const keep = async (events: readonly FeedEvent[]) => {
    const ids = [...new Set(events.map((event) => event.subjectId as string))];
    const found = await selectMatching(database.read, listing, ids, where);
    return events.filter((event) => found.has(event.subjectId as string));
  };
  await keep([]); // a filter that cannot be used is refused here, not at the first event
  return filtered(source, keep);
}

function ofTypes(source: LiveSource, types: readonly EventType[]): LiveSource {
  const wanted = new Set(types);
  return filtered(source, (events) => events.filter((event) => wanted.has(event.type)));
}
