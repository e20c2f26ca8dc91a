import { sql } from "drizzle-orm";
import { customers, sources } from "#schema/customers.js";
import { feedback } from "#schema/feedback.js";
import { channels } from "#schema/interactions.js";
import { tickets } from "#schema/tickets.js";
import type { Tx } from "../../platform/database/database.js";
import type { Listing } from "../../platform/database/page.js";
import { insertRows } from "../../platform/database/rows.js";
import { byIds } from "../../platform/database/statement.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import { type Id, uuidOf } from "../../platform/ids.js";
import { column, one, page, type Reads } from "../../platform/reads/reads.js";

/** All feedback, the latest first. */
export const feedbackListing: Listing = {
  table: feedback,
  order: [orderKey("answeredAt", feedback.answeredAt, "DESC"), orderKey("id", feedback.id, "DESC")],
  sort: {
    ANSWERED_AT: ["answeredAt", feedback.answeredAt],
    RECORDED_AT: ["recordedAt", feedback.recordedAt],
    SCORE: ["score", feedback.score],
  },
  filter: {
    id: feedback.id,
    customerId: feedback.customerId,
    ticketId: feedback.ticketId,
    kind: feedback.kind,
    score: feedback.score,
    scaleMin: feedback.scaleMin,
    scaleMax: feedback.scaleMax,
    surveyVersion: feedback.surveyVersion,
    comment: feedback.comment,
    channel: feedback.channel,
    source: feedback.source,
    answeredAt: feedback.answeredAt,
    recordedAt: feedback.recordedAt,
  },
};

export const customerFeedback: Listing = {
  ...feedbackListing,
  parent: { table: customers, key: customers.id, on: [[feedback.customerId, customers.id]] },
};

export const feedbackReads: Reads = {
  Query: { feedback: page(feedbackListing) },
  Customer: { feedback: page(customerFeedback) },
  Feedback: {
    occurredAt: column(feedback.answeredAt),
    channel: one(channels, [channels.code, feedback.channel]),
    source: one(sources, [sources.code, feedback.source]),
    customer: one(customers, [customers.id, feedback.customerId]),
    ticket: one(tickets, [tickets.customerId, feedback.customerId], [tickets.id, feedback.ticketId]),
  },
};

export const selectFeedbackByIds = byIds("feedback.byIds", feedback);

/** Whose these tickets are, inside a write. */
export function selectTicketSubjects(tx: Tx, ids: readonly Id<"ticket">[]) {
  return tx
    .select({ id: tickets.id, customerId: tickets.customerId, profileId: tickets.profileId })
    .from(tickets)
    .where(sql`${tickets.id} = any(${sql.param(ids.map(uuidOf))}::uuid[])`);
}

export async function insertFeedback(tx: Tx, rows: readonly (typeof feedback.$inferInsert)[]): Promise<void> {
  await insertRows(tx, feedback, rows);
}
