import { eq, sql } from "drizzle-orm";
import {
  customers,
  type IdentityRow,
  identities,
  identityClaims,
  type ProfileRow,
  profiles,
  sources,
} from "#schema/customers.js";
import type { Database } from "../../platform/database/database.js";
import { type Edge, rowsByParents } from "../../platform/database/edge.js";
import type { Listing } from "../../platform/database/page.js";
import { byIds, statement } from "../../platform/database/statement.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import { requireId, uuidOf } from "../../platform/ids.js";
import { column, many, one, page, type Reads, row } from "../../platform/reads/reads.js";
import { type IdentityKind, identityKey } from "./identity.rules.js";

/** All customers, the newest first. Merged ones are not listed: their survivor is. Nor are erased ones. */
export const customerListing: Listing = {
  table: customers,
  order: [orderKey("id", customers.id, "DESC")],
  always: sql`${customers.mergedInto} is null and ${customers.erasedAt} is null`,
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

const customerIdentities: Edge = {
  table: identities,
  on: [[identities.customerId, customers.id]],
  order: [identities.kind, identities.firstSeenAt, identities.id],
};

export const selectIdentitiesByCustomers = rowsByParents<IdentityRow>(
  "identities.byCustomers",
  customerIdentities,
);

const customerProfiles: Edge = {
  table: profiles,
  on: [[profiles.customerId, customers.id]],
  order: [profiles.source, profiles.id],
};

export const selectProfilesByCustomers = rowsByParents<ProfileRow>("profiles.byCustomers", customerProfiles);

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

/** An id from before a merge finds the survivor: pointers are kept flat, so one step is enough. */
const survivor = sql`select coalesce(asked_for.merged_into, asked_for.id) from ${customers} as asked_for`;

export const customerReads: Reads = {
  Query: {
    customer: row({
      table: customers,
      values: ({ id }: { id: string }) => ({ id: uuidOf(requireId("customer", id)) }),
      where: (value) => sql`${customers.id} = (${survivor} where asked_for.id = ${value("id", "uuid")})`,
      batchBy: "id",
    }),
    customerByIdentity: row({
      table: customers,
      values: (asked: IdentityKey, { phoneRegion }: { phoneRegion: string | null }) => ({
        ...identityKey(asked, phoneRegion),
      }),
      where: (
        value,
      ) => sql`${customers.id} = (${survivor} join ${identityClaims} on ${identityClaims.customerId} = asked_for.id
        where ${identityClaims.value} = ${value("value", "text")} and ${identityClaims.kind} = ${value("kind", "identity_kind")})`,
    }),
    customers: page(customerListing),
  },
  Customer: { identities: many(customerIdentities), profiles: many(customerProfiles) },
  Identity: { source: one(sources, [sources.code, identities.source]) },
  Profile: { source: one(sources, [sources.code, profiles.source]) },
  Source: { code: column(sources.code) },
};
