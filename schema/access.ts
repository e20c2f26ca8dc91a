import { sql } from "drizzle-orm";
import { boolean, doublePrecision, integer, pgEnum, pgTable, text } from "drizzle-orm/pg-core";
import { bytea, idColumn, instant } from "./columns.js";
import { consentPurpose } from "./consent.js";

/** Named sets of scopes; what they hold is said in the code, so that keys follow it. */
export const accessRole = pgEnum("access_role", ["AGENT", "ANALYST", "INTEGRATOR", "PARTNER", "ADMIN"]);

/** Keys that callers present. Only the SHA-256 of a key is stored; a key is shown once, when it is made or rotated. */
export const apiKeys = pgTable("api_keys", {
  id: idColumn("apiKey", "id").primaryKey(),
  name: text("name").notNull(),
  secretHash: bytea("secret_hash").notNull(),
  /** The key before the last rotation, and until when it is still let in. */
  previousHash: bytea("previous_hash"),
  previousValidUntil: instant("previous_valid_until"),
  role: accessRole("role"),
  /** Scopes besides those of the role. */
  scopes: text("scopes").array().notNull(),
  /** Code of the partner company that holds the key. */
  partner: text("partner"),
  /** The only purpose it may read for; null: any. */
  purpose: consentPurpose("purpose"),
  /** Only documents of the manifest may be asked with it. */
  trustedOnly: boolean("trusted_only").notNull().default(false),
  /** Points that its budget holds, and that come back each second; null: as everybody's. */
  budgetPoints: integer("budget_points"),
  restoredPerSecond: integer("restored_per_second"),
  expiresAt: instant("expires_at"),
  revokedAt: instant("revoked_at"),
  rotatedAt: instant("rotated_at"),
  lastUsedAt: instant("last_used_at"),
  createdAt: instant("created_at").notNull().default(sql`now()`),
});

export type ApiKeyRow = typeof apiKeys.$inferSelect;

/** What callers may still spend, where several nodes share it. Unlogged: after a crash all are full again. */
export const budgets = pgTable("budgets", {
  callerId: text("caller_id").primaryKey(),
  points: doublePrecision("points").notNull(),
  filledAt: instant("filled_at").notNull(),
});
