import { eq, sql } from "drizzle-orm";
import { type ApiKeyRow, apiKeys } from "#schema/access.js";
import type { Tx } from "../../platform/database/database.js";
import type { Listing } from "../../platform/database/page.js";
import { byIds } from "../../platform/database/statement.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import type { Id } from "../../platform/ids.js";

/** All keys, the newest first, those that have ended included. */
export const apiKeyListing: Listing = {
  table: apiKeys,
  order: [orderKey("id", apiKeys.id, "DESC")],
  sort: {
    NAME: ["name", apiKeys.name],
    CREATED_AT: ["createdAt", apiKeys.createdAt],
    LAST_USED_AT: ["lastUsedAt", apiKeys.lastUsedAt],
    EXPIRES_AT: ["expiresAt", apiKeys.expiresAt],
  },
  filter: {
    id: apiKeys.id,
    name: apiKeys.name,
    partner: apiKeys.partner,
    createdAt: apiKeys.createdAt,
    lastUsedAt: apiKeys.lastUsedAt,
    expiresAt: apiKeys.expiresAt,
    revokedAt: apiKeys.revokedAt,
  },
};

export const selectApiKeysByIds = byIds("apiKeys.byIds", apiKeys);

/** The key, held until the transaction ends, so that what is decided about it still holds when it is written. */
export async function lockApiKey(tx: Tx, id: Id<"apiKey">): Promise<ApiKeyRow | null> {
  const [row] = await tx.select().from(apiKeys).where(eq(apiKeys.id, id)).for("update");
  return row ?? null;
}

export async function insertApiKey(tx: Tx, row: typeof apiKeys.$inferInsert): Promise<ApiKeyRow> {
  const [stored] = await tx.insert(apiKeys).values(row).returning();
  return stored as ApiKeyRow;
}

export async function updateApiKeyRow(
  tx: Tx,
  id: Id<"apiKey">,
  changes: Partial<typeof apiKeys.$inferInsert>,
): Promise<ApiKeyRow> {
  const [stored] = await tx.update(apiKeys).set(changes).where(eq(apiKeys.id, id)).returning();
  return stored as ApiKeyRow;
}

/** The new secret takes the place of the present one, which is let in for some hours more; the one before it ends. */
export async function replaceSecret(
  tx: Tx,
  id: Id<"apiKey">,
  secretHash: Buffer,
  overlapHours: number,
): Promise<ApiKeyRow> {
  const [stored] = await tx
    .update(apiKeys)
    .set({
      previousHash: overlapHours ? sql`${apiKeys.secretHash}` : null,
      previousValidUntil: overlapHours ? sql`now() + make_interval(hours => ${overlapHours}::int)` : null,
      secretHash,
      rotatedAt: sql`now()`,
    })
    .where(eq(apiKeys.id, id))
    .returning();
  return stored as ApiKeyRow;
}

/** Of a key that has been revoked before, the first time stays. */
export async function markRevoked(tx: Tx, id: Id<"apiKey">): Promise<ApiKeyRow | null> {
  const [stored] = await tx
    .update(apiKeys)
    .set({
      revokedAt: sql`coalesce(${apiKeys.revokedAt}, now())`,
      previousHash: null,
      previousValidUntil: null,
    })
    .where(eq(apiKeys.id, id))
    .returning();
  return stored ?? null;
}

/** Keys for people at a terminal: those that are let in, or all; the newest first. */
export function selectAllApiKeys(tx: Tx, withEnded: boolean): Promise<ApiKeyRow[]> {
  const { id, revokedAt, expiresAt } = apiKeys;
  const live = sql`${revokedAt} is null and (${expiresAt} is null or ${expiresAt} > now())`;
  return tx
    .select()
    .from(apiKeys)
    .where(withEnded ? undefined : live)
    .orderBy(sql`${id} desc`);
}
