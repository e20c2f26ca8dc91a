import { eq, sql } from "drizzle-orm";
import { type ImportRunRow, importRuns } from "#schema/ingest.js";
import type { Database } from "../../platform/database/database.js";
import { type Id, newId } from "../../platform/ids.js";

export type RunKey = Pick<ImportRunRow, "source" | "mappingDigest" | "fileDigest">;

/** The run of this file, made where it is new: the unique key decides between twins. A restart begins it again. */
export function openImportRun(
  database: Database,
  key: RunKey,
  fileName: string,
  restart: boolean,
): Promise<ImportRunRow> {
  const again = { linesDone: 0, finishedAt: null, startedAt: sql`now()` };
  return database.transaction(async (tx) => {
    const [row] = await tx
      .insert(importRuns)
      .values({ id: newId("importRun"), ...key, fileName })
      .onConflictDoUpdate({
        target: [importRuns.source, importRuns.mappingDigest, importRuns.fileDigest],
        set: { fileName, ...(restart && again) },
      })
      .returning();
    return row as ImportRunRow;
  });
}

/** Progress only moves on, also when the same file is imported twice at once. */
export function saveProgress(database: Database, id: Id<"importRun">, linesDone: number): Promise<void> {
  return database.transaction(async (tx) => {
    await tx
      .update(importRuns)
      .set({ linesDone: sql`greatest(${importRuns.linesDone}, ${linesDone})` })
      .where(eq(importRuns.id, id));
  });
}

export function finishImportRun(database: Database, id: Id<"importRun">): Promise<void> {
  return database.transaction(async (tx) => {
    await tx.update(importRuns).set({ finishedAt: sql`now()` }).where(eq(importRuns.id, id));
  });
}
