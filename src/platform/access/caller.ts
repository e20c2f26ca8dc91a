import { createHash, timingSafeEqual } from "node:crypto";
import { sql } from "drizzle-orm";
import { apiKeys } from "#schema/access.js";
import type { Database } from "../database/database.js";
import { statement } from "../database/statement.js";
import type { Id } from "../ids.js";
import { type Scope, scopes } from "./scopes.js";

/** Who sent an operation. `keyId` is what logs may name. */
export interface Caller {
  readonly keyId: Id<"apiKey"> | "admin";
  readonly scopes: ReadonlySet<Scope>;
}

const keyPattern = /^c360_live_([0-9a-f]{32})_[0-9A-Za-z]{20,100}$/;
const admin: Caller = { keyId: "admin", scopes: new Set(scopes) };

/** The caller behind a presented key, or null: unknown, revoked, expired and malformed keys all answer alike. */
export async function authenticate(
  db: Database["read"],
  adminKey: string | null,
  presented: string | null,
): Promise<Caller | null> {
  if (!presented) return null;
  if (adminKey !== null && timingSafeEqual(digest(presented), digest(adminKey))) return admin;
  const id = keyPattern.exec(presented)?.[1];
  if (!id) return null;
  const [row] = await liveKey(db, { id: dashed(id) });
  if (!row || !timingSafeEqual(digest(presented), row.secretHash)) return null;
  return { keyId: row.id, scopes: new Set(row.scopes.filter((scope): scope is Scope => known.has(scope))) };
}

const known: ReadonlySet<string> = new Set(scopes);

/** What is stored of a key. A fast hash is right: the secret is random, not a password that could be guessed. */
export function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

const liveKey = statement("access.liveKey", (db) =>
  db
    .select({ id: apiKeys.id, secretHash: apiKeys.secretHash, scopes: apiKeys.scopes })
    .from(apiKeys)
    .where(
      sql`${apiKeys.id} = ${sql.placeholder("id")}::uuid and ${apiKeys.revokedAt} is null
        and (${apiKeys.expiresAt} is null or ${apiKeys.expiresAt} > now())`,
    ),
);

function dashed(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
