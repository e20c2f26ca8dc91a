import { sql } from "drizzle-orm";
import { index, pgEnum, pgTable, smallint, text, uuid } from "drizzle-orm/pg-core";
import { bytea, idColumn, instant } from "./columns.js";

/**
 * Where an index takes new entries in bulk, at the cost of look-ups, which read what it has not taken yet: four times
 * PostgreSQL's own bound makes the index a third cheaper. As much memory as `work_mem` of those who write.
 */
const pendingKiB = 16_384;

export const auditAction = pgEnum("audit_action", ["READ", "CHANGE", "SUBSCRIBE"]);

/** Who read or changed whose data: one row per operation, only ever added to. Its ids are in the order of time. */
export const auditEntries = pgTable(
  "audit_entries",
  {
    id: idColumn("auditEntry", "id").primaryKey(),
    at: instant("at").notNull().default(sql`now()`),
    keyId: text("key_id").notNull(),
    action: auditAction("action").notNull(),
    operationName: text("operation_name"),
    /** SHA-256 of the document's text, hexadecimal; null where there was no document. */
    documentHash: text("document_hash"),
    requestId: uuid("request_id").notNull(),
    /** What it was for, where that needed consent, as the header named it. */
    purpose: text("purpose"),
    /** Bare ids of the customers whose data it was, one after the other: PostgreSQL reads 50 of an array in ten times the time. */
    customers: bytea("customers").notNull(),
    /** By what they are looked up: the last 14 bits of their ids. Many entries share one, so the index takes them in bulk. */
    buckets: smallint("buckets").array().notNull(),
  },
  (t) => [
    index("audit_entries_buckets_idx").using("gin", t.buckets).with({ gin_pending_list_limit: pendingKiB }),
    index("audit_entries_key_idx").on(t.keyId, t.id),
  ],
);

export type AuditEntryRow = typeof auditEntries.$inferSelect;
