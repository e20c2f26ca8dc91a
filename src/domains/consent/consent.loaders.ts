import type { ConsentRow } from "#schema/consent.js";
import type { Database } from "../../platform/database/database.js";
import type { Id } from "../../platform/ids.js";
import { lazyLoaders, loadById, loadMany, loadPage } from "../../platform/loaders.js";
import { customerConsentHistory, selectConsentsByIds, selectConsentsInForce } from "./consent.queries.js";

export function consentLoaders(db: Database["read"]) {
  return lazyLoaders({
    byId: () => loadById(db, selectConsentsByIds),
    inForceByCustomer: () =>
      loadMany(
        (ids: readonly Id<"customer">[]) => selectConsentsInForce(db, ids),
        (row) => row.customerId,
      ),
    historyPageByCustomer: () => loadPage<ConsentRow>(db, customerConsentHistory),
  });
}
