import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { type Database, openDatabase } from "../../../src/platform/database/database.js";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../../src/platform/database/embedded.js";
import { databaseErrorIn } from "../../../src/platform/database/errors.js";
import { createTemporaryFolder } from "../../support/temporary-folder.js";

const WRITERS = 8;
const KILLS = 3;
const ACKNOWLEDGED_PER_ROUND = 60;

const { folder, remove } = createTemporaryFolder();
let server: EmbeddedPostgres;
let database: Database;

beforeAll(async () => {
  server = await startEmbeddedPostgres({ dataFolder: folder });
  database = openDatabase(server.connection);
  await database.transaction((tx) =>
    tx.execute(
      sql`create table entry (batch int, part int check (part in (1, 2)), primary key (batch, part))`,
    ),
  );
});

afterAll(async () => {
  await database.close();
  await server.stop();
  remove();
});

test("kill -9 of PostgreSQL under writers: nothing acknowledged is lost, nothing is half there, the server comes back, writers go on", async () => {
  const acknowledged = new Set<number>();
  const rejected = new Map<number, string | undefined>();
  let nextBatch = 1;
  let writing = true;

  const write = async () => {
    while (writing) {
      const batch = nextBatch++;
      await writeBatch(batch).then(
        () => acknowledged.add(batch),
        (error) => rejected.set(batch, databaseErrorIn(error)?.code),
      );
    }
  };
  const writers = Array.from({ length: WRITERS }, write);
  for (let kill = 0; kill < KILLS; kill++) {
    const before = acknowledged.size;
    await until(() => acknowledged.size >= before + ACKNOWLEDGED_PER_ROUND);
    process.kill(postmaster(), "SIGKILL"); // the embedded server's watch starts it again
  }
  const before = acknowledged.size;
  await until(() => acknowledged.size >= before + ACKNOWLEDGED_PER_ROUND);
  writing = false;
  await Promise.all(writers);

  const stored = await storedBatches();
  const unknown = new Set(
    [...rejected].filter(([, code]) => code === "DATABASE_COMMIT_UNKNOWN").map(([batch]) => batch),
  );
  expect([...acknowledged].filter((batch) => !stored.has(batch))).toEqual([]);
  expect([...stored].filter(([, parts]) => parts !== 2)).toEqual([]);
  expect([...stored.keys()].filter((batch) => !acknowledged.has(batch) && !unknown.has(batch))).toEqual([]);
  expect(rejected.size).toBeGreaterThan(0);
  expect([...rejected.values()].filter((code) => code === undefined)).toEqual([]);
}, 120_000);

async function writeBatch(batch: number): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.execute(sql`insert into entry values (${batch}, 1)`);
    await tx.execute(sql`insert into entry values (${batch}, 2)`);
  });
}

async function storedBatches(): Promise<Map<number, number>> {
  const rows = await database.read.execute<{ batch: number; parts: number }>(
    sql`select batch, count(*)::int as parts from entry group by batch`,
  );
  return new Map(rows.map(({ batch, parts }) => [batch, parts]));
}

function postmaster(): number {
  return Number.parseInt(readFileSync(path.join(folder, "postgres", "postmaster.pid"), "utf8"), 10);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
