import { loyaltyAccounts, loyaltyEntries } from "#schema/loyalty.js";
import { deleted, type PersonalTable } from "../../platform/privacy/personal-table.js";

export const personalLoyalty: readonly PersonalTable[] = [
  {
    table: loyaltyAccounts,
    customer: loyaltyAccounts.customerId,
    exported: "loyaltyAccounts",
    erased: deleted(loyaltyAccounts, loyaltyAccounts.customerId),
  },
  {
    table: loyaltyEntries,
    customer: loyaltyEntries.customerId,
    exported: "loyaltyEntries",
    erased: deleted(loyaltyEntries, loyaltyEntries.customerId, "LOYALTY_ENTRY"),
  },
];
