import { sql } from "drizzle-orm";
import { events } from "#schema/events.js";
import { blanked, type PersonalTable } from "../privacy/personal-table.js";

/** Events stay as places without content: streams have no hole, and who resumes learns what is gone. */
export const personalEvents: PersonalTable = {
  table: events,
  customer: events.customerId,
  exported: "events",
  erased: blanked(events, events.customerId, {
    kept: [events.customerId, events.seq, events.ord, events.id, events.recordedAt, events.pos],
    // When it happened in the person's life goes; when it was noted here is the log's own.
    set: { type: sql`'EVENT_ERASED'`, occurred_at: sql`recorded_at` },
    blank: sql`type in ('EVENT_ERASED', 'CUSTOMER_ERASED')`,
  }),
};
