import type { WebhookDeliveryRow } from "#schema/webhooks.js";
import { insertDeliveries } from "../../domains/webhooks/delivery.queries.js";
import {
  advanceWebhooks,
  parkLost,
  type RecordingWebhook,
  selectBehind,
  stopWebhook,
} from "../../domains/webhooks/webhook-progress.queries.js";
import type { Database } from "../../platform/database/database.js";
import { groupBy } from "../../platform/group.js";
import { newId } from "../../platform/ids.js";
import { LiveError } from "../live/cursor.js";
import type { Feed } from "../live/feed.js";
import type { FeedEvent } from "../live/feed-event.js";
import type { FeedLog } from "../live/feed-log.js";
import type { WebhookDocuments } from "./documents.js";
import { keepWanted } from "./wanted.js";

/** Events read for webhooks at one place in one step. */
const eventsAtOnce = 200;
/** Webhooks moved on in one transaction: with the events, at most ten thousand deliveries. */
const webhooksAtOnce = 50;

export interface WriteDownServices {
  database: Database;
  feed: Feed;
  documents: WebhookDocuments;
  /** A fault with one webhook; the others go on. */
  onFault: (error: unknown) => void;
}

/**
 * Writes down for each webhook what has come since it was looked at last: its deliveries and its new place in the feed in
 * one transaction, so that no event is missed or written twice. `more`: there is more at once; `met`: a webhook had news.
 */
export async function writeDownNews(services: WriteDownServices): Promise<{ more: boolean; met: boolean }> {
  const { database, feed } = services;
  const { log } = feed;
  const { epoch, head } = log;
  const behind = await selectBehind(database.read, { epoch, head });
  let more = false;
  await parkAll(
    database,
    behind.filter((webhook) => webhook.epoch !== epoch),
  );
  const byPlace = groupBy(
    behind.filter((webhook) => webhook.epoch === epoch),
    ({ pos }) => pos,
  );
  for (const [pos, webhooks] of byPlace) {
    const events = await eventsAfter(log, pos, () => parkAll(database, webhooks));
    if (events.length === 0) continue;
    const to = events.at(-1)?.pos ?? pos;
    for (let at = 0; at < webhooks.length; at += webhooksAtOnce) {
      const some = webhooks.slice(at, at + webhooksAtOnce);
      const moved = await moveOn(services, some, events, { epoch, from: pos, to });
      more ||= moved && to < head;
    }
  }
  return { more, met: behind.length > 0 };
}

/** The next events; none when the log no longer has them, or has ended. */
async function eventsAfter(log: FeedLog, pos: number, onExpired: () => Promise<void>): Promise<FeedEvent[]> {
  try {
    return await log.after(pos, eventsAtOnce);
  } catch (error) {
    if (!(error instanceof LiveError)) throw error;
    if (error.code === "CURSOR_EXPIRED") await onExpired();
    return [];
  }
}

async function parkAll(database: Database, webhooks: readonly RecordingWebhook[]): Promise<void> {
  for (const webhook of webhooks) await database.transaction((tx) => parkLost(tx, webhook));
}

/** True when at least one of them has moved. */
async function moveOn(
  services: WriteDownServices,
  webhooks: readonly RecordingWebhook[],
  events: readonly FeedEvent[],
  way: { epoch: string; from: number; to: number },
): Promise<boolean> {
  const wanted = new Map<RecordingWebhook["id"], readonly FeedEvent[]>();
  for (const webhook of webhooks) {
    const kept = await wantedOf(services, webhook, events).catch(services.onFault);
    if (kept) wanted.set(webhook.id, kept);
  }
  return services.database.transaction(async (tx) => {
    const moved = await advanceWebhooks(tx, [...wanted.keys()], way);
    const rows = [...wanted].flatMap(([id, kept]) => (moved.has(id) ? kept.map(deliveryOf(id)) : []));
    await insertDeliveries(tx, rows);
    return moved.size > 0;
  });
}

/** What a webhook wants of the events; undefined, and it is stopped, when its document is no longer accepted. */
async function wantedOf(
  { database, documents }: WriteDownServices,
  { id, document, types }: RecordingWebhook,
  events: readonly FeedEvent[],
): Promise<readonly FeedEvent[] | undefined> {
  const about = documents.wantedBy(document);
  if (about) {
    const ofTypes = types ? events.filter(({ type }) => types.includes(type)) : events;
    return keepWanted(database.read, about, ofTypes);
  }
  const stop = { status: "DISABLED", statusReason: "DOCUMENT_REFUSED" } as const;
  await database.transaction((tx) => stopWebhook(tx, id, stop));
  return undefined;
}

function deliveryOf(webhookId: WebhookDeliveryRow["webhookId"]) {
  return ({ id: eventId, type: eventType, pos }: FeedEvent) => ({
    id: newId("webhookDelivery"),
    webhookId,
    eventId,
    eventType,
    pos,
  });
}
