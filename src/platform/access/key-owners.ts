import { sql } from "drizzle-orm";
import { apiKeys } from "#schema/access.js";
import type { Database } from "../database/database.js";
import { statement } from "../database/statement.js";
import { type Id, parseId, uuidOf } from "../ids.js";
import { admin, type Caller, callerOf } from "./caller.js";
import { forPurpose } from "./purpose.js";

/** Who owns what goes on working while nobody is logged in: a key, or the admin key (null). */
export type KeyOwner = Id<"apiKey"> | null;

/** The callers behind these owners with what they may do now; revoked and expired keys are missing. */
export type KeyOwners = (owners: readonly KeyOwner[]) => Promise<Map<KeyOwner, Caller>>;

/** `hasAdmin`: whether this process knows an admin key. Without one, what the admin key owned is nobody's. */
export function createKeyOwners(db: Database["read"], hasAdmin: boolean): KeyOwners {
  return async (owners) => {
    const found = new Map<KeyOwner, Caller>();
    if (hasAdmin && owners.includes(null)) found.set(null, admin);
    const ids = [...new Set(owners)].filter((owner) => owner !== null);
    const rows = ids.length ? await liveKeys(db, { ids: ids.map(uuidOf) }) : [];
    for (const row of rows) found.set(row.id, forPurpose(callerOf(row), undefined));
    return found;
  };
}

/** What a caller owns things as; undefined for a token, which nobody could look up again later. */
export function ownerOf({ keyId }: Caller): KeyOwner | undefined {
  return keyId === "admin" ? null : (parseId("apiKey", keyId) ?? undefined);
}

const liveKeys = statement("access.liveKeys", (db) => {
  const { id, role, partner, scopes, expiresAt, purpose, revokedAt } = apiKeys;
  return db
    .select({ id, role, partner, scopes, expiresAt, purpose })
    .from(apiKeys)
    .where(
      sql`${id} = any(${sql.placeholder("ids")}::uuid[]) and ${revokedAt} is null
        and (${expiresAt} is null or ${expiresAt} > now())`,
    );
});
