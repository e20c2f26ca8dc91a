import { and, eq, sql } from "drizzle-orm";
import { customers } from "#schema/customers.js";
import { type ImportRunRow, importRuns } from "#schema/ingest.js";
import type { Database } from "../../platform/database/database.js";
import { newId, uuidOf } from "../../platform/ids.js";

/** Which data it is: the number goes up when the same seed would give other data. */
const key = { source: "demo", mappingDigest: "demo-1" };

/**
 * The run that loads the demonstration data, begun where the database knows no customer yet; null where it holds data of
 * somebody else. The unique key of runs decides between two processes that begin at once.
 */
export function openDemoRun(database: Database, seed: number): Promise<ImportRunRow | null> {
  const fileDigest = `seed-${seed}`;
  return database.transaction(async (tx) => {
    await tx.execute(sql`insert into ${importRuns} (id, source, mapping_digest, file_digest, file_name)
      select ${uuidOf(newId("importRun"))}::uuid, ${key.source}, ${key.mappingDigest}, ${fileDigest}, 'demonstration data'
      where not exists (select from ${customers})
      on conflict do nothing`);
    const [run] = await tx
      .select()
      .from(importRuns)
      .where(
        and(
          eq(importRuns.source, key.source),
          eq(importRuns.mappingDigest, key.mappingDigest),
          eq(importRuns.fileDigest, fileDigest),
        ),
      );
    return run ?? null;
  });
}
