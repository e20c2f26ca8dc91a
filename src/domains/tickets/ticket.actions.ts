import { z } from "zod";
import { ticketEventKind, ticketPriority, ticketStatus } from "#schema/tickets.js";
import type { Tx } from "../../platform/database/database.js";
import type { Refusal } from "../../platform/errors.js";
import { groupBy } from "../../platform/group.js";
import { type Id, newId } from "../../platform/ids.js";
import {
  codeText,
  instant,
  longText,
  oneOf,
  optional,
  refuse,
  requiredText,
  shortText,
  wholeNumber,
} from "../../platform/input.js";
import { recordBatch } from "../customers/recording.actions.js";
import type { Draft, Fact, WriteServices, Written } from "../customers/recording.rules.js";
import { customerReference } from "../customers/reference.rules.js";
import { contactItem, unknownChannels, writeInteractionFacts } from "../interactions/interaction.actions.js";
import { insertTicketEvents, selectTicketHeads, selectTicketSteps, upsertTickets } from "./ticket.queries.js";
import { impliedStatus, ticketStateOf } from "./ticket.rules.js";
import { type TicketOwners, ticketOwners } from "./ticket-owner.actions.js";

/** What the column holds. */
const maxRevision = 2 ** 31 - 1;
/** Nobody reopens a ticket more often. */
const maxReopenCount = 10_000;

const ticketEventItem = z
  .strictObject({
    sourceRef: requiredText,
    ticketRef: requiredText,
    customer: customerReference,
    number: optional(requiredText),
    kind: oneOf(ticketEventKind.enumValues),
    occurredAt: instant,
    revision: optional(wholeNumber(0, maxRevision)),
    status: optional(oneOf(ticketStatus.enumValues)),
    priority: optional(oneOf(ticketPriority.enumValues)),
    // An empty text would wipe what an earlier event said: it is refused, not taken for "nothing said".
    subject: optional(requiredText),
    category: optional(requiredText),
    channel: optional(codeText),
    assignee: optional(requiredText),
    team: optional(requiredText),
    slaMet: optional(z.boolean()),
    reopenCount: optional(wholeNumber(0, maxReopenCount)),
    actor: optional(shortText),
    note: optional(longText),
    interaction: optional(contactItem),
  })
  .superRefine((item, context) => {
    if (item.kind === "REPLIED" && item.interaction?.direction === "INBOUND") {
      const message = "must be OUTBOUND: a reply is the company's";
      refuse(context, "INVALID_VALUE", message, ["interaction", "direction"]);
    }
  });

type TicketEventItem = z.infer<typeof ticketEventItem>;
type TicketFact = Fact<TicketEventItem, "ticketEvent">;
type EventRow = ReturnType<typeof eventRow>;

/**
 * Records what happened to tickets; see `recordBatch` for what it promises. The first event of an unknown reference opens
 * the ticket. Refuses UNKNOWN_CHANNEL, TICKET_OF_ANOTHER_CUSTOMER, TICKET_NOT_OPENED, TICKET_GONE, INTERACTION_TAKEN.
 */
export function recordTicketEvents(services: WriteServices, source: string, items: readonly unknown[]) {
  /** Of the run that is under way: each run of the transaction finds its owners anew. */
  let owners: TicketOwners;
  return recordBatch<TicketEventItem, "ticketEvent">(
    services,
    {
      record: "TICKET_EVENT",
      id: "ticketEvent",
      item: ticketEventItem,
      anchorsAll: true,
      async anchor(tx, from, drafts) {
        owners = await ticketOwners(tx, from, services, drafts);
        return owners.subjects;
      },
      refused: channelRefusals,
      write: (tx, from, facts) => writeTicketEvents(tx, from, facts, owners),
    },
    source,
    items,
  );
}

async function writeTicketEvents(
  tx: Tx,
  source: string,
  facts: readonly TicketFact[],
  { ticketIds, created }: TicketOwners,
): Promise<Written> {
  const contacts = contactsOf(facts);
  const written = await writeInteractionFacts(tx, source, contacts);
  if (written.refusals?.size) return { events: [], refusals: insideContact(written.refusals) };
  const contactIds = new Map(contacts.map(({ index, id }) => [index, id]));
  const rows = facts.map((fact) =>
    eventRow(
      source,
      fact,
      ticketIds.get(fact.item.ticketRef) as Id<"ticket">,
      contactIds.get(fact.index) ?? null,
    ),
  );
  const known = await foldTickets(tx, source, facts, rows);
  await insertTicketEvents(tx, rows);
  const contactEvents = groupBy(written.events, (event) => event.index);
  const events = facts.flatMap(({ index, customerId, item }, i) => {
    const { ticketId } = rows[i] as EventRow;
    const type = known.has(ticketId) ? ("TICKET_CHANGED" as const) : ("TICKET_OPENED" as const);
    known.add(ticketId);
    const event = { index, customerId, type, subjectId: ticketId, occurredAt: item.occurredAt };
    return [...(contactEvents.get(index) ?? []), event];
  });
  // Of several events with one index the last is the item's own: those of new customers come before all.
  const { index: first } = facts[0] as TicketFact;
  return { events: [...created.map((event) => ({ ...event, index: first })), ...events] };
}

