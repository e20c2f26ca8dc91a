import { and, asc, eq, gt, isNotNull, sql } from "drizzle-orm";
import type { Id } from "#schema/columns.js";
import { events, type FeedHeadRow, feedHead } from "#schema/events.js";
import type { Queryable } from "../../platform/database/database.js";
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
