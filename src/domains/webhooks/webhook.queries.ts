import { and, eq, getTableColumns, type SQL, sql } from "drizzle-orm";
import { feedHead } from "#schema/events.js";
import { type WebhookRow, webhooks } from "#schema/webhooks.js";
import type { Caller } from "../../platform/access/caller.js";
import { type KeyOwner, ownerOf } from "../../platform/access/key-owners.js";
import type { Queryable, Tx } from "../../platform/database/database.js";
import type { Listing, ListRequest } from "../../platform/database/page.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import type { Id } from "../../platform/ids.js";
import { count, page, type Reads } from "../../platform/reads/reads.js";
import { deliveriesOfWebhook, pendingOfWebhook } from "./delivery.queries.js";

/** All webhooks, the newest first. `keyId` is for `ofCaller`: clients cannot ask for it. */
export const webhookListing: Listing = {
  table: webhooks,
  order: [orderKey("createdAt", webhooks.createdAt, "DESC"), orderKey("id", webhooks.id, "DESC")],
  sort: { CREATED_AT: ["createdAt", webhooks.createdAt], URL: ["url", webhooks.url] },
  filter: {
    id: webhooks.id,
    keyId: webhooks.keyId,
    url: webhooks.url,
    status: webhooks.status,
    createdAt: webhooks.createdAt,
  },
};

export const webhookReads: Reads = {
  Webhook: { deliveries: page(deliveriesOfWebhook), pendingDeliveryCount: count(pendingOfWebhook) },
};

/** The request, kept to what the caller may see: the admin key sees all, another key its own. */
export function ofCaller(caller: Caller, request: ListRequest): ListRequest {
  const owner = ownerOf(caller);
  if (owner === null) return request;
  const own = owner ? { keyId: { eq: owner } } : { id: { in: [] } };
  return { ...request, where: { and: [request.where ?? {}, own] } };
}

/** The same for one statement. */
function owned(caller: Caller): SQL {
  const owner = ownerOf(caller);
  if (owner === null) return sql`true`;
  return owner ? eq(webhooks.keyId, owner) : sql`false`;
}

/** A webhook of the caller's; undefined also for one of somebody else. */
export async function selectWebhook(
  db: Queryable,
  caller: Caller,
  id: Id<"webhook">,
): Promise<WebhookRow | undefined> {
  const [row] = await db
    .select()
    .from(webhooks)
    .where(and(eq(webhooks.id, id), owned(caller)));
  return row;
}

export async function lockWebhook(
  tx: Tx,
  caller: Caller,
  id: Id<"webhook">,
): Promise<(WebhookRow & { placeIsKept: boolean }) | undefined> {
  const [row] = await tx
    .select({
      ...getTableColumns(webhooks),
      placeIsKept: sql<boolean>`(select f.epoch = webhooks.epoch and webhooks.pos + 1 >= f.min_pos from feed_head f)`,
    })
    .from(webhooks)
    .where(and(eq(webhooks.id, id), owned(caller)))
    .for("update");
  return row;
}

/** Counts and inserts of one owner queue here, so that the bound on their number holds. */
export async function lockOwner(tx: Tx, keyId: KeyOwner): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`webhooks of ${keyId}`}, 0))`);
}

export async function countWebhooksOf(tx: Tx, keyId: KeyOwner): Promise<number> {
  return tx.$count(webhooks, keyId === null ? sql`${webhooks.keyId} is null` : eq(webhooks.keyId, keyId));
}

/** Where the feed ends now: what is recorded from here on is new. */
const feedEnd = {
  pos: sql`(select ${feedHead.head} from ${feedHead})`,
  epoch: sql`(select ${feedHead.epoch} from ${feedHead})`,
};

type NewWebhook = Pick<WebhookRow, "id" | "keyId" | "url" | "description" | "document" | "types" | "secret">;

export async function insertWebhook(tx: Tx, webhook: NewWebhook): Promise<WebhookRow> {
  const [row] = await tx
    .insert(webhooks)
    .values({ ...webhook, ...feedEnd })
    .returning();
  return row as WebhookRow;
}

export async function updateWebhookRow(
  tx: Tx,
  caller: Caller,
  id: Id<"webhook">,
  changes: Partial<Pick<WebhookRow, "url" | "description" | "document" | "types">>,
): Promise<WebhookRow | undefined> {
  const [row] = await tx
    .update(webhooks)
    .set({ ...changes, updatedAt: sql`now()` as never })
    .where(and(eq(webhooks.id, id), owned(caller)))
    .returning();
  return row;
}

export async function deleteWebhookRow(tx: Tx, caller: Caller, id: Id<"webhook">): Promise<boolean> {
  const gone = await tx
    .delete(webhooks)
    .where(and(eq(webhooks.id, id), owned(caller)))
    .returning({ id: webhooks.id });
  return gone.length > 0;
}

/** The present secret becomes the previous one and signs on for that long. */
export async function replaceSecret(
  tx: Tx,
  caller: Caller,
  id: Id<"webhook">,
  next: { secret: string; overlapMs: number },
): Promise<WebhookRow | undefined> {
  const [row] = await tx
    .update(webhooks)
    .set({
      previousSecret: sql`${webhooks.secret}`,
      previousSecretUntil: sql`now() + ${next.overlapMs}::bigint * interval '1 ms'`,
      secret: next.secret,
      updatedAt: sql`now()`,
    })
    .where(and(eq(webhooks.id, id), owned(caller)))
    .returning();
  return row;
}

/** The caller holds the row's lock. `skip`: begins at the feed's present end. */
export async function activateWebhook(tx: Tx, id: Id<"webhook">, skip: boolean): Promise<WebhookRow> {
  const [row] = await tx
    .update(webhooks)
    .set({
      status: "ACTIVE",
      statusReason: null,
      statusChangedAt: sql`now()`,
      failuresInRow: 0,
      exhaustedInRow: 0,
      ...(skip && feedEnd),
    })
    .where(eq(webhooks.id, id))
    .returning();
  return row as WebhookRow;
}
