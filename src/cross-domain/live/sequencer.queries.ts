import { sql } from "drizzle-orm";
import type { Queryable, Tx } from "../../platform/database/database.js";
import { bareArray } from "../../platform/database/rows.js";

/** For how long the oldest pending event has been there, by the database's clock; 0 when nothing is pending. */
export async function selectPendingSeconds(db: Queryable): Promise<number> {
  const rows = await db.execute<{ seconds: string }>(sql`/* secondsOfPendingEvents */
    select extract(epoch from greatest(now() - recorded_at, interval '0')) as seconds
    from events where pos is null order by ord limit 1`);
  return Number(rows[0]?.seconds ?? 0);
}

export async function hasPendingEvents(session: Queryable): Promise<boolean> {
  const rows = await session.execute(
    sql`/* hasPendingEvents */ select from events where pos is null order by ord limit 1`,
  );
  return rows.length > 0;
}

/** The fence: whoever holds this row is the only one to give out positions. Has to be a statement of its own. */
export async function lockFeedHead(tx: Tx): Promise<number> {
  const rows = await tx.execute<{ head: string }>(
    sql`/* lockFeedHead */ select head from feed_head where id = 1 for update`,
  );
  return Number(rows[0]!.head);
}

/** Stamps the first pending events with the positions after `head` and returns the new head. */
export async function stampPendingEvents(tx: Tx, head: number, limit: number): Promise<number> {
  // Two steps rather than one UPDATE over a subquery: this form also runs where events are spread over shards.
  const pending = await tx.execute<{ customer_id: string; seq: string }>(sql`/* selectPendingEvents */
    select customer_id, seq from events where pos is null order by ord limit ${limit}::int`);
  if (pending.length === 0) return head;
  const customerIds = bareArray(pending.map((row) => row.customer_id));
  const seqs = bareArray(pending.map((row) => row.seq));
  const positions = bareArray(pending.map((_, index) => head + index + 1));
  const newHead = head + pending.length;
  const [stamped] = await Promise.all([
    tx.execute(sql`/* stampPendingEvents */
      update events set pos = pending.pos
      from unnest(${customerIds}::uuid[], ${seqs}::bigint[], ${positions}::bigint[]) as pending (customer_id, seq, pos)
      where events.customer_id = pending.customer_id and events.seq = pending.seq and events.pos is null`),
    tx.execute(sql`/* raiseFeedHead */ update feed_head set head = ${newHead}::bigint where id = 1`),
  ]);
  // Someone deleted a pending event: rolling back leaves no hole, and the next round sees the table as it is.
  if (stamped.count !== pending.length)
    throw new Error("pending events changed while they were being stamped");
  return newHead;
}

/**
 * Settings of the stamping session. Idle limits: the server ends the session, and with it its locks, when our process is
 * frozen. Planner: without fresh statistics it would read and sort all pending events for every batch, which makes a large
 * import quadratic; index scans in order are always right here.
 */
export async function prepareStampingSession(session: Queryable, idleMs: number): Promise<void> {
  const settings = {
    idle_session_timeout: String(idleMs),
    idle_in_transaction_session_timeout: String(idleMs),
    enable_seqscan: "off",
    enable_bitmapscan: "off",
    enable_sort: "off",
    enable_hashjoin: "off",
    enable_mergejoin: "off",
  };
  await session.execute(sql`/* prepareStampingSession */
    select set_config(key, value, false) from json_each_text(${JSON.stringify(settings)}::text::json)`);
}

/** Takes the lock if it is free; it belongs to the session and ends with it. */
export async function tryLeaderLock(session: Queryable, key: number): Promise<boolean> {
  const rows = await session.execute<{ held: boolean }>(
    sql`/* tryLeaderLock */ select pg_try_advisory_lock(${key}::bigint) as held`,
  );
  return rows[0]!.held;
}
