import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { getTableColumns, getTableName, is, sql } from "drizzle-orm";
import { PgTable } from "drizzle-orm/pg-core";
import { type Database, openDatabase } from "../../src/platform/database/database.js";
import { createTestDatabase } from "../support/database.js";

const { generateDrizzleJson, generateMigration } = createRequire(import.meta.url)(
  "drizzle-kit/api",
) as typeof import("drizzle-kit/api");

const files = readdirSync("migrations").filter((file) => file.endsWith(".sql"));
const journal = JSON.parse(readFileSync("migrations/meta/_journal.json", "utf8")) as {
  entries: { idx: number; when: number; tag: string }[];
};

let database: Database;
let drop: () => Promise<void>;
let schema: Record<string, unknown>;
beforeAll(async () => {
  const created = await createTestDatabase();
  drop = created.drop;
  database = openDatabase(created.connection);
  const modules = await Promise.all(
    readdirSync("schema")
      .filter((file) => file.endsWith(".ts"))
      .map((file) => import(`../../schema/${file.replace(/\.ts$/, ".js")}`)),
  );
  schema = Object.assign({}, ...modules);
});
afterAll(async () => {
  await database.close();
  await drop();
});

test("schema/ holds nothing that no migration has made", async () => {
  const last = journal.entries.at(-1);
  const snapshot = JSON.parse(
    readFileSync(`migrations/meta/${String(last?.idx).padStart(4, "0")}_snapshot.json`, "utf8"),
  );
  expect(await generateMigration(snapshot, generateDrizzleJson(schema, snapshot.id))).toEqual([]);
});

test("the migrated database has exactly the tables and columns of schema/", async () => {
  const declared = Object.values(schema)
    .filter((value): value is PgTable => is(value, PgTable))
    .flatMap((table) =>
      Object.values(getTableColumns(table)).map((column) =>
        [getTableName(table), column.name, column.notNull ? "not null" : "null"].join(" "),
      ),
    );
  const rows = await database.read.execute<{ line: string }>(sql`
    select table_name || ' ' || column_name || ' ' || case is_nullable when 'NO' then 'not null' else 'null' end as line
    from information_schema.columns where table_schema = 'public'`);
  expect(rows.map((row) => row.line).toSorted()).toEqual(declared.toSorted());
});

test("every migration is named by a sentence, and says why, what it locks and whether it breaks", () => {
  expect(files.map((file) => file.replace(/\.sql$/, ""))).toEqual(journal.entries.map((entry) => entry.tag));
  for (const file of files) {
    expect(file).toMatch(/^\d{4}_[a-z0-9]+(-[a-z0-9]+)*\.sql$/);
    expect(readFileSync(`migrations/${file}`, "utf8").split("\n")[0]).toMatch(
      /^-- .{10,}; locks: .+; breaking: (yes|no)$/,
    );
  }
});

test("migrations are dated in rising order: the migrator skips one that is dated before an applied one", () => {
  const dates = journal.entries.map((entry) => entry.when);
  expect(dates).toEqual(dates.toSorted((a, b) => a - b));
  expect(new Set(dates).size).toBe(dates.length);
});

test("migrations keep to statements that also run sharded", () => {
  for (const file of files) {
    const text = readFileSync(`migrations/${file}`, "utf8");
    expect(text).toContain("SET LOCAL citus.multi_shard_modify_mode = 'sequential'");
    for (const statement of text.split("--> statement-breakpoint")) {
      const actions = statement.match(/\b(ADD|DROP|ALTER) (COLUMN|CONSTRAINT)\b/gi) ?? [];
      expect(/^\s*ALTER TABLE/i.test(statement) && actions.length > 1).toBe(false);
    }
  }
});
