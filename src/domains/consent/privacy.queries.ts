import { consents } from "#schema/consent.js";
import { deleted, type PersonalTable } from "../../platform/privacy/personal-table.js";

export const personalConsents: readonly PersonalTable[] = [
  {
    table: consents,
    customer: consents.customerId,
    exported: "consents",
    erased: deleted(consents, consents.customerId, "CONSENT"),
  },
];
