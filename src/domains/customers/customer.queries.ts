import { eq, sql } from "drizzle-orm";
import {
  customers,
  type IdentityRow,
  identities,
  identityClaims,
  type ProfileRow,
  profiles,
} from "#schema/customers.js";
import type { Database } from "../../platform/database/database.js";
import type { Listing } from "../../platform/database/page.js";
import { byIds, statement } from "../../platform/database/statement.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import { type Id, uuidOf } from "../../platform/ids.js";
import type { IdentityKind } from "./identity.rules.js";

/** All customers, the newest first. Merged ones are not listed: their survivor is. */
export const customerListing: Listing = {
  table: customers,
  order: [orderKey("id", customers.id, "DESC")],
  always: sql`${customers.mergedInto} is null`,
  sort: {
    DISPLAY_NAME: ["displayName", customers.displayName],
    CREATED_AT: ["createdAt", customers.createdAt],
    UPDATED_AT: ["updatedAt", customers.updatedAt],
    STAGE: ["stage", customers.stage],
  },
  filter: {
    id: customers.id,
    displayName: customers.displayName,
    givenName: customers.givenName,
    familyName: customers.familyName,
    email: customers.email,
    phone: customers.phone,
    locale: customers.locale,
    country: customers.country,
    stage: customers.stage,
    anonymous: customers.anonymous,
    createdAt: customers.createdAt,
    updatedAt: customers.updatedAt,
    source: (compare) =>
      sql`exists (select from ${profiles} where ${eq(profiles.customerId, customers.id)} and ${compare(profiles.source)})`,
  },
};

export const selectCustomersByIds = byIds("customers.byIds", customers);

const identitiesByCustomers = statement("identities.byCustomers", (db) =>
  db
    .select()
    .from(identities)
    .where(sql`${identities.customerId} = any(${sql.placeholder("ids")}::uuid[])`)
    .orderBy(identities.customerId, identities.kind, identities.firstSeenAt, identities.id),
);

export function selectIdentitiesByCustomers(
  db: Database["read"],
  ids: readonly Id<"customer">[],
): Promise<IdentityRow[]> {
  return identitiesByCustomers(db, { ids: ids.map(uuidOf) });
}

const profilesByCustomers = statement("profiles.byCustomers", (db) =>
  db
    .select()
    .from(profiles)
    .where(sql`${profiles.customerId} = any(${sql.placeholder("ids")}::uuid[])`)
    .orderBy(profiles.customerId, profiles.source, profiles.id),
);

export function selectProfilesByCustomers(
  db: Database["read"],
  ids: readonly Id<"customer">[],
): Promise<ProfileRow[]> {
  return profilesByCustomers(db, { ids: ids.map(uuidOf) });
}

export interface IdentityKey {
  kind: IdentityKind;
  value: string;
}

const claimsByKeys = statement("identityClaims.byKeys", (db) =>
  db
    .select()
    .from(identityClaims)
    .where(
      sql`(${identityClaims.value}, ${identityClaims.kind}) in (
        select value, kind::identity_kind from unnest(${sql.placeholder("values")}::text[], ${sql.placeholder("kinds")}::text[]) as wanted(value, kind))`,
    ),
);

/** Who holds these identities; those that nobody holds are missing from the answer. */
export function selectIdentityClaims(db: Database["read"], keys: readonly IdentityKey[]) {
  return claimsByKeys(db, { values: keys.map((key) => key.value), kinds: keys.map((key) => key.kind) });
}
