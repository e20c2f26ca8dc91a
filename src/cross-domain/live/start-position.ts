import type { Id } from "#schema/columns.js";
import type { Queryable } from "../../platform/database/database.js";
import { type Cursor, type CustomerCursor, decodeCursor, type FeedCursor, LiveError } from "./cursor.js";
import type { FeedLog } from "./feed-log.js";
import { selectCustomerPlace, selectEventPlace, selectSeqAtPosition } from "./live.queries.js";

/**
 * The position after which a feed stream starts; without a cursor the node's head. Throws a LiveError for a cursor that
 * cannot be kept.
 */
export async function feedStart(
  db: Queryable,
  log: FeedLog,
  after: string | null,
  signal: AbortSignal,
): Promise<number> {
  if (after === null) return log.head;
  const cursor = read(log, after);
  if (cursor.kind === "feed") return reachable(log, cursor);
  // Number 0 names no event, so it has no place in the feed.
  if (cursor.seq === 0) throw new LiveError("BAD_CURSOR");
  return reachable(log, { pos: await positionOf(db, log, cursor, signal) });
}

/** An event that was just written gets its position within milliseconds: it is waited for. */
async function positionOf(
  db: Queryable,
  log: FeedLog,
  { customerId, seq }: CustomerCursor,
  signal: AbortSignal,
): Promise<number> {
  for (;;) {
    const head = log.head; // before the statement: an event it finds without a position gets a later one than this
    const place = await selectEventPlace(db, customerId, seq);
    if (!place) throw new LiveError("BAD_CURSOR");
    if (seq > place.customerSeq) throw new LiveError("CURSOR_AHEAD");
    if (!place.kept) throw new LiveError("CURSOR_EXPIRED");
    if (place.pos !== null) return place.pos;
    if (signal.aborted || !log.isOpen()) return head;
    await log.changed(head, signal);
  }
}

/** The number of the event after which a customer's stream starts; without a cursor, that of the last one. */
export async function customerStart(
  db: Queryable,
  log: FeedLog,
  customerId: Id<"customer">,
  after: string | null,
): Promise<number> {
  const cursor = after === null ? null : read(log, after);
  if (cursor?.kind === "customer" && cursor.customerId !== customerId) throw new LiveError("BAD_CURSOR");
  if (cursor?.kind === "feed") {
    const place = await selectSeqAtPosition(db, customerId, await reachable(log, cursor));
    const { seq, minPos } = place ?? noSuchCustomer(customerId);
    // What is reachable in memory may be gone from the table, and may have gone since it was looked for.
    if (cursor.pos + 1 < minPos) throw new LiveError("CURSOR_EXPIRED");
    return seq;
  }
  const place = (await selectCustomerPlace(db, customerId, cursor?.seq ?? 0)) ?? noSuchCustomer(customerId);
  if (!cursor) return place.seq;
  if (cursor.seq > place.seq) throw new LiveError("CURSOR_AHEAD");
  if (cursor.seq < place.seq && place.nextSeq !== cursor.seq + 1) throw new LiveError("CURSOR_EXPIRED");
  return cursor.seq;
}

function read(log: FeedLog, text: string): Cursor {
  const cursor = decodeCursor(text);
  if (!cursor) throw new LiveError("BAD_CURSOR");
  if (cursor.epoch !== log.epoch) throw new LiveError("CURSOR_EPOCH");
  return cursor;
}

/** The position, if the log still has what follows it. What is in memory needs no look into the table. */
async function reachable(log: FeedLog, { pos }: Pick<FeedCursor, "pos">): Promise<number> {
  if (pos >= log.tail && pos <= log.head) return pos;
  const { epoch, head, minPos } = await log.readHead();
  if (epoch !== log.epoch) throw new LiveError("CURSOR_EPOCH");
  if (pos > head) throw new LiveError("CURSOR_AHEAD");
  if (pos + 1 < minPos) throw new LiveError("CURSOR_EXPIRED");
  return pos;
}

function noSuchCustomer(customerId: Id<"customer">): never {
  throw new Error(`${customerId} has a stream, but does not exist`);
}
