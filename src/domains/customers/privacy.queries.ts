import { sql } from "drizzle-orm";
import { customers, identities, identityClaims, profiles } from "#schema/customers.js";
import {
  blanked,
  deleted,
  deleteRows,
  type Erasure,
  type PersonalTable,
} from "../../platform/privacy/personal-table.js";
import { identityName } from "../../platform/privacy/suppressions.js";

/** The row stays, empty: the customer's event stream and the receipt hang on it. */
export const personalCustomers: PersonalTable = {
  table: customers,
  customer: customers.id,
  exported: "customers",
  erased: blanked(customers, customers.id, {
    kept: [customers.id, customers.seq, customers.mergedInto],
    set: { anonymous: sql`true`, erased_at: sql`now()` },
    blank: sql`erased_at is not null`,
  }),
};

/** A name is suppressed in the transaction that takes it from its holder: it is never free for a moment. */
const released: Erasure = {
  action: "DELETED",
  async step(tx, suppressions, customerId, limit) {
    const own = { table: identityClaims, customer: identityClaims.customerId };
    const rows = await deleteRows(tx, own, customerId, limit, sql`kind, value`);
    await suppressions.add(
      tx,
      rows.map(({ kind, value }) => identityName(String(kind), String(value))),
    );
    return { rows: rows.length, along: [{ table: "suppressions", action: "SUPPRESSED", rows: rows.length }] };
  },
};

export const personalIdentityClaims: PersonalTable = {
  table: identityClaims,
  customer: identityClaims.customerId,
  exported: "identityClaims",
  erased: released,
};

export const personalProfiles: readonly PersonalTable[] = [
  {
    table: profiles,
    customer: profiles.customerId,
    exported: "profiles",
    erased: deleted(profiles, profiles.customerId),
  },
  {
    table: identities,
    customer: identities.customerId,
    exported: "identities",
    erased: deleted(identities, identities.customerId),
  },
];
