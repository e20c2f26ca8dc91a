import { sql } from "drizzle-orm";
import type { Id, IdKind } from "#schema/columns.js";
import { type EventRow, events } from "#schema/events.js";
import type { Tx } from "../database/database.js";
import { bareArray, insertRows } from "../database/rows.js";
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
  EVENT_ERASED: null,
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
  await Promise.all([insertEvents(tx, newEvents, appended), raiseSeqs(tx, before, seqs)]);
  return appended;
}

/** One statement; `ord` is drawn in list order, because rows are inserted in the order given. */
async function insertEvents(tx: Tx, newEvents: readonly NewEvent[], appended: readonly AppendedEvent[]) {
  const rows = newEvents.map((event, index) => ({
    customerId: event.customerId,
    seq: appended[index]!.seq,
    id: appended[index]!.id,
    type: event.type,
    subjectId: event.subjectId && uuidOf(event.subjectId),
    payload: event.payload ?? null,
    occurredAt: event.occurredAt,
  }));
  await insertRows(tx, events, rows);
}

/** One statement; it finds each row as the caller read it, or the caller did not hold the lock. */
async function raiseSeqs(tx: Tx, before: ReadonlyMap<Id<"customer">, number>, seqs: Map<string, number>) {
  const raised = [...before];
  const { count } = await tx.execute(sql`/* raiseSeqs */
    update customers set seq = raised.seq
    from unnest(${bareArray(raised.map(([id]) => uuidOf(id)))}::uuid[], ${bareArray(raised.map(([, seq]) => seq))}::bigint[],
      ${bareArray(raised.map(([id]) => seqs.get(id)!))}::bigint[]) as raised (id, before, seq)
    where customers.id = raised.id and customers.seq = raised.before`);
  if (count !== raised.length)
    throw new Error("customers changed between reading their seq and appending events");
}
