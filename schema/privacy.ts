import { sql } from "drizzle-orm";
import {
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { bytea, idColumn, instant } from "./columns.js";
import { customers } from "./customers.js";

export const privacyRequestKind = pgEnum("privacy_request_kind", ["EXPORT", "ERASE"]);
export const privacyRequestStatus = pgEnum("privacy_request_status", [
  "RECEIVED",
  "RUNNING",
  "DONE",
  "FAILED",
]);
export const privacyActions = ["EXPORTED", "DELETED", "BLANKED", "SUPPRESSED"] as const;

/** What a request did to the rows of one table. */
export interface ReceiptLine {
  table: string;
  action: (typeof privacyActions)[number];
  rows: number;
}

/** What somebody asked for in a customer's name. It outlives their data as the receipt, and holds nothing personal. */
export const privacyRequests = pgTable(
  "privacy_requests",
  {
    id: idColumn("privacyRequest", "id").notNull(),
    customerId: idColumn("customer", "customer_id")
      .notNull()
      .references(() => customers.id),
    kind: privacyRequestKind("kind").notNull(),
    status: privacyRequestStatus("status").notNull().default("RECEIVED"),
    /** The key that asked. */
    requestedBy: text("requested_by").notNull(),
    /** Where the work stands: the table that is next; null before the first. */
    step: text("step"),
    receipt: jsonb("receipt").$type<ReceiptLine[]>().notNull().default([]),
    /** Runs that failed one after the other. */
    failures: integer("failures").notNull().default(0),
    errorCode: text("error_code"),
    tryAfter: instant("try_after").notNull().default(sql`now()`),
    requestedAt: instant("requested_at").notNull().default(sql`now()`),
    startedAt: instant("started_at"),
    finishedAt: instant("finished_at"),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.customerId] }),
    // One open request of a kind per customer: asking twice at once is asking once.
    uniqueIndex("privacy_requests_open_key")
      .on(t.customerId, t.kind)
      .where(sql`status in ('RECEIVED', 'RUNNING')`),
    index("privacy_requests_due_idx").on(t.tryAfter).where(sql`status in ('RECEIVED', 'RUNNING')`),
    index("privacy_requests_customer_idx").on(t.customerId, t.id),
  ],
);

/** Names that must not be recorded again: 128 bits of HMAC-SHA256 each, from which nobody reads the name back. */
export const suppressions = pgTable("suppressions", {
  digest: uuid("digest").primaryKey(),
  suppressedAt: instant("suppressed_at").notNull().default(sql`now()`),
});

/** Every secret that suppressions were made with; one that the environment gives is only named here. */
export const suppressionSecrets = pgTable("suppression_secrets", {
  /** Fingerprint of the secret. */
  id: text("id").primaryKey(),
  /** The secret itself where this installation made it up. */
  secret: bytea("secret"),
  createdAt: instant("created_at").notNull().default(sql`now()`),
});

/** Keys that sign exports, where the environment gives none. */
export const signingKeys = pgTable("signing_keys", {
  /** RFC 7638 thumbprint. */
  id: text("id").primaryKey(),
  privateJwk: jsonb("private_jwk").$type<Record<string, unknown>>().notNull(),
  createdAt: instant("created_at").notNull().default(sql`now()`),
});

export type PrivacyRequestRow = typeof privacyRequests.$inferSelect;
