import { v7 } from "uuid";
import type { WebhookDeliveryRow } from "#schema/webhooks.js";
import type { Caller } from "../../platform/access/caller.js";
import type { Database } from "../../platform/database/database.js";
import { ApiError, type Refusal } from "../../platform/errors.js";
import { type Id, newId, requireId, toId } from "../../platform/ids.js";
import { maxPageSize } from "../../platform/limits.js";
import {
  deleteDeliveriesBefore,
  insertDeliveries,
  restartDeliveries,
  selectDelivery,
} from "./delivery.queries.js";
import { notFound, type WebhookServices } from "./webhook.actions.js";
import { lockWebhook, selectWebhook } from "./webhook.queries.js";

/** Deliveries made due again by one call: one statement of about a tenth of a second. */
const maxRestarted = 10_000;
/** How long the log is kept. Longer than events are, so that it tells what became of each. */
const keptMs = 30 * 24 * 60 * 60 * 1_000;
/** Old deliveries removed in one transaction. */
const deletedAtOnce = 1_000;

/** A delivery of one of the caller's webhooks; null also for one of somebody else. */
export async function readDelivery(db: Database["read"], caller: Caller, id: Id<"webhookDelivery">) {
  const delivery = await selectDelivery(db, id);
  return delivery && (caller.keyId === "admin" || delivery.ownerKeyId === caller.keyId) ? delivery : null;
}

/** Sends a test to the endpoint, whatever its status, once. */
export async function sendTest(
  { database, webhooks }: WebhookServices,
  caller: Caller,
  webhookId: Id<"webhook">,
): Promise<{ delivery: WebhookDeliveryRow } | { refusal: Refusal }> {
  const id = newId("webhookDelivery");
  const delivery = await database.transaction(async (tx) => {
    if (!(await lockWebhook(tx, caller, webhookId))) return null;
    await insertDeliveries(tx, [{ id, webhookId, eventId: null, eventType: null, pos: null }]);
    return selectDelivery(tx, id);
  });
  webhooks.poke();
  return delivery ? { delivery } : { refusal: notFound };
}

/** Sends deliveries again under the same `webhook-id`, from their first attempt on. */
export async function redeliver(
  { database, webhooks }: WebhookServices,
  caller: Caller,
  input: { id: Id<"webhook">; deliveryIds?: string[] | null; since?: string | null },
): Promise<{ count: number } | { refusal: Refusal }> {
  const { deliveryIds = null, since = null } = input;
  if ((deliveryIds === null) === (since === null)) return { refusal: oneOfBoth };
  if (deliveryIds && deliveryIds.length > maxPageSize)
    throw new ApiError("PAGE_TOO_LARGE", `deliveryIds may hold at most ${maxPageSize} ids.`, {
      argument: "deliveryIds",
    });
  const ids = deliveryIds?.map((id) => requireId("webhookDelivery", id, "deliveryIds")) ?? null;
  const count = await database.transaction(async (tx) => {
    if (!(await selectWebhook(tx, caller, input.id))) return null;
    return restartDeliveries(tx, { webhookId: input.id, ids, since, limit: maxRestarted });
  });
  webhooks.poke();
  return count === null ? { refusal: notFound } : { count };
}

/** Removes what has been in the log for longer than it is kept, a part at a time; true when there may be more. */
export async function removeOldDeliveries(database: Database, nowMs: number): Promise<boolean> {
  const oldest = toId("webhookDelivery", v7({ msecs: nowMs - keptMs, seq: 0, random: new Uint8Array(16) }));
  const removed = await database.transaction((tx) => deleteDeliveriesBefore(tx, oldest, deletedAtOnce));
  return removed === deletedAtOnce;
}

const oneOfBoth: Refusal = {
  code: "INVALID_VALUE",
  field: "since",
  message: "Give deliveryIds or since, one of both.",
};
