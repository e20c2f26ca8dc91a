import { sql } from "drizzle-orm";
import { auditEntries } from "#schema/audit.js";
import { customers } from "#schema/customers.js";
import type { Listing } from "../../platform/database/page.js";
import { byIds } from "../../platform/database/statement.js";
import { orderKey } from "../../platform/graphql/sorting.js";

/** All entries, the newest first: ids are in the order of time. Nothing here or elsewhere changes or deletes one. */
export const auditListing: Listing = {
  table: auditEntries,
  order: [orderKey("id", auditEntries.id, "DESC")],
  filter: {
    // An overlap of arrays, because that is what the index can look up.
    customerId: (compare) =>
      sql`${auditEntries.customerIds} && array(select ${customers.id} from ${customers} where ${compare(customers.id)})`,
    keyId: auditEntries.keyId,
    action: auditEntries.action,
    operationName: auditEntries.operationName,
    documentHash: auditEntries.documentHash,
    at: auditEntries.at,
  },
};

export const selectAuditEntriesByIds = byIds("auditEntries.byIds", auditEntries);
