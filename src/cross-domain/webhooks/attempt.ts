import type { LookupFunction } from "node:net";
import { Webhook as Signer } from "standardwebhooks";
import type { WebhookDeliveryRow, WebhookRow } from "#schema/webhooks.js";
import { verdictOf } from "../../domains/webhooks/delivery.rules.js";
import type { Claimed } from "../../domains/webhooks/delivery-attempt.queries.js";
import type { Caller } from "../../platform/access/caller.js";
import { LiveError } from "../live/cursor.js";
import type { Feed } from "../live/feed.js";
import type { FeedEvent } from "../live/feed-event.js";
import type { WebhookDocuments } from "./documents.js";
import { type Posted, post } from "./post.js";

export interface AttemptServices {
  feed: Feed;
  documents: WebhookDocuments;
  lookup: LookupFunction;
  allowPrivate: boolean;
  timeoutMs: number;
}

/** How an attempt went. */
export type Outcome =
  | {
      kind: "ACCEPTED" | "FAILED" | "GONE";
      statusCode: number | null;
      error: WebhookDeliveryRow["lastError"];
      durationMs: number;
    }
  /** The event is no longer kept. */
  | { kind: "EXPIRED" }
  /** Nothing was sent and the webhook may not go on: its owner may not have this. */
  | { kind: "STOPPED"; reason: WebhookRow["statusReason"] };

/** How long an event that another node has written down may take to reach this one. */
const eventWaitMs = 5_000;
/** What the payload of a test says in place of a type of event. */
const testType = "WEBHOOK_TEST";

/**
 * One attempt at a delivery: what is sent is read and signed now, with what its owner may see now. Rejects, having sent
 * nothing, when that cannot be found out or the process stops.
 */
export async function attempt(
  services: AttemptServices,
  claimed: Claimed,
  owner: Caller | undefined,
  signal: AbortSignal,
): Promise<Outcome> {
  if (!owner) return { kind: "STOPPED", reason: "KEY_REVOKED" };
  const content = await contentOf(services, claimed, owner, signal);
  if ("kind" in content) return content;
  const started = performance.now();
  const message = {
    url: claimed.webhook.url,
    headers: headersOf(claimed, content.body, new Date()),
    body: content.body,
  };
  const posted = await post(message, { ...services, signal });
  return { ...resultOf(posted), durationMs: Math.round(performance.now() - started) };
}

async function contentOf(
  { feed, documents }: AttemptServices,
  { id, webhook, eventId, pos, createdAt }: Claimed,
  owner: Caller,
  signal: AbortSignal,
): Promise<{ body: string } | Outcome> {
  if (eventId === null || pos === null) {
    const data = { webhookId: webhook.id, deliveryId: id };
    return { body: JSON.stringify({ type: testType, timestamp: createdAt, data }) };
  }
  const event = await eventAt(feed, pos, signal);
  if (event?.id !== eventId) return { kind: "EXPIRED" };
  const shaped = await documents.shape(webhook.document, event, owner);
  if ("refusal" in shaped) return { kind: "STOPPED", reason: "DOCUMENT_REFUSED" };
  return { body: JSON.stringify({ type: event.type, timestamp: event.occurredAt, ...shaped }) };
}

/** The event in its place, once this node has read so far; null when it is no longer kept. */
async function eventAt(feed: Feed, pos: number, signal: AbortSignal): Promise<FeedEvent | null> {
  const { log } = feed;
  try {
    if (log.head < pos) await grownInTime(log, pos - 1, signal);
    const [event] = await log.after(pos - 1, 1);
    if (event) return event;
    // A log that was restored may end before it.
    if ((await log.readHead()).head < pos) return null;
    throw new Error(`this node has not read the event at ${pos} yet`);
  } catch (error) {
    if (error instanceof LiveError && error.code === "CURSOR_EXPIRED") return null;
    throw error;
  }
}

/** Not by AbortSignal.any: the signal lives as long as the process, and would keep an entry for every delivery (Node 20). */
async function grownInTime(log: Feed["log"], position: number, signal: AbortSignal): Promise<void> {
  const waiting = new AbortController();
  const stop = () => waiting.abort();
  const timer = setTimeout(stop, eventWaitMs);
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    await log.grown(position, waiting.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

/** As Standard Webhooks has them: one signature for each secret that signs now. */
function headersOf({ id, eventId, webhook }: Claimed, body: string, at: Date): Record<string, string> {
  const messageId = eventId ?? id;
  return {
    "content-type": "application/json",
    "user-agent": "customer-360-webhooks",
    "webhook-id": messageId,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": webhook.secrets
      .map((secret) => new Signer(secret).sign(messageId, at, body))
      .join(" "),
  };
}

function resultOf(posted: Posted) {
  if ("error" in posted) return { kind: "FAILED", statusCode: null, error: posted.error } as const;
  const { statusCode } = posted;
  const verdict = verdictOf(statusCode);
  if (verdict === "ACCEPTED") return { kind: verdict, statusCode, error: null } as const;
  if (verdict === "GONE") return { kind: verdict, statusCode, error: "HTTP_STATUS" } as const;
  return { kind: "FAILED", statusCode, error: verdict } as const;
}
