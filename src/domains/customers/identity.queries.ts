import { type SQL, sql } from "drizzle-orm";
import { identities, identityClaims } from "#schema/customers.js";
import type { Tx } from "../../platform/database/database.js";
import { insertOf, insertRows, sendNow } from "../../platform/database/rows.js";
import { type Id, newId } from "../../platform/ids.js";
import { earlier, later } from "../../platform/time.js";
import type { IdentityKey } from "./customer.queries.js";

/**
 * Claims identities for customers. The primary key decides between concurrent batches; rows go in sorted, so two
 * batches never wait for each other in a circle. Returns the claims that were lost to another batch.
 */
export async function claimIdentities(
  tx: Tx,
  claims: readonly (IdentityKey & { customerId: Id<"customer"> })[],
): Promise<IdentityKey[]> {
  const sorted = claims.toSorted((a, b) => compare(a.value, b.value) || compare(a.kind, b.kind));
  const won = await insertRows(tx, identityClaims, sorted, sql`on conflict do nothing returning kind, value`);
  if (won.length === claims.length) return [];
  const kept = new Set(won.map(({ kind, value }) => `${kind}:${value}`));
  return claims.filter(({ kind, value }) => !kept.has(`${kind}:${value}`));
}

export interface SeenIdentity extends IdentityKey {
  customerId: Id<"customer">;
  profileId: Id<"profile">;
  seenAt: string;
  verified?: boolean;
}

/** Notes that a source saw these identities: first and last time, per profile. */
export async function touchIdentities(tx: Tx, source: string, seen: readonly SeenIdentity[]): Promise<void> {
  const statement = identitiesTouch(source, seen);
  if (statement) await sendNow(tx, statement);
}

/** The statement of `touchIdentities`, for who has time to make it before it may be sent; null where nothing was seen. */
export function identitiesTouch(source: string, seen: readonly SeenIdentity[]): SQL | null {
  if (seen.length === 0) return null;
  const rows = new Map<string, typeof identities.$inferInsert>();
  for (const { kind, value, customerId, profileId, seenAt, verified } of seen) {
    const key = `${profileId} ${kind} ${value}`;
    const row = rows.get(key);
    if (!row) {
      rows.set(key, {
        id: newId("identity"),
        customerId,
        profileId,
        kind,
        value,
        verified: verified ?? false,
        source,
        firstSeenAt: seenAt,
        lastSeenAt: seenAt,
      });
      continue;
    }
    row.firstSeenAt = earlier(row.firstSeenAt, seenAt);
    row.lastSeenAt = later(row.lastSeenAt, seenAt);
  }
  const sorted = [...rows.values()].toSorted(
    (a, b) => compare(a.profileId, b.profileId) || compare(a.value, b.value),
  );
  // Most sources see the same again: a row that tells all this is left alone, where a conflict would lock it.
  return insertOf(
    identities,
    sorted,
    sql`where not exists (select from identities known
        where known.customer_id = r.customer_id and known.profile_id = r.profile_id
          and known.kind = r.kind and known.value = r.value
          and known.first_seen_at <= r.first_seen_at and known.last_seen_at >= r.last_seen_at
          and (known.verified or not r.verified))
      on conflict (customer_id, profile_id, kind, value) do update set
        first_seen_at = least(identities.first_seen_at, excluded.first_seen_at),
        last_seen_at = greatest(identities.last_seen_at, excluded.last_seen_at),
        verified = identities.verified or excluded.verified
      where identities.first_seen_at > excluded.first_seen_at
        or identities.last_seen_at < excluded.last_seen_at
        or (excluded.verified and not identities.verified)`,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
