import { sql } from "drizzle-orm";
import { idempotentRequests } from "#schema/idempotency.js";
import { privacyRequests } from "#schema/privacy.js";
import type { Database, Tx } from "../database/database.js";

/** How long an answer is kept: clients give up long before. */
const keptFor = sql`interval '24 hours'`;
/**
 * How long a run may take. One that takes longer has died with its node, and the next asker runs it again: records that it
 * wrote are found by their own references.
 */
const leaseFor = sql`interval '2 minutes'`;
/** Rows removed in one transaction. */
const removedAtOnce = 1_000;

export interface RequestName {
  callerId: string;
  key: string;
}

export interface KnownRequest {
  inputHash: Buffer;
  answered: boolean;
  answer: Buffer | null;
}

const table = idempotentRequests;
const isOf = ({ callerId, key }: RequestName) =>
  sql`${table.key} = ${key} and ${table.callerId} = ${callerId}`;

/**
 * Claims a request for a run, or tells what is known of it. The primary key decides between twins; one that was left by a
 * node that died, or is a day old, is taken over by the same atomic statement.
 */
export function claimRequest(
  database: Database,
  name: RequestName,
  inputHash: Buffer,
  claimId: string,
): Promise<KnownRequest | null> {
  return database.transaction(async (tx) => {
    const [claimed] = await tx.execute(sql`
      insert into ${table} (caller_id, key, input_hash, claim_id)
      values (${name.callerId}, ${name.key}, decode(${inputHash.toString("hex")}, 'hex'), ${claimId}::uuid)
      on conflict (key, caller_id) do update
        set input_hash = excluded.input_hash, claim_id = excluded.claim_id, claimed_at = now(),
          answered_at = null, answer = null
        where ${table.claimedAt} < now() - ${keptFor} or (${table.answeredAt} is null
          and ${table.claimedAt} < now() - ${leaseFor} and ${table.inputHash} = excluded.input_hash)
      returning 1 as one`);
    if (claimed) return null;
    const [row] = await tx
      .select({ inputHash: table.inputHash, answeredAt: table.answeredAt, answer: table.answer })
      .from(table)
      .where(isOf(name));
    // Removed in this instant: whoever asks again claims it.
    if (!row) return { inputHash, answered: false, answer: null };
    return { inputHash: row.inputHash, answered: row.answeredAt !== null, answer: row.answer };
  });
}

/**
 * Keeps the answer of a run, unless another has taken it over. Its text is not kept where somebody was being erased since the
 * run began: it may show them, and what is erased is forgotten only once.
 */
export async function keepAnswer(
  database: Database,
  name: RequestName,
  claimId: string,
  answer: Buffer,
): Promise<void> {
  await database.transaction((tx) =>
    tx.execute(sql`update ${table} set answered_at = now(), answer = case when exists (
        select from ${privacyRequests} p where p.kind = 'ERASE'
          and (p.status in ('RECEIVED', 'RUNNING') or p.finished_at >= ${table.claimedAt}))
        then null else decode(${answer.toString("hex")}, 'hex') end
      where ${isOf(name)} and ${table.claimId} = ${claimId}::uuid`),
  );
}

/** Lets the same request run again. */
export async function releaseRequest(database: Database, name: RequestName, claimId: string): Promise<void> {
  await database.transaction((tx) =>
    tx.execute(sql`delete from ${table} where ${isOf(name)} and ${table.claimId} = ${claimId}::uuid`),
  );
}

/**
 * Forgets the texts of answers, at most `limit` of them, for an erasure: nobody can tell which of them speak of a person. That
 * they were given stays known, so nothing runs twice. Fewer mean that none is left but those that another transaction holds
 * to give or to forget; rows are locked in key order.
 */
export async function forgetAnswers(tx: Tx, limit: number): Promise<number> {
  const { count } = await tx.execute(sql`update ${table} set answer = null where (key, caller_id) in (
    select key, caller_id from ${table} where ${table.answer} is not null
    order by key, caller_id limit ${limit}::int for update)`);
  return count;
}

/** Removes requests older than a day, a bounded number in each transaction; those that another node removes are left to it. */
export async function removeOldRequests(database: Database): Promise<number> {
  let removed = 0;
  for (;;) {
    const rows = await database.transaction((tx) =>
      tx.execute(sql`delete from ${table} where (key, caller_id) in (
        select key, caller_id from ${table} where ${table.claimedAt} < now() - ${keptFor}
        order by ${table.claimedAt} limit ${removedAtOnce} for update skip locked) returning 1 as one`),
    );
    removed += rows.length;
    if (rows.length < removedAtOnce) return removed;
  }
}
