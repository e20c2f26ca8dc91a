import { eq, getTableColumns, sql } from "drizzle-orm";
import { customers, type ProfileRow, profiles, sources } from "#schema/customers.js";
import type { Tx } from "../../platform/database/database.js";
import { type Id, uuidOf } from "../../platform/ids.js";
import type { RankedProfile } from "./profile.rules.js";

/** Whole profiles of these customers at one source under these references; the caller matches the pairs. */
export function selectFullProfiles(
  tx: Tx,
  source: string,
  pairs: readonly { customerId: Id<"customer">; profileRef: string }[],
): Promise<ProfileRow[]> {
  return tx
    .select()
    .from(profiles)
    .where(
      sql`${profiles.customerId} = any(${sql.param(pairs.map((pair) => uuidOf(pair.customerId)))}::uuid[])
        and ${profiles.source} = ${source}
        and ${profiles.sourceRef} = any(${sql.param(pairs.map((pair) => pair.profileRef))}::text[])`,
    );
}

/** All profiles of these customers with the rank of their sources. */
export function selectRankedProfiles(tx: Tx, ids: readonly Id<"customer">[]): Promise<RankedProfile[]> {
  return tx
    .select({ ...getTableColumns(profiles), priority: sources.priority })
    .from(profiles)
    .innerJoin(sources, eq(sources.code, profiles.source))
    .where(sql`${profiles.customerId} = any(${sql.param(ids.map(uuidOf))}::uuid[])`);
}

/** What the choice of displayed fields keeps when no profile tells better. */
export function selectDisplayed(tx: Tx, ids: readonly Id<"customer">[]) {
  return tx
    .select({ id: customers.id, stage: customers.stage, createdAt: customers.createdAt })
    .from(customers)
    .where(sql`${customers.id} = any(${sql.param(ids.map(uuidOf))}::uuid[])`);
}