/** The contacts that the events bring along, as facts of the interactions domain. */
function contactsOf(facts: readonly TicketFact[]) {
  return facts.flatMap(({ index, customerId, profileId, item }) => {
    if (!item.interaction) return [];
    const { sourceRef, occurredAt, interaction } = item;
    const contact = { ...interaction, sourceRef: `ticket-event:${sourceRef}`, occurredAt };
    return [{ index, id: newId("interaction"), customerId, profileId, item: contact }];
  });
}

/** Of an event and its contact, the event's own refusal is told. */
async function channelRefusals(tx: Tx, drafts: readonly Draft<TicketEventItem, "ticketEvent">[]) {
  const contacts = drafts.flatMap(({ index, item }) =>
    item.interaction ? [{ index, item: item.interaction }] : [],
  );
  const [inside, own] = await Promise.all([unknownChannels(tx, contacts), unknownChannels(tx, drafts)]);
  return new Map([...insideContact(inside), ...own]);
}

function insideContact(refusals: ReadonlyMap<number, Refusal>): Map<number, Refusal> {
  return new Map(
    [...refusals].map(([index, refusal]) => [
      index,
      { ...refusal, field: refusal.field ? `interaction.${refusal.field}` : "interaction" },
    ]),
  );
}

/**
 * Gives every touched ticket the state that all its events now lead to, in three statements; returns those that were known
 * before. The locks of their customers keep others from adding events meanwhile.
 */
async function foldTickets(
  tx: Tx,
  source: string,
  facts: readonly TicketFact[],
  rows: readonly EventRow[],
): Promise<Set<Id<"ticket">>> {
  const heads = await selectTicketHeads(tx, [...new Set(rows.map((row) => row.ticketId))]);
  const headById = new Map(heads.map((head) => [head.id, head]));
  const past = heads.length ? await selectTicketSteps(tx, heads) : [];
  const steps = groupBy([...past, ...rows], (step) => step.ticketId);
  const factsByTicket = groupBy(facts.keys(), (i) => (rows[i] as EventRow).ticketId);
  const folded = [...factsByTicket].map(([id, places]) => {
    const own = places.map((i) => facts[i] as TicketFact);
    const [{ item, customerId, profileId }] = own as [TicketFact];
    const head = headById.get(id);
    return {
      id,
      customerId: head?.customerId ?? customerId,
      profileId: head?.profileId ?? profileId,
      source,
      sourceRef: item.ticketRef,
      number: ticketNumber(
        head?.number,
        own.map((fact) => fact.item),
      ),
      ...ticketStateOf(steps.get(id) ?? []),
    };
  });
  await upsertTickets(tx, folded);
  return new Set(headById.keys());
}

/** The first number that was told; the reference only stands in for one. */
function ticketNumber(known: string | undefined, items: readonly TicketEventItem[]): string {
  const { ticketRef } = items[0] as TicketEventItem;
  const told = items.find((item) => item.number !== null)?.number;
  return known !== undefined && known !== ticketRef ? known : (told ?? ticketRef);
}

function eventRow(
  source: string,
  { id, customerId, profileId, item }: TicketFact,
  ticketId: Id<"ticket">,
  interactionId: Id<"interaction"> | null,
) {
  return {
    id,
    customerId,
    ticketId,
    profileId,
    source,
    sourceRef: item.sourceRef,
    kind: item.kind,
    revision: item.revision ?? 0,
    status: item.status ?? impliedStatus(item.kind),
    priority: item.priority,
    subject: item.subject,
    category: item.category,
    channel: item.channel,
    assignee: item.assignee,
    team: item.team,
    slaMet: item.slaMet,
    reopenCount: item.reopenCount,
    actor: item.actor,
    note: item.note,
    interactionId,
    occurredAt: item.occurredAt,
  };
}
