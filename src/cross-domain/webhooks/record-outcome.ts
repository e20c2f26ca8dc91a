import { parkAfterExhausted, retryWaitsMs, waitAfter } from "../../domains/webhooks/delivery.rules.js";
import { type Claimed, endAttempt } from "../../domains/webhooks/delivery-attempt.queries.js";
import { countFailure, endFailures, stopWebhook } from "../../domains/webhooks/webhook-progress.queries.js";
import type { Tx } from "../../platform/database/database.js";
import type { Outcome } from "./attempt.js";

export interface RetryOptions {
  /** Waits between attempts; Standard Webhooks' when left out. */
  waitsMs?: readonly number[];
  /** From 0 to 1; spreads the waits. */
  random?: () => number;
}

/** How soon what could not be attempted is tried again: an event that is not here yet, a database that is away. */
const postponedMs = 2_000;

/** Writes down how an attempt went, for the delivery and its webhook; nothing when the claim was lost meanwhile. */
export async function recordOutcome(
  tx: Tx,
  claimed: Claimed,
  outcome: Outcome,
  { waitsMs = retryWaitsMs, random = Math.random }: RetryOptions,
): Promise<void> {
  const { webhookId, eventId, attempts, kind } = claimed;
  if (outcome.kind === "EXPIRED") {
    await endAttempt(tx, claimed, { status: "EXPIRED", waitMs: null, attempted: null });
    return;
  }
  if (outcome.kind === "STOPPED") {
    const stop = { status: "DISABLED", statusReason: outcome.reason } as const;
    if (await endAttempt(tx, claimed, stoppedEnding(eventId))) await stopWebhook(tx, webhookId, stop);
    return;
  }
  const { statusCode, error, durationMs } = outcome;
  const attempted = { lastStatusCode: statusCode, lastError: error, lastDurationMs: durationMs };
  if (outcome.kind === "ACCEPTED") {
    const ended = await endAttempt(tx, claimed, { status: "DELIVERED", waitMs: null, attempted });
    // A sound webhook that failed meanwhile is tried once more by itself before it counts as sound again.
    if (ended && kind === "worn") await endFailures(tx, webhookId);
    return;
  }
  // A test is sent once.
  const retried = outcome.kind === "FAILED" && eventId !== null;
  const waitMs = retried ? waitAfter(attempts, random(), waitsMs) : null;
  const status = waitMs === null ? "FAILED" : "PENDING";
  if (!(await endAttempt(tx, claimed, { status, waitMs, attempted }))) return;
  if (outcome.kind === "GONE") await stopWebhook(tx, webhookId, { status: "DISABLED", statusReason: "GONE" });
  else if (eventId !== null)
    await countFailure(tx, webhookId, { exhausted: waitMs === null, parkAt: parkAfterExhausted });
}

/** Nothing was sent, for a reason that is not the receiver's: soon again, and the attempt does not count. */
export async function postpone(tx: Tx, claimed: Claimed, waitMs = postponedMs): Promise<void> {
  await endAttempt(tx, claimed, { status: "PENDING", waitMs, attempted: null });
}

/** What waits for the webhook goes on waiting; a test does not. */
function stoppedEnding(eventId: Claimed["eventId"]) {
  return eventId === null
    ? ({ status: "FAILED", waitMs: null, attempted: null } as const)
    : ({ status: "PENDING", waitMs: 0, attempted: null } as const);
}
