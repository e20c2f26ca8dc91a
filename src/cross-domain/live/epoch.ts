import { sql } from "drizzle-orm";
import type { Database } from "../../platform/database/database.js";

export interface Epoch {
  epoch: string;
  /** The last position of the log as it is now. */
  head: number;
}

/**
 * From now on every cursor given out before is refused with CURSOR_EPOCH, and what nodes signed before is worth nothing: after
 * a restore, positions and numbers are given out a second time. One statement, so a batch is stamped before it or after it.
 */
export async function beginEpoch(database: Database): Promise<Epoch> {
  const rows = await database.transaction((tx) =>
    tx.execute<{ epoch: string; head: string }>(sql`/* beginEpoch */
      update feed_head set epoch = gen_random_uuid(), broker_key = gen_random_uuid() where id = 1 returning epoch, head`),
  );
  return { epoch: rows[0]!.epoch, head: Number(rows[0]!.head) };
}
