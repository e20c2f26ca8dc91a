import { and, asc, eq, gt, isNotNull, sql } from "drizzle-orm";
import type { Id } from "#schema/columns.js";
import { events, type FeedHeadRow, feedHead } from "#schema/events.js";
import type { Queryable, Tx } from "../../platform/database/database.js";
import { bareArray } from "../../platform/database/rows.js";
import { uuidOf } from "../../platform/ids.js";

/** Each row brings the epoch and bound of the snapshot it was read in: a log read can never mix two epochs. */
const loggedColumns = {
  customerId: events.customerId,
  seq: events.seq,
  pos: sql<number>`${events.pos}`.mapWith(events.pos),
  id: events.id,
  type: events.type,
  subjectId: events.subjectId,
  payload: events.payload,
  occurredAt: events.occurredAt,
  recordedAt: events.recordedAt,
  epoch: feedHead.epoch,
  minPos: feedHead.minPos,
};

export type LoggedRow = Awaited<ReturnType<LogQueries["page"]>>[number];
export type LogQueries = ReturnType<typeof prepareLogQueries>;

/** The statements of the read path, prepared once: they run for every batch of events on every node. */
export function prepareLogQueries(db: Queryable, onRead: () => void = () => {}) {
  const logged = () => db.select(loggedColumns).from(events).innerJoin(feedHead, eq(feedHead.id, 1));
  const page = logged()
    .where(gt(events.pos, sql.placeholder("after")))
    .orderBy(asc(events.pos))
    .limit(sql.placeholder("limit"))
    .prepare("live_page");
  const customerPage = logged()
    .where(
      and(
        eq(events.customerId, sql.placeholder("customerId")),
        gt(events.seq, sql.placeholder("after")),
        isNotNull(events.pos),
      ),
    )
    .orderBy(asc(events.seq))
    .limit(sql.placeholder("limit"))
    .prepare("live_customer_page");
  const counted = <T>(answer: T): T => {
    onRead();
    return answer;
  };
  const head = db.select().from(feedHead).where(eq(feedHead.id, 1)).prepare("live_head");
  return {
    /** Stamped events after the position, in feed order. */
    page: (after: number, limit: number) => counted(page.execute({ after, limit })),
    /** One customer's stamped events after the number, in order. */
    customerPage: (customerId: Id<"customer">, after: number, limit: number) =>
      counted(customerPage.execute({ customerId: uuidOf(customerId), after, limit })),
    head: async (): Promise<FeedHeadRow> => (await counted(head.execute()))[0]!,
  };
}

export interface CustomerPlace {
  /** Number of the customer's last event. */
  seq: number;
  /** The oldest event after the asked number that is still kept, stamped or not; null when there is none. */
  nextSeq: number | null;
}

/** Where a customer's log stands, seen from event number `after`: one snapshot of both. Undefined: no such customer. */
export async function selectCustomerPlace(
  db: Queryable,
  customerId: Id<"customer">,
  after: number,
): Promise<CustomerPlace | undefined> {
  const rows = await db.execute<{ seq: string; next_seq: string | null }>(sql`/* selectCustomerPlace */
    select c.seq, (select min(e.seq) from events e where e.customer_id = c.id and e.seq > ${after}::bigint) as next_seq
    from customers c where c.id = ${uuidOf(customerId)}::uuid`);
  return (
    rows[0] && {
      seq: Number(rows[0].seq),
      nextSeq: rows[0].next_seq === null ? null : Number(rows[0].next_seq),
    }
  );
}

export interface EventPlace {
  /** Number of the customer's last event. */
  customerSeq: number;
  /** False when the event is no longer kept, or does not exist yet. */
  kept: boolean;
  /** Null until the sequencer has stamped it. */
  pos: number | null;
}

/** Where in the feed one event of a customer is. Undefined: no such customer. */
export async function selectEventPlace(
  db: Queryable,
  customerId: Id<"customer">,
  seq: number,
): Promise<EventPlace | undefined> {
  const rows = await db.execute<{
    customer_seq: string;
    kept: boolean;
    pos: string | null;
  }>(sql`/* selectEventPlace */
    select c.seq as customer_seq, e.seq is not null as kept, e.pos
    from customers c left join events e on e.customer_id = c.id and e.seq = ${seq}::bigint
    where c.id = ${uuidOf(customerId)}::uuid`);
  const row = rows[0];
  return (
    row && {
      customerSeq: Number(row.customer_seq),
      kept: row.kept,
      pos: row.pos === null ? null : Number(row.pos),
    }
  );
}

export interface SeqAtPosition {
  /** The number of the customer's last event at or before the position. */
  seq: number;
  /** The feed's oldest kept position, in the same snapshot: below it the number would be a guess. */
  minPos: number;
}

/** Where a customer's log stood at a feed position. Undefined: no such customer. */
export async function selectSeqAtPosition(
  db: Queryable,
  customerId: Id<"customer">,
  pos: number,
): Promise<SeqAtPosition | undefined> {
  // The first choice walks back from the newest event, so a recent cursor reads a handful of index entries.
  const rows = await db.execute<{ seq: string; min_pos: string }>(sql`/* selectSeqAtPosition */
    select coalesce(
      (select e.seq from events e where e.customer_id = c.id and e.pos <= ${pos}::bigint order by e.seq desc limit 1),
      (select min(e.seq) - 1 from events e where e.customer_id = c.id),
      c.seq) as seq, feed_head.min_pos
    from customers c, feed_head where c.id = ${uuidOf(customerId)}::uuid and feed_head.id = 1`);
  return rows[0] && { seq: Number(rows[0].seq), minPos: Number(rows[0].min_pos) };
}

/** For how long the oldest pending event has been there, by the database's clock; 0 when nothing is pending. */
export async function selectPendingSeconds(db: Queryable): Promise<number> {
  const rows = await db.execute<{ seconds: string }>(sql`/* selectPendingEvents */
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
