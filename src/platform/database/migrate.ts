import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import { type ConnectionOptions, openConnection, type ServerConnection } from "./connection.js";
import { asDriver, type SendStatement } from "./drizzle-driver.js";
import { DatabaseError } from "./errors.js";
import { runTransaction } from "./transaction.js";

/** Any fixed number does; it only has to be the same in every process that migrates. */
const MIGRATION_LOCK_KEY = 360_360_360;
/** An index on a large table takes long, and so does waiting for another process that migrates. */
const MIGRATION_TIMEOUT_MS = 3_600_000;

/**
 * Brings the database to the newest migration, all pending ones in one transaction. Safe to call from many processes at
 * once: a session advisory lock lets one in at a time. Refuses a server older than PostgreSQL 15, a database ahead of this
 * program, and a history that does not match the journal (the migrator itself skips late-merged migrations in silence).
 */
export async function migrateDatabase(
  connection: ConnectionOptions,
  options: { folder?: string } = {},
): Promise<{ applied: number }> {
  const folder = options.folder ?? migrationsFolder();
  const journal = readJournal(folder);
  const server = await openConnection(connection, { statementTimeoutMs: MIGRATION_TIMEOUT_MS });
  const noLog = { logQuery: () => {} };
  const send: SendStatement = (...statement) => server.send(...statement);
  const database = drizzle(asDriver(send, (work) => runTransaction(server, work, noLog)));
  try {
    await server.send("select pg_advisory_lock($1)", [MIGRATION_LOCK_KEY]);
    const before = await countApplied(server);
    if (before > journal.length) throw ahead(before, journal.length);
    await migrate(database, { migrationsFolder: folder });
    const after = await countApplied(server);
    if (after !== journal.length) throw skipped(after, journal.length);
    return { applied: after - before };
  } finally {
    await server.end();
  }
}

export function migrationsFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, "package.json"))) folder = path.dirname(folder);
  return path.join(folder, "migrations");
}

function readJournal(folder: string): { when: number }[] {
  const file = path.join(folder, "meta", "_journal.json");
  if (!existsSync(file)) throw new DatabaseError("DATABASE_MIGRATIONS", `no migrations: ${file} is missing`);
  const { entries } = JSON.parse(readFileSync(file, "utf8")) as { entries: { when: number }[] };
  return entries;
}

async function countApplied(server: ServerConnection): Promise<number> {
  const [table] = await server.send(
    "select to_regclass('drizzle.__drizzle_migrations') is not null as there",
  );
  if (!(table as { there: boolean }).there) return 0;
  const [row] = await server.send("select count(*)::int as applied from drizzle.__drizzle_migrations");
  return (row as { applied: number }).applied;
}

function ahead(applied: number, known: number): DatabaseError {
  return new DatabaseError(
    "DATABASE_MIGRATIONS",
    `the database is ahead: ${applied} migrations applied, this program knows ${known}; start the newer program`,
  );
}

function skipped(applied: number, known: number): DatabaseError {
  return new DatabaseError(
    "DATABASE_MIGRATIONS",
    `${applied} of ${known} migrations are applied: one is dated before an applied one and was skipped; regenerate it`,
  );
}
