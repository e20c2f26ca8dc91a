import type { TicketEventRow, TicketRow } from "#schema/tickets.js";
import { compareInstants } from "../../platform/time.js";

type Status = TicketRow["status"];
type Told = "priority" | "subject" | "category" | "channel" | "assignee" | "slaMet";

/** One event as the fold reads it; what it says nothing about is null. */
export type TicketStep = Pick<
  TicketEventRow,
  "id" | "occurredAt" | "revision" | "kind" | "status" | "team" | "reopenCount" | Told
>;

/** Everything about a ticket that follows from its events. */
export type TicketState = Pick<
  TicketRow,
  | "status"
  | "team"
  | "openedAt"
  | "firstRepliedAt"
  | "solvedAt"
  | "closedAt"
  | "reopenCount"
  | "transferCount"
  | "updatedAt"
  | Told
>;

/**
 * The state of a ticket: its events folded in the order they happened, whatever the order they came in. Of each field the
 * latest word holds; a ticket that nobody gave a status or priority is NEW and NORMAL. Reopenings are counted, unless the
 * source counts them itself. Needs at least one event.
 */
export function ticketStateOf(steps: readonly TicketStep[]): TicketState {
  const ordered = steps.toSorted(inOrder);
  const { occurredAt: openedAt } = ordered[0] as TicketStep;
  const state: TicketState = { ...unsaid, openedAt, updatedAt: openedAt };
  for (const step of ordered) {
    if (step.status) moveTo(state, step.status, step.occurredAt);
    if (step.team !== null) handTo(state, step.team);
    if (step.kind === "REPLIED") state.firstRepliedAt ??= step.occurredAt;
    state.priority = step.priority ?? state.priority;
    state.subject = step.subject ?? state.subject;
    state.category = step.category ?? state.category;
    state.channel = step.channel ?? state.channel;
    state.assignee = step.assignee ?? state.assignee;
    state.slaMet = step.slaMet ?? state.slaMet;
    state.updatedAt = step.occurredAt;
  }
  const told = ordered.findLast((step) => step.reopenCount !== null);
  return { ...state, reopenCount: told?.reopenCount ?? state.reopenCount };
}

/** The status that an event of this kind brings where its source names none. */
export function impliedStatus(kind: TicketEventRow["kind"]): Status | null {
  if (kind === "REOPENED") return "OPEN";
  return kind === "SOLVED" || kind === "CLOSED" ? kind : null;
}

const unsaid = {
  status: "NEW",
  priority: "NORMAL",
  subject: null,
  category: null,
  channel: null,
  assignee: null,
  team: null,
  slaMet: null,
  firstRepliedAt: null,
  solvedAt: null,
  closedAt: null,
  reopenCount: 0,
  transferCount: 0,
} as const;

function isDone(status: Status): boolean {
  return status === "SOLVED" || status === "CLOSED";
}

/** SOLVED and CLOSED are both done: going from one to the other neither solves again nor reopens. */
function moveTo(state: TicketState, to: Status, at: string): void {
  const from = state.status;
  if (isDone(from) && !isDone(to)) state.reopenCount += 1;
  if (!isDone(to)) state.solvedAt = null;
  else if (!isDone(from)) state.solvedAt = at;
  if (to !== "CLOSED") state.closedAt = null;
  else if (from !== "CLOSED") state.closedAt = at;
  state.status = to;
}

/** The first team is an assignment, every change after it a transfer. */
function handTo(state: TicketState, team: string): void {
  if (state.team !== null && state.team !== team) state.transferCount += 1;
  state.team = team;
}

function inOrder(a: TicketStep, b: TicketStep): number {
  return compareInstants(a.occurredAt, b.occurredAt) || a.revision - b.revision || (a.id < b.id ? -1 : 1);
}
