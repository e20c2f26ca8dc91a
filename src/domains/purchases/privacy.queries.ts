import { purchaseItems, purchaseReturnItems, purchaseReturns, purchases } from "#schema/purchases.js";
import { deleted, type PersonalTable } from "../../platform/privacy/personal-table.js";

export const personalPurchases: readonly PersonalTable[] = [
  {
    table: purchases,
    customer: purchases.customerId,
    exported: "purchases",
    erased: deleted(purchases, purchases.customerId, "PURCHASE"),
  },
  {
    table: purchaseItems,
    customer: purchaseItems.customerId,
    exported: "purchaseItems",
    erased: deleted(purchaseItems, purchaseItems.customerId),
  },
  {
    table: purchaseReturns,
    customer: purchaseReturns.customerId,
    exported: "purchaseReturns",
    erased: deleted(purchaseReturns, purchaseReturns.customerId, "RETURN"),
  },
  {
    table: purchaseReturnItems,
    customer: purchaseReturnItems.customerId,
    exported: "purchaseReturnItems",
    erased: deleted(purchaseReturnItems, purchaseReturnItems.customerId),
  },
];
