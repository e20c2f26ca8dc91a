import { sql } from "drizzle-orm";
import { index, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { bytea, instant } from "./columns.js";

/** Mutations that clients named by a key of their own, for a day. Who writes the row first runs it. */
export const idempotentRequests = pgTable(
  "idempotent_requests",
  {
    callerId: text("caller_id").notNull(),
    key: text("key").notNull(),
    /** SHA-256 of the document and its variables. */
    inputHash: bytea("input_hash").notNull(),
    /** Which run holds it. */
    claimId: uuid("claim_id").notNull(),
    claimedAt: instant("claimed_at").notNull().default(sql`now()`),
    answeredAt: instant("answered_at"),
    /** The text of the answer, sealed with what the caller presents, which is stored nowhere. */
    answer: bytea("answer"),
  },
  (t) => [
    primaryKey({ columns: [t.key, t.callerId] }),
    index("idempotent_requests_claimed_at").on(t.claimedAt),
    index("idempotent_requests_answers").on(t.key, t.callerId).where(sql`answer is not null`),
  ],
);
