import { sql } from "drizzle-orm";
import { customType, pgTable, text } from "drizzle-orm/pg-core";
import { idColumn, instant } from "./columns.js";

const bytea = customType<{ data: Buffer }>({ dataType: () => "bytea" });

/** Keys that callers present. Only the SHA-256 of the secret is stored; a key is shown once, when it is made. */
export const apiKeys = pgTable("api_keys", {
  id: idColumn("apiKey", "id").primaryKey(),
  name: text("name").notNull(),
  secretHash: bytea("secret_hash").notNull(),
  scopes: text("scopes").array().notNull(),
  expiresAt: instant("expires_at"),
  revokedAt: instant("revoked_at"),
  lastUsedAt: instant("last_used_at"),
  createdAt: instant("created_at").notNull().default(sql`now()`),
});

export type ApiKeyRow = typeof apiKeys.$inferSelect;
