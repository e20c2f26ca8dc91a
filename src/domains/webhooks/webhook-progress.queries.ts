import { and, eq, sql } from "drizzle-orm";
import { type WebhookRow, webhooks } from "#schema/webhooks.js";
import type { Queryable, Tx } from "../../platform/database/database.js";
import { bareArray } from "../../platform/database/rows.js";
import { type Id, uuidOf } from "../../platform/ids.js";

type Stop = Pick<WebhookRow, "statusReason"> & { status: "PARKED" | "DISABLED" };

/** Stops an active webhook; true when this call did. */
export async function stopWebhook(tx: Tx, id: Id<"webhook">, stop: Stop): Promise<boolean> {
  const stopped = await tx
    .update(webhooks)
    .set({ ...stop, statusChangedAt: sql`now()` })
    .where(and(eq(webhooks.id, id), eq(webhooks.status, "ACTIVE")))
    .returning({ id: webhooks.id });
  return stopped.length > 0;
}

/** For which events are written down: all that are active, and those parked because nothing was accepted. */
const recording = sql`(${webhooks.status} = 'ACTIVE' or ${webhooks.statusReason} = 'EXHAUSTED')`;

/** A webhook with its place in the feed. */
export type RecordingWebhook = Pick<WebhookRow, "id" | "document" | "types" | "pos" | "epoch">;

/** Webhooks that have not come as far in the feed as that; those of another epoch are among them. */
export function selectBehind(db: Queryable, { epoch, head }: { epoch: string; head: number }) {
  return db
    .select({
      id: webhooks.id,
      document: webhooks.document,
      types: webhooks.types,
      pos: webhooks.pos,
      epoch: webhooks.epoch,
    })
    .from(webhooks)
    .where(sql`${recording} and (${webhooks.pos} < ${head}::bigint or ${webhooks.epoch} <> ${epoch}::uuid)`)
    .orderBy(webhooks.pos, webhooks.id);
}

/**
 * Moves webhooks on in the feed and tells which: those that still stand at `from` and that no other node is just moving.
 * Row locks decide.
 */
export async function advanceWebhooks(
  tx: Tx,
  ids: readonly Id<"webhook">[],
  { epoch, from, to }: { epoch: string; from: number; to: number },
): Promise<Set<Id<"webhook">>> {
  const moved = await tx
    .update(webhooks)
    .set({ pos: to })
    .where(
      sql`${webhooks.id} in (select ${webhooks.id} from ${webhooks}
        where ${webhooks.id} = any(${bareArray(ids.map(uuidOf))}::uuid[]) and ${webhooks.pos} = ${from}::bigint
          and ${webhooks.epoch} = ${epoch}::uuid and ${recording}
        order by ${webhooks.id} for update skip locked)`,
    )
    .returning({ id: webhooks.id });
  return new Set(moved.map(({ id }) => id));
}

/** Parks a webhook whose place in the feed is lost: after a restore, or because retention has passed it. */
export async function parkLost(tx: Tx, { id, pos, epoch }: RecordingWebhook): Promise<void> {
  await tx.execute(sql`/* parkLostWebhook */
    update webhooks set status = 'PARKED', status_changed_at = now(),
      status_reason = case when webhooks.epoch <> f.epoch then 'FEED_RESTORED' else 'EVENTS_EXPIRED' end::webhook_status_reason
    from feed_head f
    where webhooks.id = ${uuidOf(id)}::uuid and webhooks.pos = ${pos}::bigint and webhooks.epoch = ${epoch}::uuid
      and ${recording} and (webhooks.epoch <> f.epoch or webhooks.pos + 1 < f.min_pos)`);
}

/** One more failed attempt; parks the webhook when it was the last of the last delivery that it may fail. */
export async function countFailure(
  tx: Tx,
  id: Id<"webhook">,
  { exhausted, parkAt }: { exhausted: boolean; parkAt: number },
): Promise<void> {
  const rows = await tx.execute<{ exhausted_in_row: number }>(sql`/* countWebhookFailure */
    update webhooks set failures_in_row = failures_in_row + 1, exhausted_in_row = exhausted_in_row + ${exhausted ? 1 : 0}::int
    where id = ${uuidOf(id)}::uuid returning exhausted_in_row`);
  if (exhausted && Number(rows[0]?.exhausted_in_row ?? 0) >= parkAt)
    await stopWebhook(tx, id, { status: "PARKED", statusReason: "EXHAUSTED" });
}

/** An accepted attempt ends the row of failures; writes nothing where there is none. */
export async function endFailures(tx: Tx, id: Id<"webhook">): Promise<void> {
  await tx
    .update(webhooks)
    .set({ failuresInRow: 0, exhaustedInRow: 0 })
    .where(sql`${webhooks.id} = ${uuidOf(id)}::uuid and ${webhooks.failuresInRow} > 0`);
}

/** The oldest place in the feed that a webhook has yet to read or to send from; null when none holds it back. */
export async function selectOldestNeeded(db: Queryable): Promise<number | null> {
  const rows = await db.execute<{ pos: string | null }>(sql`/* oldestPositionNeededByWebhooks */
    select least(
      (select min(pos) + 1 from webhooks where ${recording}),
      (select min(d.pos) from webhook_deliveries d join webhooks w on w.id = d.webhook_id where d.status = 'PENDING')) as pos`);
  const pos = rows[0]?.pos;
  return pos == null ? null : Number(pos);
}
