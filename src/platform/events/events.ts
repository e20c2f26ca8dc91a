import { sql } from "drizzle-orm";
import type { Id, IdKind } from "#schema/columns.js";
import type { EventRow } from "#schema/events.js";
import type { Tx } from "../database/database.js";
import { newId, uuidOf } from "../ids.js";

export type EventType = EventRow["type"];

/** What an event of each type is about; null where that is the customer. The column stores the bare uuid. */
const subjectKinds = {
  CUSTOMER_CREATED: null,
  CUSTOMER_UPDATED: null,
  INTERACTION_RECORDED: "interaction",
  PURCHASE_RECORDED: "purchase",
  RETURN_RECORDED: "purchaseReturn",
  LOYALTY_ENTRY_RECORDED: "loyaltyEntry",
  TICKET_OPENED: "ticket",
  TICKET_CHANGED: "ticket",
  FEEDBACK_RECORDED: "feedback",
  CONSENT_RECORDED: "consent",
  CUSTOMER_MERGED: null,
  CUSTOMER_ABSORBED: null,
  CUSTOMER_ERASED: null,
} as const satisfies Record<EventType, IdKind | null>;

type SubjectId<K> = K extends IdKind ? Id<K> : null;

/** An event to append: its type decides the kind of its subject. */
export type NewEvent = {
  [T in EventType]: {
    customerId: Id<"customer">;
    type: T;
    subjectId: SubjectId<(typeof subjectKinds)[T]> | null;
    payload?: Record<string, unknown> | null;
    /** RFC 3339. */
    occurredAt: string;
  };
}[EventType];

export interface AppendedEvent {
  customerId: Id<"customer">;
  seq: number;
  id: Id<"event">;
}

export function subjectKindOf(type: EventType): IdKind | null {
  return subjectKinds[type];
}

/**
 * Writes the events in list order, numbered on from each customer's `seq`, and moves the numbers on in `seqs` and in the
 * table. The caller holds the customers' row locks and read `seqs` under them: that makes the numbers contiguous. A fault
 * when it did not.
 */
export async function appendEvents(
  tx: Tx,
  newEvents: readonly NewEvent[],
  seqs: Map<Id<"customer">, number>,
): Promise<AppendedEvent[]> {
  if (newEvents.length === 0) return [];
  const before = new Map<Id<"customer">, number>();
  const appended = newEvents.map(({ customerId }) => {
    const seq = seqs.get(customerId);
    if (seq === undefined) throw new Error(`${customerId} gets an event, but its row was not locked`);
    if (!before.has(customerId)) before.set(customerId, seq);
    seqs.set(customerId, seq + 1);
    return { customerId, seq: seq + 1, id: newId("event") };
  });
  await insertEvents(tx, newEvents, appended);
  await raiseSeqs(tx, before, seqs);
  return appended;
}

/** One statement; `ord` is drawn in list order, because the default is evaluated after the sort. */
async function insertEvents(tx: Tx, newEvents: readonly NewEvent[], appended: readonly AppendedEvent[]) {
  const rows = newEvents.map((event, index) => ({
    customer_id: uuidOf(event.customerId),
    seq: appended[index]!.seq,
    id: uuidOf(appended[index]!.id),
    type: event.type,
    subject_id: event.subjectId && uuidOf(event.subjectId),
    payload: event.payload ?? null,
    occurred_at: event.occurredAt,
  }));
  await tx.execute(sql`/* appendEvents */
    insert into events (customer_id, seq, id, type, subject_id, payload, occurred_at)
    select customer_id, seq, id, type, subject_id, payload, occurred_at
    from rows from (json_to_recordset(${JSON.stringify(rows)}::text::json) as (customer_id uuid, seq bigint, id uuid,
      type event_type, subject_id uuid, payload jsonb, occurred_at timestamptz)) with ordinality
    order by ordinality`);
}

/** One statement; it finds each row as the caller read it, or the caller did not hold the lock. */
async function raiseSeqs(tx: Tx, before: ReadonlyMap<Id<"customer">, number>, seqs: Map<string, number>) {
  const rows = [...before].map(([id, seq]) => ({ id: uuidOf(id), before: seq, seq: seqs.get(id) }));
  const { count } = await tx.execute(sql`/* raiseSeqs */
    update customers set seq = raised.seq
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as raised (id uuid, before bigint, seq bigint)
    where customers.id = raised.id and customers.seq = raised.before`);
  if (count !== rows.length)
    throw new Error("customers changed between reading their seq and appending events");
}
