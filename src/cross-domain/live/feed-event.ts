import type { Id, IdKind } from "#schema/columns.js";
import type { EventRow } from "#schema/events.js";
import { subjectKindOf } from "../../platform/events/events.js";
import { toId } from "../../platform/ids.js";
import { encodeFeedCursor } from "./cursor.js";
import type { LoggedRow } from "./live.queries.js";

/** An event as streams deliver it. */
export interface FeedEvent extends Omit<EventRow, "ord" | "pos" | "subjectId"> {
  pos: number;
  /** The kind of the row the event is about; null where that is the customer. */
  subjectKind: IdKind | null;
  subjectId: Id<IdKind> | null;
  /** Where a stream of the same kind resumes after this event. */
  cursor: string;
}

/** Built once per event and node, then shared by all streams. */
export function toFeedEvent({ epoch, minPos: _, subjectId, ...row }: LoggedRow): FeedEvent {
  const subjectKind = subjectKindOf(row.type);
  return {
    ...row,
    subjectKind,
    subjectId: subjectKind && subjectId ? toId(subjectKind, subjectId) : null,
    cursor: encodeFeedCursor(epoch, row.pos),
  };
}

/** An event of who was erased, as the log has it then (`personal-events.ts`). */
export function erasedEvent(event: FeedEvent): FeedEvent {
  const { recordedAt } = event;
  return {
    ...event,
    type: "EVENT_ERASED",
    subjectKind: null,
    subjectId: null,
    payload: null,
    occurredAt: recordedAt,
  };
}
