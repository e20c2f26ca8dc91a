import { sql } from "drizzle-orm";
import { customers, profiles, sources } from "#schema/customers.js";
import type { Queryable, Tx } from "../../platform/database/database.js";
import { statement } from "../../platform/database/statement.js";
import { type Id, uuidOf } from "../../platform/ids.js";

/** Each customer and, if merged, the survivor it points at. */
export function selectCustomerPointers(db: Queryable, ids: readonly Id<"customer">[]) {
  return db
    .select({ id: customers.id, mergedInto: customers.mergedInto })
    .from(customers)
    .where(sql`${customers.id} = any(${sql.param(ids.map(uuidOf))}::uuid[])`);
}

/** Profiles of these customers at this source under these references; the caller matches the pairs. */
export function selectProfilesByRefs(
  db: Queryable,
  source: string,
  pairs: readonly { customerId: Id<"customer">; profileRef: string | null }[],
) {
  return db
    .select({ id: profiles.id, customerId: profiles.customerId, sourceRef: profiles.sourceRef })
    .from(profiles)
    .where(
      sql`${profiles.customerId} = any(${sql.param(pairs.map((pair) => uuidOf(pair.customerId)))}::uuid[])
        and ${profiles.source} = ${source}
        and ${profiles.sourceRef} = any(${sql.param(pairs.map((pair) => pair.profileRef))}::text[])`,
    );
}

/** Registers a source the first time it is heard of; the primary key makes this safe for many at once. */
export async function registerSource(tx: Tx, code: string): Promise<void> {
  await tx.insert(sources).values({ code, name: code }).onConflictDoNothing();
}

const lockByIds = statement("customers.lock", (db) =>
  db
    .select({
      id: customers.id,
      seq: customers.seq,
      mergedInto: customers.mergedInto,
      erasedAt: customers.erasedAt,
    })
    .from(customers)
    .where(sql`${customers.id} = any(${sql.placeholder("ids")}::uuid[])`)
    .orderBy(customers.id)
    .for("no key update"),
);

/**
 * Locks these customers in key order and tells where their event sequences stand. It is sent before this returns: whatever
 * the caller sends afterwards runs under the locks.
 */
export function lockCustomers(tx: Tx, ids: readonly Id<"customer">[]) {
  return lockByIds(tx, { ids: ids.map(uuidOf) });
}
