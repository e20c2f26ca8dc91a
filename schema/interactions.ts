import { sql } from "drizzle-orm";
import {
  boolean,
  char,
  foreignKey,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  text,
} from "drizzle-orm/pg-core";
import { amount, idColumn, instant } from "./columns.js";
import { profiles } from "./customers.js";

export const interactionDirection = pgEnum("interaction_direction", ["INBOUND", "OUTBOUND"]);
export const interactionInitiative = pgEnum("interaction_initiative", ["SOLICITED", "UNSOLICITED"]);
export const interactionActor = pgEnum("interaction_actor", ["HUMAN", "BOT"]);

/** The ways a customer and the company meet. New channels are data, so a reference table with a natural key. */
export const channels = pgTable("channels", {
  code: text("code").primaryKey(),
  name: text("name").notNull(),
  /** True where the company's side is a machine (bot, self-service). */
  automated: boolean("automated").notNull().default(false),
  costPerContact: amount("cost_per_contact"),
  costCurrency: char("cost_currency", { length: 3 }),
  createdAt: instant("created_at").notNull().default(sql`now()`),
});

/** A thread of interactions about one matter; it may move between channels. */
export const conversations = pgTable(
  "conversations",
  {
    id: idColumn("conversation", "id").notNull(),
    customerId: idColumn("customer", "customer_id").notNull(),
    profileId: idColumn("profile", "profile_id").notNull(),
    source: text("source").notNull(),
    sourceRef: text("source_ref").notNull(),
    subject: text("subject"),
    startedAt: instant("started_at").notNull(),
    lastAt: instant("last_at").notNull(),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.customerId] }),
    foreignKey({ columns: [t.customerId, t.profileId], foreignColumns: [profiles.customerId, profiles.id] }),
    index("conversations_timeline_idx").on(
      t.customerId,
      t.lastAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
  ],
);

/** One contact between a customer and the company, on any channel, in either direction. */
export const interactions = pgTable(
  "interactions",
  {
    id: idColumn("interaction", "id").notNull(),
    customerId: idColumn("customer", "customer_id").notNull(),
    profileId: idColumn("profile", "profile_id").notNull(),
    source: text("source").notNull(),
    sourceRef: text("source_ref").notNull(),
    channel: text("channel")
      .notNull()
      .references(() => channels.code),
    conversationId: idColumn("conversation", "conversation_id"),
    direction: interactionDirection("direction").notNull(),
    initiative: interactionInitiative("initiative").notNull(),
    actor: interactionActor("actor").notNull().default("HUMAN"),
    /** What sort of contact: message, call, visit, … in the source's words. */
    kind: text("kind").notNull(),
    summary: text("summary"),
    body: text("body"),
    durationSeconds: integer("duration_seconds"),
    attributes: jsonb("attributes").$type<Record<string, unknown>>(),
    occurredAt: instant("occurred_at").notNull(),
    recordedAt: instant("recorded_at").notNull().default(sql`now()`),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.customerId] }),
    foreignKey({ columns: [t.customerId, t.profileId], foreignColumns: [profiles.customerId, profiles.id] }),
    foreignKey({
      columns: [t.customerId, t.conversationId],
      foreignColumns: [conversations.customerId, conversations.id],
    }),
    index("interactions_timeline_idx").on(
      t.customerId,
      t.occurredAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    index("interactions_conversation_idx")
      .on(t.customerId, t.conversationId, t.occurredAt.desc().nullsFirst(), t.id.desc().nullsFirst())
      .where(sql`conversation_id is not null`),
    index("interactions_occurred_at_idx").on(t.occurredAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
  ],
);

export type ChannelRow = typeof channels.$inferSelect;
export type ConversationRow = typeof conversations.$inferSelect;
export type InteractionRow = typeof interactions.$inferSelect;
