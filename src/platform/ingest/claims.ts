import { and, eq, sql } from "drizzle-orm";
import { recordClaims, type recordKind } from "#schema/ingest.js";
import type { Tx } from "../database/database.js";
import { insertRows } from "../database/rows.js";
import { type Id, type IdKind, toId, uuidOf } from "../ids.js";

type RecordKind = (typeof recordKind.enumValues)[number];

/**
 * Claims the references of a batch; the primary key decides between concurrent twins, and waits for one that is still
 * under way. Returns the ids of those that were recorded before, by reference.
 */
export async function claimRecords<K extends IdKind>(
  tx: Tx,
  source: string,
  kind: { record: RecordKind; id: K },
  drafts: readonly { id: Id<K>; item: { sourceRef: string } }[],
): Promise<Map<string, Id<K>>> {
  const rows = drafts
    .map((draft) => ({
      source,
      kind: kind.record,
      sourceRef: draft.item.sourceRef,
      recordId: uuidOf(draft.id),
    }))
    .toSorted((a, b) => (a.sourceRef < b.sourceRef ? -1 : 1));
  const { count } = await insertRows(tx, recordClaims, rows, sql`on conflict do nothing`);
  if (count === drafts.length) return new Map();
  const refs = rows.map((row) => row.sourceRef);
  const known = await selectClaims(tx, source, kind, refs);
  for (const { id, item } of drafts) if (known.get(item.sourceRef) === id) known.delete(item.sourceRef);
  return known;
}

/** Which records these references of a source became; unknown ones are missing from the answer. */
export async function selectClaims<K extends IdKind>(
  tx: Tx,
  source: string,
  kind: { record: RecordKind; id: K },
  refs: readonly string[],
): Promise<Map<string, Id<K>>> {
  if (refs.length === 0) return new Map();
  const rows = await tx
    .select({ sourceRef: recordClaims.sourceRef, recordId: recordClaims.recordId })
    .from(recordClaims)
    .where(
      and(
        eq(recordClaims.source, source),
        eq(recordClaims.kind, kind.record),
        sql`${recordClaims.sourceRef} = any(${sql.param(refs)}::text[])`,
      ),
    );
  return new Map(rows.map((row) => [row.sourceRef, toId(kind.id, row.recordId)]));
}

/** Gives up the claims of records that are gone; returns how many there were. */
export async function releaseRecords(
  tx: Tx,
  kind: RecordKind,
  records: readonly { source: string; sourceRef: string }[],
): Promise<number> {
  if (records.length === 0) return 0;
  const { count } = await tx.execute(sql`/* releaseRecords */ delete from ${recordClaims}
    using unnest(${sql.param(records.map(({ source }) => source))}::text[],
      ${sql.param(records.map(({ sourceRef }) => sourceRef))}::text[]) as gone (source, source_ref)
    where record_claims.source_ref = gone.source_ref and record_claims.source = gone.source
      and record_claims.kind = ${kind}::record_kind`);
  return count;
}
