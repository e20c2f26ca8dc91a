import { sql } from "drizzle-orm";
import { customers, sources } from "#schema/customers.js";
import { channels, interactions } from "#schema/interactions.js";
import { ticketEvents, tickets } from "#schema/tickets.js";
import type { Tx } from "../../platform/database/database.js";
import { countsByParents, type Edge } from "../../platform/database/edge.js";
import type { Listing } from "../../platform/database/page.js";
import { insertRows } from "../../platform/database/rows.js";
import { byIds } from "../../platform/database/statement.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import { type Id, uuidOf } from "../../platform/ids.js";
import { count, one, page, type Reads } from "../../platform/reads/reads.js";

/** All tickets, the newest opened first. */
export const ticketListing: Listing = {
  table: tickets,
  order: [orderKey("openedAt", tickets.openedAt, "DESC"), orderKey("id", tickets.id, "DESC")],
  sort: {
    OPENED_AT: ["openedAt", tickets.openedAt],
    UPDATED_AT: ["updatedAt", tickets.updatedAt],
    PRIORITY: ["priority", tickets.priority],
    STATUS: ["status", tickets.status],
    NUMBER: ["number", tickets.number],
  },
  filter: {
    id: tickets.id,
    customerId: tickets.customerId,
    number: tickets.number,
    subject: tickets.subject,
    category: tickets.category,
    channel: tickets.channel,
    status: tickets.status,
    priority: tickets.priority,
    assignee: tickets.assignee,
    team: tickets.team,
    source: tickets.source,
    slaMet: tickets.slaMet,
    reopenCount: tickets.reopenCount,
    transferCount: tickets.transferCount,
    openedAt: tickets.openedAt,
    firstRepliedAt: tickets.firstRepliedAt,
    solvedAt: tickets.solvedAt,
    closedAt: tickets.closedAt,
    updatedAt: tickets.updatedAt,
  },
};

export const customerTickets: Listing = {
  ...ticketListing,
  parent: { table: customers, key: customers.id, on: [[tickets.customerId, customers.id]] },
};

/** The events of a ticket in the order of the fold. */
export const eventsOfTicket: Listing = {
  table: ticketEvents,
  order: [
    orderKey("occurredAt", ticketEvents.occurredAt, "ASC"),
    orderKey("revision", ticketEvents.revision, "ASC"),
    orderKey("id", ticketEvents.id, "ASC"),
  ],
  filter: {},
  parent: {
    table: tickets,
    key: tickets.id,
    on: [
      [ticketEvents.customerId, tickets.customerId],
      [ticketEvents.ticketId, tickets.id],
    ],
  },
};

export const selectTicketsByIds = byIds("tickets.byIds", tickets);

export const selectTicketEventsByIds = byIds("ticketEvents.byIds", ticketEvents);

/** The statuses stand in the words of the partial index `tickets_open_idx`, so that it serves. */
const openTickets: Edge = {
  table: tickets,
  on: [[tickets.customerId, customers.id]],
  always: sql`${tickets.status} in ('NEW', 'OPEN', 'PENDING', 'ON_HOLD')`,
};

/** How many open tickets each of these customers has; those without any are missing from the answer. */
export const selectOpenTicketCounts = countsByParents<"customer">(
  "tickets.openCountsByCustomers",
  openTickets,
);

export const ticketReads: Reads = {
  Query: { tickets: page(ticketListing) },
  Customer: { tickets: page(customerTickets), openTicketCount: count(openTickets) },
  Ticket: {
    channel: one(channels, [channels.code, tickets.channel]),
    source: one(sources, [sources.code, tickets.source]),
    customer: one(customers, [customers.id, tickets.customerId]),
    events: page(eventsOfTicket),
  },
  TicketEvent: {
    channel: one(channels, [channels.code, ticketEvents.channel]),
    source: one(sources, [sources.code, ticketEvents.source]),
    ticket: one(tickets, [tickets.customerId, ticketEvents.customerId], [tickets.id, ticketEvents.ticketId]),
    interaction: one(
      interactions,
      [interactions.customerId, ticketEvents.customerId],
      [interactions.id, ticketEvents.interactionId],
    ),
  },
};

/** Whose these tickets are and what they are called, inside a write. */
export function selectTicketHeads(tx: Tx, ids: readonly Id<"ticket">[]) {
  return tx
    .select({
      id: tickets.id,
      customerId: tickets.customerId,
      profileId: tickets.profileId,
      number: tickets.number,
    })
    .from(tickets)
    .where(sql`${tickets.id} = any(${sql.param(ids.map(uuidOf))}::uuid[])`);
}

/** Everything the fold reads of the events that these tickets have, inside a write. */
export function selectTicketSteps(
  tx: Tx,
  heads: readonly { id: Id<"ticket">; customerId: Id<"customer"> }[],
) {
  return tx
    .select({
      ticketId: ticketEvents.ticketId,
      id: ticketEvents.id,
      occurredAt: ticketEvents.occurredAt,
      revision: ticketEvents.revision,
      kind: ticketEvents.kind,
      status: ticketEvents.status,
      priority: ticketEvents.priority,
      subject: ticketEvents.subject,
      category: ticketEvents.category,
      channel: ticketEvents.channel,
      assignee: ticketEvents.assignee,
      team: ticketEvents.team,
      slaMet: ticketEvents.slaMet,
      reopenCount: ticketEvents.reopenCount,
    })
    .from(ticketEvents)
    .where(
      sql`(${ticketEvents.customerId}, ${ticketEvents.ticketId}) in (
        select * from unnest(${sql.param(heads.map((head) => uuidOf(head.customerId)))}::uuid[],
          ${sql.param(heads.map((head) => uuidOf(head.id)))}::uuid[]))`,
    );
}

/** Opens tickets, or gives those that are there the state that their events now lead to. */
export async function upsertTickets(tx: Tx, rows: readonly (typeof tickets.$inferInsert)[]): Promise<void> {
  await insertRows(
    tx,
    tickets,
    rows,
    sql`on conflict (id, customer_id) do update set
      number = excluded.number, subject = excluded.subject, category = excluded.category,
      channel = excluded.channel, status = excluded.status, priority = excluded.priority,
      assignee = excluded.assignee, team = excluded.team, opened_at = excluded.opened_at,
      first_replied_at = excluded.first_replied_at, solved_at = excluded.solved_at, closed_at = excluded.closed_at,
      reopen_count = excluded.reopen_count, transfer_count = excluded.transfer_count, sla_met = excluded.sla_met,
      updated_at = excluded.updated_at`,
  );
}

export async function insertTicketEvents(
  tx: Tx,
  rows: readonly (typeof ticketEvents.$inferInsert)[],
): Promise<void> {
  await insertRows(tx, ticketEvents, rows);
}
