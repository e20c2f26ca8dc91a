import { auditEntries } from "#schema/audit.js";
import type { PersonalTable } from "../../platform/privacy/personal-table.js";

export const personalAudit: PersonalTable = {
  table: auditEntries,
  customer: auditEntries.customers,
  exported: {
    not: "It tells what the company's people and programs did, and names other customers of the same page.",
  },
  erased: {
    not: "It proves who had access, also after an erasure. It holds ids and times, no word about anybody.",
  },
};
