import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openConnection } from "../../../src/platform/database/connection.js";
import { migrateDatabase } from "../../../src/platform/database/migrate.js";
import { createEmptyDatabase } from "../../support/database.js";
import { createTemporaryFolder } from "../../support/temporary-folder.js";

const FIRST = {
  tag: "0000_first",
  when: 1_000,
  sql: "create table first (id int);\n--> statement-breakpoint\ncreate table more (id int);",
};
const SECOND = { tag: "0001_second", when: 2_000, sql: "alter table first add column name text;" };
const FAILING = {
  tag: "0001_failing",
  when: 2_000,
  sql: "create table third (id int);\n--> statement-breakpoint\nselect 1 / 0;",
};
const LATE = { tag: "0000_late", when: 1_500, sql: "create table late (id int);" };

let temporary: ReturnType<typeof createTemporaryFolder>;
let own: Awaited<ReturnType<typeof createEmptyDatabase>>;

beforeEach(async () => {
  temporary = createTemporaryFolder();
  own = await createEmptyDatabase();
});

afterEach(async () => {
  await own.drop();
  temporary.remove();
});

test("brings an empty database to the newest migration, and does nothing the second time", async () => {
  expect(await migrate(FIRST, SECOND)).toEqual({ applied: 2 });
  expect(await migrate(FIRST, SECOND)).toEqual({ applied: 0 });
  expect(await columnsOf("first")).toEqual(["id", "name"]);
});

test("applies only what is new", async () => {
  expect(await migrate(FIRST)).toEqual({ applied: 1 });
  expect(await migrate(FIRST, SECOND)).toEqual({ applied: 1 });
});

test("several at once: each migration is applied once, and all of them succeed", async () => {
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => migrate(FIRST, SECOND)));
  expect(outcomes.map(({ applied }) => applied).sort()).toEqual([0, 0, 0, 0, 2]);
});

test("refuses a database that is ahead of this program, and leaves it as it is", async () => {
  await migrate(FIRST, SECOND);
  await expect(migrate(FIRST)).rejects.toMatchObject({
    code: "DATABASE_MIGRATIONS",
    message: expect.stringContaining("the database is ahead: 2 migrations applied, this program knows 1"),
  });
  expect(await columnsOf("first")).toEqual(["id", "name"]);
});

test("a migration dated before an applied one is refused, not skipped in silence", async () => {
  await migrate(FIRST, SECOND);
  await expect(migrate(FIRST, LATE, SECOND)).rejects.toMatchObject({
    code: "DATABASE_MIGRATIONS",
    message: expect.stringContaining("2 of 3 migrations are applied"),
  });
});

test("of a failing migration nothing stays, and the next run can go on", async () => {
  await expect(migrate(FIRST, FAILING)).rejects.toMatchObject({ cause: { code: "22012" } });
  expect(await columnsOf("first")).toEqual([]);
  expect(await columnsOf("third")).toEqual([]);
  expect(await migrate(FIRST, SECOND)).toEqual({ applied: 2 });
});

test("without a journal it says so", async () => {
  await expect(migrateDatabase(own.connection, { folder: temporary.folder })).rejects.toMatchObject({
    code: "DATABASE_MIGRATIONS",
  });
});

test("the project's own migrations apply to an empty database", async () => {
  const { applied } = await migrateDatabase(own.connection);
  expect(applied).toBeGreaterThan(0);
  expect(await migrateDatabase(own.connection)).toEqual({ applied: 0 });
});

async function migrate(...migrations: (typeof FIRST)[]): Promise<{ applied: number }> {
  const folder = temporary.folder;
  mkdirSync(path.join(folder, "meta"), { recursive: true });
  const entries = migrations.map(({ tag, when }, idx) => ({
    idx,
    tag,
    when,
    version: "7",
    breakpoints: true,
  }));
  for (const { tag, sql } of migrations) writeFileSync(path.join(folder, `${tag}.sql`), sql);
  writeFileSync(
    path.join(folder, "meta", "_journal.json"),
    JSON.stringify({ version: "7", dialect: "postgresql", entries }),
  );
  return migrateDatabase(own.connection, { folder });
}

async function columnsOf(table: string): Promise<unknown[]> {
  const server = await openConnection(own.connection, { statementTimeoutMs: 5_000 });
  const text = `select column_name from information_schema.columns
    where table_schema = 'public' and table_name = $1 order by ordinal_position`;
  const rows = (await server.send(text, [table])) as { column_name: string }[];
  await server.end();
  return rows.map((row) => row.column_name);
}
