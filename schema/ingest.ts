import { sql } from "drizzle-orm";
import { bigint, pgEnum, pgTable, primaryKey, text, unique, uuid } from "drizzle-orm/pg-core";
import { idColumn, instant } from "./columns.js";

export const recordKind = pgEnum("record_kind", [
  "INTERACTION",
  "CONVERSATION",
  "PURCHASE",
  "RETURN",
  "LOYALTY_ENTRY",
  "TICKET",
  "TICKET_EVENT",
  "FEEDBACK",
  "CONSENT",
]);

/** Which record a source's own reference became: its key is that reference, so nothing can be recorded twice. */
export const recordClaims = pgTable(
  "record_claims",
  {
    source: text("source").notNull(),
    kind: recordKind("kind").notNull(),
    sourceRef: text("source_ref").notNull(),
    recordId: uuid("record_id").notNull(),
  },
  (t) => [primaryKey({ columns: [t.sourceRef, t.source, t.kind] })],
);

/** How far a file has been imported, so that an interrupted import goes on where it stopped. */
export const importRuns = pgTable(
  "import_runs",
  {
    id: idColumn("importRun", "id").primaryKey(),
    source: text("source").notNull(),
    mappingDigest: text("mapping_digest").notNull(),
    fileDigest: text("file_digest").notNull(),
    fileName: text("file_name").notNull(),
    /** Lines of the file that are done: recorded, duplicate or rejected. */
    linesDone: bigint("lines_done", { mode: "number" }).notNull().default(0),
    finishedAt: instant("finished_at"),
    startedAt: instant("started_at").notNull().default(sql`now()`),
  },
  (t) => [unique("import_runs_file_key").on(t.source, t.mappingDigest, t.fileDigest)],
);

export type ImportRunRow = typeof importRuns.$inferSelect;
