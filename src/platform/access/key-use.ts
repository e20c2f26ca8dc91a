import { sql } from "drizzle-orm";
import { apiKeys } from "#schema/access.js";
import type { Database } from "../database/database.js";
import { bareArray } from "../database/rows.js";
import { type Id, uuidOf } from "../ids.js";

/** How often uses are written: people look whether a key is still in use, and a minute is soon enough for that. */
const writeEveryMs = 60_000;

/** Remembers when keys were used last, and writes it now and then: one statement for all keys, none for a request. */
export interface KeyUse {
  used(id: Id<"apiKey">): void;
  /** Writes what is remembered. */
  write(): Promise<void>;
  /** Writes the rest and ends. */
  stop(): Promise<void>;
}

export function startKeyUse(database: Database, onFault: (error: unknown) => void): KeyUse {
  const lastUse = new Map<Id<"apiKey">, string>();
  const write = async () => {
    if (lastUse.size === 0) return;
    const uses = [...lastUse];
    lastUse.clear();
    // What cannot be written is forgotten: the next use is as good.
    await database.transaction((tx) => tx.execute(writeUses(uses))).catch(onFault);
  };
  const timer = setInterval(() => void write(), writeEveryMs).unref();
  return {
    used: (id) => void lastUse.set(id, new Date().toISOString()),
    write,
    async stop() {
      clearInterval(timer);
      await write();
    },
  };
}

/** A key that another transaction holds is left to it: another node writes about the same, or somebody changes the key. */
function writeUses(uses: readonly (readonly [Id<"apiKey">, string])[]) {
  const ids = bareArray(uses.map(([id]) => uuidOf(id)));
  const instants = bareArray(uses.map(([, instant]) => instant));
  return sql`with uses as (select * from unnest(${ids}::uuid[], ${instants}::timestamptz[]) as u(id, at)),
      free as (select k.id from ${apiKeys} k join uses on uses.id = k.id for update of k skip locked)
    update ${apiKeys} set last_used_at = greatest(last_used_at, uses.at)
    from uses join free on free.id = uses.id where ${apiKeys.id} = uses.id`;
}
