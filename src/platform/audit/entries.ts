import { sql } from "drizzle-orm";
import { type AuditEntryRow, auditEntries } from "#schema/audit.js";
import { BinaryRows, copyRows } from "../database/binary-rows.js";
import type { Tx } from "../database/database.js";
import { bareArray, insertRows } from "../database/rows.js";
import { type Id, uuidOf } from "../ids.js";
import type { Trail } from "./audit-log.js";
import { customerList } from "./customer-list.js";

/** An operation that reads or changes customers' data, and whose data that was so far. */
export interface Entry {
  id: Id<"auditEntry">;
  /** Milliseconds since 1970. */
  at: number;
  action: AuditEntryRow["action"];
  trail: Trail;
  /** Bare ids, one or many in a text. */
  customers: string[];
}

/** Writes one entry; it is sent before this returns. */
export async function insertEntry(tx: Tx, { id, at, action, trail, customers }: Entry): Promise<void> {
  const { keyId, operationName, documentHash, requestId, purpose } = trail;
  const { ids, buckets } = customerList(customers);
  const own = { id, at: new Date(at).toISOString(), action, customers: ids, buckets };
  await insertRows(tx, auditEntries, [{ ...own, keyId, operationName, documentHash, requestId, purpose }]);
}

/**
 * Writes many. Of those that were sent before, nobody knowing how that ended, only what is not there: should it still end
 * well meanwhile, the ids, which are unique, fail this.
 */
export async function copyEntries(tx: Tx, entries: readonly Entry[], again: boolean): Promise<void> {
  const written = again ? await idsWritten(tx, entries) : null;
  const rows = new BinaryRows(columns.length);
  for (const entry of entries) if (!written?.has(entry.id)) addEntry(rows, entry);
  await copyRows(tx, auditEntries, columns, rows);
}

async function idsWritten(tx: Tx, entries: readonly Entry[]): Promise<Set<Id<"auditEntry">>> {
  const ids = bareArray(entries.map(({ id }) => uuidOf(id)));
  const found = await tx
    .select({ id: auditEntries.id })
    .from(auditEntries)
    .where(sql`${auditEntries.id} = any(${ids}::uuid[])`);
  return new Set(found.map(({ id }) => id));
}

/** In the order of `addEntry`. */
const columns = [
  "id",
  "at",
  "action",
  "keyId",
  "operationName",
  "documentHash",
  "requestId",
  "purpose",
  "customers",
  "buckets",
] as const;

function addEntry(rows: BinaryRows, { id, at, action, trail, customers }: Entry): void {
  const { ids, buckets } = customerList(customers);
  rows.row();
  rows.uuid(uuidOf(id));
  rows.instant(at);
  rows.text(action);
  rows.text(trail.keyId);
  rows.text(trail.operationName);
  rows.text(trail.documentHash);
  rows.uuid(trail.requestId);
  rows.text(trail.purpose);
  rows.bytea(ids);
  rows.smallints(buckets);
}
