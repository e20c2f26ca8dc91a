import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { type Database, openDatabase } from "../../src/platform/database/database.js";
import { createTestDatabase } from "../support/database.js";

/**
 * The schema runs on one machine and, sharded by customer, on many. What that takes is read from the catalogue of a
 * migrated database (docs/decisions/0003).
 */
let database: Database;
let drop: () => Promise<void>;
beforeAll(async () => {
  const created = await createTestDatabase();
  drop = created.drop;
  database = openDatabase(created.connection);
});
afterAll(async () => {
  await database.close();
  await drop();
});

/** Small tables that every node holds whole. */
const referenceTables = [
  "channels",
  "feed_head",
  "loyalty_tiers",
  "rewards",
  "signing_keys",
  "sources",
  "suppression_secrets",
];
/** Tables that are looked up, and would be sharded, by a value of their own. */
const keyedByOwnValue = [
  "api_keys",
  "audit_entries",
  "budgets",
  "idempotent_requests",
  "identity_claims",
  "import_runs",
  "record_claims",
  "suppressions",
];

/** Tables of the machinery on the coordinator: they take part in no transaction with customers' rows, and name none. */
const onCoordinator = ["webhook_deliveries", "webhooks"];

/** Tables of customers' rows, sharded by customer_id; `customers` itself by its id. */
async function customerTables(): Promise<string[]> {
  const rows = await database.read.execute<{ name: string }>(sql`
    select relname as name from pg_class join pg_namespace n on n.oid = relnamespace
    where nspname = 'public' and relkind in ('r', 'p') order by 1`);
  const apart = new Set([...referenceTables, ...keyedByOwnValue, ...onCoordinator, "customers"]);
  return rows.map((row) => row.name).filter((name) => !apart.has(name));
}

test("every other table belongs to a customer", async () => {
  const rows = await database.read.execute<{ name: string }>(sql`
    select table_name as name from information_schema.columns
    where table_schema = 'public' and column_name = 'customer_id' and is_nullable = 'NO' order by 1`);
  const withCustomer = rows.map((row) => row.name).filter((name) => name !== "identity_claims");
  expect(withCustomer).toEqual(await customerTables());
});

test("customer_id is in every primary key and unique constraint of a customer's rows", async () => {
  const rows = await database.read.execute<{ table: string; index: string; columns: string[] }>(sql`
    select t.relname as table, i.relname as index,
      array(select a.attname::text from pg_attribute a where a.attrelid = t.oid and a.attnum = any(x.indkey)) as columns
    from pg_index x join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
      join pg_namespace n on n.oid = t.relnamespace
    where n.nspname = 'public' and x.indisunique`);
  const tables = new Set(await customerTables());
  const breaches = rows.filter((row) => tables.has(row.table) && !row.columns.includes("customer_id"));
  expect(breaches).toEqual([]);
  expect(new Set(rows.map((row) => row.table))).toEqual(
    new Set([...tables, ...referenceTables, ...keyedByOwnValue, ...onCoordinator, "customers"]),
  );
});

test("foreign keys between customers' rows carry customer_id; the others point at reference tables", async () => {
  const rows = await database.read.execute<{ child: string; parent: string; columns: string[] }>(sql`
    select c.conrelid::regclass::text as child, c.confrelid::regclass::text as parent,
      array(select a.attname::text from pg_attribute a where a.attrelid = c.conrelid and a.attnum = any(c.conkey)) as columns
    from pg_constraint c where c.contype = 'f'`);
  expect(rows.length).toBeGreaterThan(20);
  const breaches = rows.filter(({ child, parent, columns }) =>
    referenceTables.includes(parent) ? referenceTables.includes(child) : !columns.includes("customer_id"),
  );
  expect(breaches).toEqual([]);
});

test("there are no triggers of ours, no self foreign keys and no exclusion constraints", async () => {
  const [row] = await database.read.execute(sql`select
    (select count(*)::int from pg_trigger where not tgisinternal) as triggers,
    (select count(*)::int from pg_constraint where contype = 'f' and conrelid = confrelid) as self,
    (select count(*)::int from pg_constraint where contype = 'x') as exclusions`);
  expect(row).toEqual({ triggers: 0, self: 0, exclusions: 0 });
});

test("the shard column is a uuid everywhere", async () => {
  const rows = await database.read.execute(sql`
    select table_name from information_schema.columns
    where table_schema = 'public' and column_name = 'customer_id' and data_type <> 'uuid'`);
  expect([...rows]).toEqual([]);
});
