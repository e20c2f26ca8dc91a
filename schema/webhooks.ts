import { sql } from "drizzle-orm";
import { bigint, index, integer, pgEnum, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { idColumn, instant } from "./columns.js";
import type { eventType } from "./events.js";

type EventType = (typeof eventType.enumValues)[number];

export const webhookStatus = pgEnum("webhook_status", ["ACTIVE", "PARKED", "DISABLED"]);
export const webhookStatusReason = pgEnum("webhook_status_reason", [
  "EXHAUSTED",
  "EVENTS_EXPIRED",
  "FEED_RESTORED",
  "GONE",
  "KEY_REVOKED",
  "DOCUMENT_REFUSED",
]);

/**
 * Where events are sent, and how far each endpoint has come in the feed. `pos` moves in the transaction that writes the
 * deliveries up to it. Points at no other table, and takes part in no transaction with customers' rows.
 */
export const webhooks = pgTable(
  "webhooks",
  {
    id: idColumn("webhook", "id").primaryKey(),
    /** The key it belongs to, whose scopes decide what it may be sent; null: the admin key. */
    keyId: idColumn("apiKey", "key_id"),
    url: text("url").notNull(),
    description: text("description"),
    document: text("document").notNull(),
    /** Only these types of event; null: all that the document is about. */
    types: text("types").array().$type<EventType[]>(),
    /** Signing needs it as it is, so it is stored as it is: never logged, shown once. */
    secret: text("secret").notNull(),
    /** Signs too until then, so that a receiver can change over. */
    previousSecret: text("previous_secret"),
    previousSecretUntil: instant("previous_secret_until"),
    status: webhookStatus("status").notNull().default("ACTIVE"),
    statusReason: webhookStatusReason("status_reason"),
    statusChangedAt: instant("status_changed_at").notNull().default(sql`now()`),
    /** The last place in the feed whose deliveries are written. */
    pos: bigint("pos", { mode: "number" }).notNull(),
    epoch: uuid("epoch").notNull(),
    /** Attempts since the last one that was accepted. */
    failuresInRow: integer("failures_in_row").notNull().default(0),
    /** Deliveries given up since the last one that was accepted. */
    exhaustedInRow: integer("exhausted_in_row").notNull().default(0),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
  },
  (t) => [index("webhooks_key_idx").on(t.keyId)],
);

export const webhookDeliveryStatus = pgEnum("webhook_delivery_status", [
  "PENDING",
  "DELIVERED",
  "FAILED",
  "EXPIRED",
  "DISCARDED",
]);
export const webhookDeliveryError = pgEnum("webhook_delivery_error", [
  "HTTP_STATUS",
  "REDIRECT",
  "TIMEOUT",
  "ADDRESS_REFUSED",
  "NAME_NOT_FOUND",
  "TLS",
  "CONNECTION",
]);

/**
 * One event for one endpoint, and what became of it. Names the event only: what is sent is read anew for each attempt, so
 * no copy of anybody's data lies here.
 */
export const webhookDeliveries = pgTable(
  "webhook_deliveries",
  {
    id: idColumn("webhookDelivery", "id").primaryKey(),
    webhookId: idColumn("webhook", "webhook_id").notNull(),
    /** Null for a test. */
    eventId: idColumn("event", "event_id"),
    eventType: text("event_type").$type<EventType>(),
    pos: bigint("pos", { mode: "number" }),
    status: webhookDeliveryStatus("status").notNull().default("PENDING"),
    /** Attempts begun. */
    attempts: integer("attempts").notNull().default(0),
    /** When it is tried next; while an attempt runs, when that one counts as lost. Null once it is over. */
    nextAttemptAt: instant("next_attempt_at").default(sql`now()`),
    /** Whoever holds this token may say how the attempt ended. */
    claim: uuid("claim"),
    lastAttemptAt: instant("last_attempt_at"),
    lastStatusCode: integer("last_status_code"),
    lastError: webhookDeliveryError("last_error"),
    lastDurationMs: integer("last_duration_ms"),
    deliveredAt: instant("delivered_at"),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (t) => [
    unique("webhook_deliveries_event_key").on(t.webhookId, t.eventId),
    index("webhook_deliveries_list_idx").on(t.webhookId, t.id.desc().nullsFirst()),
    index("webhook_deliveries_due_idx").on(t.webhookId, t.nextAttemptAt).where(sql`status = 'PENDING'`),
    index("webhook_deliveries_tests_idx")
      .on(t.nextAttemptAt)
      .where(sql`status = 'PENDING' and event_id is null`),
  ],
);

export type WebhookRow = typeof webhooks.$inferSelect;
export type WebhookDeliveryRow = typeof webhookDeliveries.$inferSelect;
