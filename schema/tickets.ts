import { sql } from "drizzle-orm";
import { boolean, foreignKey, index, integer, pgEnum, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { idColumn, instant } from "./columns.js";
import { profiles } from "./customers.js";
import { channels, interactions } from "./interactions.js";

export const ticketStatus = pgEnum("ticket_status", [
  "NEW",
  "OPEN",
  "PENDING",
  "ON_HOLD",
  "SOLVED",
  "CLOSED",
]);
export const ticketPriority = pgEnum("ticket_priority", ["LOW", "NORMAL", "HIGH", "URGENT"]);
export const ticketEventKind = pgEnum("ticket_event_kind", [
  "OPENED",
  "UPDATED",
  "ASSIGNED",
  "REPLIED",
  "NOTED",
  "SOLVED",
  "REOPENED",
  "CLOSED",
]);

/** A request for help. Its state is the fold of its events in the order they happened (`ticket.rules.ts`). */
export const tickets = pgTable(
  "tickets",
  {
    id: idColumn("ticket", "id").notNull(),
    customerId: idColumn("customer", "customer_id").notNull(),
    profileId: idColumn("profile", "profile_id").notNull(),
    source: text("source").notNull(),
    sourceRef: text("source_ref").notNull(),
    number: text("number").notNull(),
    subject: text("subject"),
    category: text("category"),
    channel: text("channel").references(() => channels.code),
    status: ticketStatus("status").notNull(),
    priority: ticketPriority("priority").notNull(),
    assignee: text("assignee"),
    team: text("team"),
    openedAt: instant("opened_at").notNull(),
    firstRepliedAt: instant("first_replied_at"),
    solvedAt: instant("solved_at"),
    closedAt: instant("closed_at"),
    reopenCount: integer("reopen_count").notNull().default(0),
    transferCount: integer("transfer_count").notNull().default(0),
    /** As the source last said; null where it keeps no service-level agreement. */
    slaMet: boolean("sla_met"),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
    recordedAt: instant("recorded_at").notNull().default(sql`now()`),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.customerId] }),
    foreignKey({ columns: [t.customerId, t.profileId], foreignColumns: [profiles.customerId, profiles.id] }),
    index("tickets_customer_idx").on(t.customerId, t.openedAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index("tickets_open_idx")
      .on(t.customerId, t.openedAt.desc().nullsFirst(), t.id.desc().nullsFirst())
      .where(sql`status in ('NEW', 'OPEN', 'PENDING', 'ON_HOLD')`),
    index("tickets_opened_at_idx").on(t.openedAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index("tickets_number_idx").on(t.number),
  ],
);

/** What happened to a ticket. Fields are null where the event says nothing about them. */
export const ticketEvents = pgTable(
  "ticket_events",
  {
    id: idColumn("ticketEvent", "id").notNull(),
    customerId: idColumn("customer", "customer_id").notNull(),
    ticketId: idColumn("ticket", "ticket_id").notNull(),
    profileId: idColumn("profile", "profile_id").notNull(),
    source: text("source").notNull(),
    sourceRef: text("source_ref").notNull(),
    kind: ticketEventKind("kind").notNull(),
    /** The source's own count of changes: orders events that carry the same time. */
    revision: integer("revision").notNull().default(0),
    status: ticketStatus("status"),
    priority: ticketPriority("priority"),
    subject: text("subject"),
    category: text("category"),
    channel: text("channel").references(() => channels.code),
    assignee: text("assignee"),
    team: text("team"),
    slaMet: boolean("sla_met"),
    /** The source's own count of reopenings, where it keeps one. */
    reopenCount: integer("reopen_count"),
    actor: text("actor"),
    note: text("note"),
    /** The contact that caused the event, for example the call that opened the ticket. */
    interactionId: idColumn("interaction", "interaction_id"),
    occurredAt: instant("occurred_at").notNull(),
    recordedAt: instant("recorded_at").notNull().default(sql`now()`),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.customerId] }),
    foreignKey({ columns: [t.customerId, t.profileId], foreignColumns: [profiles.customerId, profiles.id] }),
    foreignKey({ columns: [t.customerId, t.ticketId], foreignColumns: [tickets.customerId, tickets.id] }),
    foreignKey({
      columns: [t.customerId, t.interactionId],
      foreignColumns: [interactions.customerId, interactions.id],
    }),
    index("ticket_events_ticket_idx").on(t.customerId, t.ticketId, t.occurredAt, t.revision, t.id),
    index("ticket_events_timeline_idx").on(
      t.customerId,
      t.occurredAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
  ],
);

export type TicketRow = typeof tickets.$inferSelect;
export type TicketEventRow = typeof ticketEvents.$inferSelect;
