import { sql } from "drizzle-orm";
import { bigint, check, index, integer, jsonb, pgEnum, pgTable, primaryKey, uuid } from "drizzle-orm/pg-core";
import { idColumn, instant } from "./columns.js";
import { customers } from "./customers.js";

export const eventType = pgEnum("event_type", [
  "CUSTOMER_CREATED",
  "CUSTOMER_UPDATED",
  "INTERACTION_RECORDED",
  "PURCHASE_RECORDED",
  "RETURN_RECORDED",
  "LOYALTY_ENTRY_RECORDED",
  "TICKET_OPENED",
  "TICKET_CHANGED",
  "FEEDBACK_RECORDED",
  "CONSENT_RECORDED",
  "CUSTOMER_MERGED",
  "CUSTOMER_ABSORBED",
  "CUSTOMER_ERASED",
  "EVENT_ERASED",
]);

/** The event log. `seq` is contiguous per customer, `pos` contiguous over the whole feed and stamped after commit. */
export const events = pgTable(
  "events",
  {
    customerId: idColumn("customer", "customer_id")
      .notNull()
      .references(() => customers.id),
    seq: bigint("seq", { mode: "number" }).notNull(),
    /** Order of insertion: the sequencer's reading order, never a cursor. */
    ord: bigint("ord", { mode: "number" }).generatedAlwaysAsIdentity(),
    id: idColumn("event", "id").notNull(),
    type: eventType("type").notNull(),
    /** The row the event is about; its kind follows from the type. Null where that is the customer. */
    subjectId: uuid("subject_id"),
    payload: jsonb("payload").$type<Record<string, unknown>>(),
    occurredAt: instant("occurred_at").notNull(),
    recordedAt: instant("recorded_at").notNull().default(sql`now()`),
    /** Place in the feed; null until the sequencer has stamped it. */
    pos: bigint("pos", { mode: "number" }),
  },
  (t) => [
    primaryKey({ columns: [t.customerId, t.seq] }),
    index("events_pending_idx").on(t.ord).where(sql`pos is null`),
    index("events_pos_idx").on(t.pos).where(sql`pos is not null`),
  ],
);

/** One row: the feed's last position, its epoch (a new one after a restore), and the oldest position still kept. */
export const feedHead = pgTable(
  "feed_head",
  {
    id: integer("id").primaryKey(),
    head: bigint("head", { mode: "number" }).notNull(),
    epoch: uuid("epoch").notNull(),
    minPos: bigint("min_pos", { mode: "number" }).notNull(),
    /** What nodes sign their messages to each other with. Never leaves the nodes. */
    brokerKey: uuid("broker_key").notNull(),
  },
  (t) => [check("feed_head_single_row", sql`${t.id} = 1`)],
);

export type EventRow = typeof events.$inferSelect;
export type FeedHeadRow = typeof feedHead.$inferSelect;
