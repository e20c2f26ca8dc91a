import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../../src/platform/database/embedded.js";
import { migrateDatabase } from "../../../src/platform/database/migrate.js";
import { makeEnterable } from "../../support/temporary-folder.js";

/** A durable PostgreSQL on this folder, which has all migrations: a copy of one that is made once in a run. */
export async function startPreparedPostgres(dataFolder: string): Promise<EmbeddedPostgres> {
  const prepared = path.join(process.env.TEST_CLUSTER_FOLDER as string, "prepared");
  if (!existsSync(prepared)) await prepare(prepared);
  // With owners and modes: as root, PostgreSQL runs under another account, and it refuses a folder that others may read.
  await promisify(execFile)("cp", ["-a", `${prepared}/.`, dataFolder]);
  return startEmbeddedPostgres({ dataFolder });
}

/** Several test files may do so at once: the first to be done is taken. */
async function prepare(prepared: string): Promise<void> {
  const folder = mkdtempSync(`${prepared}-`);
  makeEnterable(folder);
  const postgres = await startEmbeddedPostgres({ dataFolder: folder });
  try {
    await migrateDatabase(postgres.connection);
  } finally {
    await postgres.stop();
  }
  rmSync(path.join(folder, "postgres-claims"), { recursive: true, force: true });
  try {
    renameSync(folder, prepared);
  } catch (error) {
    if (!existsSync(prepared)) throw error;
    rmSync(folder, { recursive: true });
  }
}
