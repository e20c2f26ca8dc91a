import type { CustomerRow } from "#schema/customers.js";
import type { Database } from "../../platform/database/database.js";
import type { Id } from "../../platform/ids.js";
import { lazyLoaders, loadById, loadColumns, loadMany, loadOne } from "../../platform/loaders.js";
import {
  type IdentityKey,
  selectCustomersByIds,
  selectIdentitiesByCustomers,
  selectIdentityClaims,
  selectProfilesByCustomers,
} from "./customer.queries.js";

export function customerLoaders(db: Database["read"]) {
  const claimKey = ({ kind, value }: IdentityKey) => `${kind}:${value}`;
  const claims = loadOne<string, { kind: IdentityKey["kind"]; value: string; customerId: Id<"customer"> }>(
    (keys) => selectIdentityClaims(db, keys.map(fromClaimKey)),
    claimKey,
  );
  const byId = loadById(db, selectCustomersByIds);
  return lazyLoaders({
    byId: () => ({ load: (id: Id<"customer">) => survivor(byId, id) }),
    byIdentity: () => ({
      load: async (key: IdentityKey) => {
        const claim = await claims.load(claimKey(key));
        return claim && survivor(byId, claim.customerId);
      },
    }),
    identitiesByCustomer: () =>
      loadColumns((columns) =>
        loadMany(
          (ids: readonly Id<"customer">[]) => selectIdentitiesByCustomers(db, ids, columns),
          (row) => row.customerId,
        ),
      ),
    profilesByCustomer: () =>
      loadColumns((columns) =>
        loadMany(
          (ids: readonly Id<"customer">[]) => selectProfilesByCustomers(db, ids, columns),
          (row) => row.customerId,
        ),
      ),
  });
}

/** An id from before a merge keeps resolving: pointers are kept flat, so one step is enough. */
async function survivor(
  byId: { load(id: Id<"customer">): Promise<CustomerRow | null> },
  id: Id<"customer">,
): Promise<CustomerRow | null> {
  const row = await byId.load(id);
  return row?.mergedInto ? byId.load(row.mergedInto) : row;
}

function fromClaimKey(key: string): IdentityKey {
  const cut = key.indexOf(":");
  return { kind: key.slice(0, cut) as IdentityKey["kind"], value: key.slice(cut + 1) };
}
