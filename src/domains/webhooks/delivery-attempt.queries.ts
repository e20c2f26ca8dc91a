import { type SQL, sql } from "drizzle-orm";
import { instantFromDatabase } from "#schema/columns.js";
import { type WebhookDeliveryRow, type WebhookRow, webhookDeliveries } from "#schema/webhooks.js";
import type { Tx } from "../../platform/database/database.js";
import { bareArray } from "../../platform/database/rows.js";
import { type Id, toId, uuidOf } from "../../platform/ids.js";
import type { NewDelivery } from "./delivery.queries.js";

/** A delivery that this process may attempt, with all that takes. */
export interface Claimed extends NewDelivery {
  kind: ClaimKind;
  attempts: number;
  createdAt: string;
  claim: string;
  webhook: Pick<WebhookRow, "id" | "keyId" | "url" | "document"> & {
    /** The present secret, and the one before it while it signs too. */
    secrets: readonly string[];
  };
}

/** Deliveries of sound webhooks, of worn ones (their last attempt failed), and tests of any webhook. */
export type ClaimKind = "sound" | "worn" | "tests";

export interface ClaimRequest {
  /** How many of each kind. */
  limits: Readonly<Record<ClaimKind, number>>;
  /** How many of one webhook, those under way here included. */
  perWebhook: Readonly<Record<ClaimKind, number>>;
  underWay: ReadonlyMap<Id<"webhook">, number>;
  /** How many of all webhooks of one key, and how many of each kind are under way here. */
  perKey: Readonly<Record<ClaimKind, number>>;
  underWayOfKeys: Readonly<Record<ClaimKind, ReadonlyMap<WebhookRow["keyId"], number>>>;
  leaseMs: number;
  claim: string;
}

/**
 * Takes deliveries that are due: counts an attempt and moves them out of reach for the lease. Row locks decide between
 * nodes, and none is held while a receiver is waited for.
 */
export async function claimDeliveries(tx: Tx, request: ClaimRequest): Promise<Claimed[]> {
  const { claim, leaseMs } = request;
  const rows = await tx.execute<Record<string, never>>(sql`/* claimDeliveries */
    with due as ((${due("tests", sql`d.event_id is null`, sql`true`, request)})
      union all (${due("sound", sql`d.event_id is not null`, sql`w.status = 'ACTIVE' and w.failures_in_row = 0`, request)})
      union all (${due("worn", sql`d.event_id is not null`, sql`w.status = 'ACTIVE' and w.failures_in_row > 0`, request)}))
    update webhook_deliveries d set attempts = d.attempts + 1, claim = ${claim}::uuid,
      next_attempt_at = now() + ${leaseMs}::int * interval '1 ms'
    from due join webhooks w on w.id = due.webhook_id where d.id = due.id
    returning due.kind, d.id, d.webhook_id, d.event_id, d.event_type, d.pos, d.attempts, d.created_at,
      w.key_id, w.url, w.document, w.secret,
      case when w.previous_secret_until > now() then w.previous_secret end as previous_secret`);
  return rows.map((row) => claimedOf(row, claim));
}

/**
 * Keys take turns, and within a key its webhooks: who has a million due, or holds places for long, takes none that somebody
 * with fewer under way could have.
 */
function due(kind: ClaimKind, deliveries: SQL, webhooksOfKind: SQL, request: ClaimRequest): SQL {
  const { limits, perWebhook, perKey, underWay, underWayOfKeys } = request;
  const ids = bareArray([...underWay.keys()].map(uuidOf));
  const counts = bareArray([...underWay.values()]);
  const ofKeys = underWayOfKeys[kind];
  const keys = bareArray([...ofKeys.keys()].map((key) => (key === null ? noKey : uuidOf(key))));
  const countsOfKeys = bareArray([...ofKeys.values()]);
  return sql`select ${kind} as kind, id, webhook_id from (
    select found.id, webhook_id, next_attempt_at, coalesce(busy.deliveries, 0)
      + row_number() over (partition by key_id order by turn, next_attempt_at) as turn
    from (select d.id, d.webhook_id, d.next_attempt_at, coalesce(w.key_id, ${noKey}::uuid) as key_id,
        coalesce(busy.deliveries, 0)
          + row_number() over (partition by d.webhook_id order by d.next_attempt_at) as turn
      from webhooks w
      left join unnest(${ids}::uuid[], ${counts}::int[]) as busy (id, deliveries) on busy.id = w.id
      cross join lateral (
        select d.id, d.webhook_id, d.next_attempt_at from webhook_deliveries d
        where d.webhook_id = w.id and d.status = 'PENDING' and ${deliveries} and d.next_attempt_at <= now()
        order by d.next_attempt_at limit greatest(${perWebhook[kind]}::int - coalesce(busy.deliveries, 0), 0)
        for update skip locked) d
      where ${webhooksOfKind}) found
    left join unnest(${keys}::uuid[], ${countsOfKeys}::int[]) as busy (id, deliveries) on busy.id = key_id) turns
    where turn <= ${perKey[kind]}::int order by turn, next_attempt_at limit ${limits[kind]}::int`;
}

/** Stands for the admin key where keys are compared: no key has this id. */
const noKey = "00000000-0000-0000-0000-000000000000";

function claimedOf(row: Record<string, string | null>, claim: string): Claimed {
  const webhookId = toId("webhook", row.webhook_id as string);
  return {
    kind: row.kind as ClaimKind,
    id: toId("webhookDelivery", row.id as string),
    webhookId,
    eventId: row.event_id ? toId("event", row.event_id) : null,
    eventType: row.event_type as Claimed["eventType"],
    pos: row.pos == null ? null : Number(row.pos),
    attempts: Number(row.attempts),
    createdAt: instantFromDatabase(row.created_at as string),
    claim,
    webhook: {
      id: webhookId,
      keyId: row.key_id ? toId("apiKey", row.key_id) : null,
      url: row.url as string,
      document: row.document as string,
      secrets: [row.secret, row.previous_secret].filter((secret) => secret != null),
    },
  };
}

type Attempted = Pick<WebhookDeliveryRow, "lastStatusCode" | "lastError" | "lastDurationMs">;

export interface Ending {
  status: WebhookDeliveryRow["status"];
  /** When it is tried again; null when it is over. */
  waitMs: number | null;
  /** Null when nothing was sent: then the attempt does not count. */
  attempted: Attempted | null;
}

/** Says how an attempt ended; false, and nothing written, when the claim was lost meanwhile. */
export async function endAttempt(tx: Tx, { id, claim }: Claimed, ending: Ending): Promise<boolean> {
  const { status, waitMs, attempted } = ending;
  const ended = await tx
    .update(webhookDeliveries)
    .set({
      status,
      claim: null,
      nextAttemptAt: waitMs === null ? null : sql`now() + ${waitMs}::bigint * interval '1 ms'`,
      ...(attempted
        ? { ...attempted, lastAttemptAt: sql`now()` as never }
        : { attempts: sql`${webhookDeliveries.attempts} - 1` as never }),
      ...(status === "DELIVERED" && { deliveredAt: sql`now()` as never }),
    })
    .where(
      sql`${webhookDeliveries.id} = ${uuidOf(id)}::uuid and ${webhookDeliveries.claim} = ${claim}::uuid and ${webhookDeliveries.status} = 'PENDING'`,
    )
    .returning({ id: webhookDeliveries.id });
  return ended.length > 0;
}
