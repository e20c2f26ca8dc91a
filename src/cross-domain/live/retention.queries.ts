import { sql } from "drizzle-orm";
import type { Queryable, Tx } from "../../platform/database/database.js";

export interface Expired {
  /** The oldest kept position, and the last one of the chunk that may go. */
  from: number;
  through: number;
}

export interface ExpiredAsked {
  keepDays: number;
  /** Later positions are kept this long because somebody still needs them. */
  neededFrom: number | null;
  keepNeededDays: number;
  /** RFC 3339; null: the database's clock. */
  now: string | null;
  limit: number;
}

/** The first events that may go, never past one that has to stay: what is kept has no hole. Null: none. */
export async function selectExpired(db: Queryable, asked: ExpiredAsked): Promise<Expired | null> {
  const { keepDays, neededFrom, keepNeededDays, now, limit } = asked;
  const moment = sql`coalesce(${now}::timestamptz, now())`;
  const rows = await db.execute<{ from: string; through: string | null }>(sql`/* selectExpired */
    select min_pos as from, (
      select coalesce(min(pos) filter (where kept) - 1, max(pos)) from (
        select pos, recorded_at >= ${moment} - make_interval(days => ${keepDays}::int)
          or (pos >= ${neededFrom}::bigint and recorded_at >= ${moment} - make_interval(days => ${keepNeededDays}::int)) as kept
        from events where pos >= min_pos order by pos limit ${limit}::int) oldest) as through
    from feed_head where id = 1`);
  const from = Number(rows[0]!.from);
  const through = Number(rows[0]!.through ?? 0);
  return through >= from ? { from, through } : null;
}

/** Moves the oldest kept position; false when it is there already. From here to the commit nobody else stamps. */
export async function raiseMinPos(tx: Tx, through: number): Promise<boolean> {
  const { count } = await tx.execute(sql`/* raiseMinPos */
    update feed_head set min_pos = ${through}::bigint + 1 where id = 1 and min_pos <= ${through}::bigint`);
  return count === 1;
}

export async function deleteEvents(tx: Tx, { from, through }: Expired): Promise<number> {
  const { count } = await tx.execute(sql`/* deleteEvents */
    delete from events where pos between ${from}::bigint and ${through}::bigint`);
  return count;
}

/** For this transaction: a lock that is not free so soon fails with 55P03. */
export async function limitLockWait(tx: Tx, waitMs: number): Promise<void> {
  await tx.execute(sql`/* limitLockWait */ select set_config('lock_timeout', ${String(waitMs)}, true)`);
}
