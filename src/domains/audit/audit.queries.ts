import { type SQL, sql } from "drizzle-orm";
import { auditEntries } from "#schema/audit.js";
import { customers } from "#schema/customers.js";
import { bucketIn } from "../../platform/audit/customer-list.js";
import type { Listing } from "../../platform/database/page.js";
import { byIds } from "../../platform/database/statement.js";
import { orderKey } from "../../platform/graphql/sorting.js";

/** All entries, the newest first: ids are in the order of time. Nothing here or elsewhere changes or deletes one. */
export const auditListing: Listing = {
  table: auditEntries,
  order: [orderKey("id", auditEntries.id, "DESC")],
  filter: {
    // The index knows which entries may be meant; the ids tell which are.
    customerId(compare) {
      const found = (what: SQL) =>
        sql`array(select ${what} from ${customers} where ${compare(customers.id)})`;
      return sql`${auditEntries.buckets} && ${found(bucketIn(customers.id))} and exists (
        select from unnest(${found(sql`uuid_send(${customers.id})`)}) as wanted(id)
        where position(wanted.id in ${auditEntries.customers}) > 0)`;
    },
    keyId: auditEntries.keyId,
    action: auditEntries.action,
    operationName: auditEntries.operationName,
    documentHash: auditEntries.documentHash,
    at: auditEntries.at,
  },
};

export const selectAuditEntriesByIds = byIds("auditEntries.byIds", auditEntries);
