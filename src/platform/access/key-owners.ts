import { sql } from "drizzle-orm";
import { apiKeys } from "#schema/access.js";
import type { Database } from "../database/database.js";
import { statement } from "../database/statement.js";
import { type Id, uuidOf } from "../ids.js";
import type { Caller } from "./caller.js";
import { type Scope, scopes } from "./scopes.js";

/** Who owns what goes on working while nobody is logged in: a key, or the admin key (null). */
export type KeyOwner = Id<"apiKey"> | null;

/** The callers behind these owners with the scopes they hold now; revoked and expired keys are missing. */
export type KeyOwners = (owners: readonly KeyOwner[]) => Promise<Map<KeyOwner, Caller>>;

/** `hasAdmin`: whether this process knows an admin key. Without one, what the admin key owned is nobody's. */
export function createKeyOwners(db: Database["read"], hasAdmin: boolean): KeyOwners {
  return async (owners) => {
    const found = new Map<KeyOwner, Caller>();
    if (hasAdmin && owners.includes(null)) found.set(null, { keyId: "admin", scopes: new Set(scopes) });
    const ids = [...new Set(owners)].filter((owner) => owner !== null);
    const rows = ids.length ? await liveKeys(db, { ids: ids.map(uuidOf) }) : [];
    for (const { id, scopes: held } of rows)
      found.set(id, {
        keyId: id,
        scopes: new Set(held.filter((scope): scope is Scope => known.has(scope))),
      });
    return found;
  };
}

const known: ReadonlySet<string> = new Set(scopes);

const liveKeys = statement("access.liveKeys", (db) =>
  db
    .select({ id: apiKeys.id, scopes: apiKeys.scopes })
    .from(apiKeys)
    .where(
      sql`${apiKeys.id} = any(${sql.placeholder("ids")}::uuid[]) and ${apiKeys.revokedAt} is null
        and (${apiKeys.expiresAt} is null or ${apiKeys.expiresAt} > now())`,
    ),
);
