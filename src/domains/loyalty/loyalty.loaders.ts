import type { LoyaltyEntryRow } from "#schema/loyalty.js";
import type { Database } from "../../platform/database/database.js";
import type { Id } from "../../platform/ids.js";
import { lazyLoaders, loadById, loadColumns, loadMany, loadOne, loadPage } from "../../platform/loaders.js";
import {
  accountLedger,
  selectAccountsByCustomers,
  selectEntriesByIds,
  selectRewardsByCodes,
  selectTiers,
} from "./loyalty.queries.js";

/** The programme has one list of tiers: it is read whole, once, whatever is asked of it. */
const programme = "programme";

export function loyaltyLoaders(db: Database["read"]) {
  const tiers = loadMany(
    () => selectTiers(db),
    () => programme,
  );
  return lazyLoaders({
    entryById: () => loadById(db, selectEntriesByIds),
    accountByCustomer: () =>
      loadColumns((columns) =>
        loadOne(
          (ids: readonly Id<"customer">[]) => selectAccountsByCustomers(db, ids, columns),
          (row) => row.customerId,
        ),
      ),
    ledgerPageByCustomer: () => loadPage<LoyaltyEntryRow>(db, accountLedger),
    tiers: () => ({ load: () => tiers.load(programme) }),
    tierByCode: () => ({
      load: async (code: string) => (await tiers.load(programme)).find((tier) => tier.code === code) ?? null,
    }),
    rewardByCode: () =>
      loadOne(
        (codes: readonly string[]) => selectRewardsByCodes(db, codes),
        (row) => row.code,
      ),
  });
}
