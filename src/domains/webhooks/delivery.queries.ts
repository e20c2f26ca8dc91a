import { eq, inArray, sql } from "drizzle-orm";
import { type WebhookDeliveryRow, type WebhookRow, webhookDeliveries, webhooks } from "#schema/webhooks.js";
import type { Queryable, Tx } from "../../platform/database/database.js";
import { countsByParents, type Edge } from "../../platform/database/edge.js";
import type { Listing } from "../../platform/database/page.js";
import { bareArray, insertRows } from "../../platform/database/rows.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import { type Id, uuidOf } from "../../platform/ids.js";

type DeliveryId = Id<"webhookDelivery">;

/** A webhook's deliveries, the newest first. */
export const deliveriesOfWebhook: Listing = {
  table: webhookDeliveries,
  order: [orderKey("id", webhookDeliveries.id, "DESC")],
  sort: {
    CREATED_AT: ["createdAt", webhookDeliveries.createdAt],
    NEXT_ATTEMPT_AT: ["nextAttemptAt", webhookDeliveries.nextAttemptAt],
    LAST_ATTEMPT_AT: ["lastAttemptAt", webhookDeliveries.lastAttemptAt],
  },
  filter: {
    id: webhookDeliveries.id,
    eventId: webhookDeliveries.eventId,
    eventType: webhookDeliveries.eventType,
    status: webhookDeliveries.status,
    attempts: webhookDeliveries.attempts,
    lastStatusCode: webhookDeliveries.lastStatusCode,
    lastError: webhookDeliveries.lastError,
    createdAt: webhookDeliveries.createdAt,
  },
  parent: { table: webhooks, key: webhooks.id, on: [[webhookDeliveries.webhookId, webhooks.id]] },
};

export const pendingOfWebhook: Edge = {
  table: webhookDeliveries,
  on: [[webhookDeliveries.webhookId, webhooks.id]],
  always: eq(webhookDeliveries.status, "PENDING"),
};

export const selectPendingCounts = countsByParents<"webhook">("webhooks.pendingCounts", pendingOfWebhook);

export async function selectDelivery(
  db: Queryable,
  id: DeliveryId,
): Promise<(WebhookDeliveryRow & { ownerKeyId: WebhookRow["keyId"] }) | undefined> {
  const [row] = await db
    .select({ delivery: webhookDeliveries, ownerKeyId: webhooks.keyId })
    .from(webhookDeliveries)
    .innerJoin(webhooks, eq(webhooks.id, webhookDeliveries.webhookId))
    .where(eq(webhookDeliveries.id, id));
  return row && { ...row.delivery, ownerKeyId: row.ownerKeyId };
}

export type NewDelivery = Pick<WebhookDeliveryRow, "id" | "webhookId" | "eventId" | "eventType" | "pos">;

/** An event is written down once for each webhook: the unique key decides. */
export async function insertDeliveries(tx: Tx, rows: readonly NewDelivery[]): Promise<void> {
  await insertRows(tx, webhookDeliveries, rows, sql`on conflict (webhook_id, event_id) do nothing`);
}

export interface RedeliverRequest {
  webhookId: Id<"webhook">;
  ids: readonly DeliveryId[] | null;
  since: string | null;
  limit: number;
}

/** Makes deliveries due again, from their first attempt on; leaves alone those under way. Tells how many. */
export async function restartDeliveries(tx: Tx, request: RedeliverRequest): Promise<number> {
  const { webhookId, ids, since, limit } = request;
  const which = ids
    ? sql`id = any(${bareArray(ids.map(uuidOf))}::uuid[])`
    : sql`status in ('FAILED', 'DISCARDED') and created_at >= ${since}::timestamptz`;
  const { count } = await tx.execute(sql`/* restartDeliveries */
    update webhook_deliveries set status = 'PENDING', attempts = 0, next_attempt_at = now(), delivered_at = null
    where id in (select id from webhook_deliveries
      where webhook_id = ${uuidOf(webhookId)}::uuid and claim is null and ${which} order by id limit ${limit}::int for update)`);
  return count;
}

/** Gives up what is pending, a bounded number at once; tells how many. */
export async function discardPending(tx: Tx, webhookId: Id<"webhook">, limit: number): Promise<number> {
  const { count } = await tx.execute(sql`/* discardPendingDeliveries */
    update webhook_deliveries set status = 'DISCARDED', next_attempt_at = null, claim = null
    where id in (select id from webhook_deliveries
      where webhook_id = ${uuidOf(webhookId)}::uuid and status = 'PENDING' and event_id is not null
      limit ${limit}::int for update)`);
  return count;
}

/** Removes deliveries with smaller ids, so older ones, a bounded number at once; tells how many. */
export async function deleteDeliveriesBefore(tx: Tx, id: DeliveryId, limit: number): Promise<number> {
  const old = tx
    .select({ id: webhookDeliveries.id })
    .from(webhookDeliveries)
    .where(sql`${webhookDeliveries.id} < ${uuidOf(id)}::uuid`)
    .orderBy(webhookDeliveries.id)
    .limit(limit);
  const gone = await tx
    .delete(webhookDeliveries)
    .where(inArray(webhookDeliveries.id, old))
    .returning({ id: webhookDeliveries.id });
  return gone.length;
}
