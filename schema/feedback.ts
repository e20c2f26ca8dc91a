import { sql } from "drizzle-orm";
import { foreignKey, index, integer, pgEnum, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { idColumn, instant } from "./columns.js";
import { profiles } from "./customers.js";
import { channels } from "./interactions.js";
import { tickets } from "./tickets.js";

export const feedbackKind = pgEnum("feedback_kind", ["CSAT", "CES", "NPS"]);

/** An answer to one survey question. Scale and version are stored with it: scores of different scales don't compare. */
export const feedback = pgTable(
  "feedback",
  {
    id: idColumn("feedback", "id").notNull(),
    customerId: idColumn("customer", "customer_id").notNull(),
    profileId: idColumn("profile", "profile_id").notNull(),
    source: text("source").notNull(),
    sourceRef: text("source_ref").notNull(),
    kind: feedbackKind("kind").notNull(),
    score: integer("score").notNull(),
    scaleMin: integer("scale_min").notNull(),
    scaleMax: integer("scale_max").notNull(),
    surveyVersion: text("survey_version"),
    comment: text("comment"),
    channel: text("channel").references(() => channels.code),
    ticketId: idColumn("ticket", "ticket_id"),
    answeredAt: instant("answered_at").notNull(),
    recordedAt: instant("recorded_at").notNull().default(sql`now()`),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.customerId] }),
    foreignKey({ columns: [t.customerId, t.profileId], foreignColumns: [profiles.customerId, profiles.id] }),
    foreignKey({ columns: [t.customerId, t.ticketId], foreignColumns: [tickets.customerId, tickets.id] }),
    index("feedback_answered_at_idx").on(t.answeredAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index("feedback_timeline_idx").on(
      t.customerId,
      t.answeredAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
  ],
);

export type FeedbackRow = typeof feedback.$inferSelect;
