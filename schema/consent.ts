import { sql } from "drizzle-orm";
import { foreignKey, index, pgEnum, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { idColumn, instant } from "./columns.js";
import { profiles } from "./customers.js";
import { channels } from "./interactions.js";

export const consentPurpose = pgEnum("consent_purpose", ["SERVICE", "MARKETING", "ANALYTICS"]);
export const consentStatus = pgEnum("consent_status", ["GRANTED", "DENIED", "REVOKED"]);

/** What a customer said about the use of their data: a history; the newest per purpose and channel is in force. */
export const consents = pgTable(
  "consents",
  {
    id: idColumn("consent", "id").notNull(),
    customerId: idColumn("customer", "customer_id").notNull(),
    profileId: idColumn("profile", "profile_id").notNull(),
    source: text("source").notNull(),
    sourceRef: text("source_ref").notNull(),
    purpose: consentPurpose("purpose").notNull(),
    /** Null: the consent speaks of every channel. */
    channel: text("channel").references(() => channels.code),
    status: consentStatus("status").notNull(),
    expiresAt: instant("expires_at"),
    occurredAt: instant("occurred_at").notNull(),
    recordedAt: instant("recorded_at").notNull().default(sql`now()`),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.customerId] }),
    foreignKey({ columns: [t.customerId, t.profileId], foreignColumns: [profiles.customerId, profiles.id] }),
    index("consents_timeline_idx").on(
      t.customerId,
      t.occurredAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    // What holds now is asked for every row of a read under a purpose.
    index("consents_in_force_idx").on(
      t.customerId,
      t.purpose,
      t.channel,
      t.occurredAt.desc().nullsFirst(),
      t.recordedAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    // Where few consented, a page begins with them. How many did, the statistics `consents_said_stats` tell the planner.
    index("consents_granted_idx").on(t.purpose, t.customerId).where(sql`status = 'GRANTED'`),
  ],
);

export type ConsentRow = typeof consents.$inferSelect;
