import type { PurchaseReturnRow, PurchaseRow } from "#schema/purchases.js";
import type { Database } from "../../platform/database/database.js";
import type { Id } from "../../platform/ids.js";
import { lazyLoaders, loadById, loadColumns, loadCount, loadMany, loadPage } from "../../platform/loaders.js";
import { customerPurchases, selectItemsByPurchases, selectPurchasesByIds } from "./purchase.queries.js";
import {
  customerReturns,
  returnsOfPurchase,
  selectItemsByReturns,
  selectReturnsByIds,
} from "./purchase-return.queries.js";
import { selectFiguresByCustomers, selectLineCountsByCustomers } from "./purchase-summary.queries.js";

export function purchaseLoaders(db: Database["read"]) {
  return lazyLoaders({
    byId: () => loadById(db, selectPurchasesByIds),
    itemsByPurchase: () =>
      loadColumns((columns) =>
        loadMany(
          (ids: readonly Id<"purchase">[]) => selectItemsByPurchases(db, ids, columns),
          (row) => row.purchaseId,
        ),
      ),
    pageByCustomer: () => loadPage<PurchaseRow>(db, customerPurchases),
    returnById: () => loadById(db, selectReturnsByIds),
    itemsByReturn: () =>
      loadColumns((columns) =>
        loadMany(
          (ids: readonly Id<"purchaseReturn">[]) => selectItemsByReturns(db, ids, columns),
          (row) => row.purchaseReturnId,
        ),
      ),
    returnPageByCustomer: () => loadPage<PurchaseReturnRow>(db, customerReturns),
    returnPageByPurchase: () => loadPage<PurchaseReturnRow>(db, returnsOfPurchase),
    figuresByCustomer: () =>
      loadMany(
        (ids: readonly Id<"customer">[]) => selectFiguresByCustomers(db, ids),
        (row) => row.customerId,
      ),
    lineCountByCustomer: () =>
      loadCount((ids: readonly Id<"customer">[]) => selectLineCountsByCustomers(db, ids)),
  });
}
