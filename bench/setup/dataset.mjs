import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fromBuild, once, rootFolder } from "./cluster.mjs";

const generator = path.join(import.meta.dirname, "dataset.sql");
const peerObjects = path.join(import.meta.dirname, "../contenders/postgraphile.sql");
const migrations = path.join(rootFolder, "migrations");
/** The one key of the benchmark; its secret is drawn anew at every run. */
const keyId = "0193a000-0000-7000-8000-000000000360";
const keyScopes = [
  "customers",
  "interactions",
  "purchases",
  "loyalty",
  "tickets",
  "feedback",
  "consent",
  "pii",
].map((noun) => `${noun}:read`);

/**
 * A database with that many customers and what belongs to them; one of an earlier run is used again unless the
 * generator or the schema has changed since.
 * @param {import("./cluster.mjs").Cluster} cluster
 * @param {number} customers
 * @returns {Promise<string>} its name
 */
export async function prepareDataset(cluster, customers, { fresh = false, log }) {
  const name = `bench_${customers}`;
  const stamp = stampOf(customers);
  const found = await once(cluster.connect("postgres"), async (sql) => {
    const [row] =
      await sql`select shobj_description(oid, 'pg_database') as stamp from pg_database where datname = ${name}`;
    return row?.stamp;
  });
  if (found === stamp && !fresh) {
    log(`data: ${name} is there from an earlier run`);
    await forgetRuns(cluster, name);
    await warm(cluster, name);
    return name;
  }
  log(`data: making ${name}`);
  await once(cluster.connect("postgres"), async (sql) => {
    await sql.unsafe(`drop database if exists ${name} with (force)`);
    await sql.unsafe(`create database ${name}`);
  });
  const { migrateDatabase } = await fromBuild("platform/database/migrate.js");
  await migrateDatabase(cluster.target(name));
  await once(cluster.connect(name), (sql) => fill(sql, customers, log));
  // Said last: a load that was cut short is made again.
  await once(cluster.connect("postgres"), (sql) => sql.unsafe(`comment on database ${name} is '${stamp}'`));
  return name;
}

/** What earlier runs wrote down of their reads, millions of entries, is no part of the data: it made each run dearer than the last. */
function forgetRuns(cluster, name) {
  return once(cluster.connect(name), (sql) => sql`truncate audit_entries`);
}

/** Reads every table and index into memory, as they are on a server that has run for a while. */
function warm(cluster, name) {
  return once(cluster.connect(name), async (sql) => {
    await sql`create extension if not exists pg_prewarm`;
    await sql`select sum(pg_prewarm(oid)) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')`;
  });
}

/** Set-based, without foreign-key triggers, and with the lists' indexes built at the end. */
async function fill(sql, customers, log) {
  await sql.unsafe(
    "set session_replication_role = replica; set timezone = 'UTC'; set synchronous_commit = off",
  );
  const indexes =
    await sql`select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
    where indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
      and not exists (select from pg_constraint where conindid = indexrelid)`;
  for (const index of indexes) await sql.unsafe(`drop index ${index.name}`);
  const startedAt = Date.now();
  for (const statement of readFileSync(generator, "utf8").replaceAll(":customers", customers).split(/;\n/)) {
    const what = /^\s*(insert into|create table) ([a-z_.]+)/m.exec(statement);
    if (what) log(`data: ${what[2]} (${Math.round((Date.now() - startedAt) / 1000)} s)`);
    if (statement.trim()) await sql.unsafe(statement);
  }
  for (const index of indexes) await sql.unsafe(index.definition);
  if (existsSync(peerObjects)) await sql.unsafe(readFileSync(peerObjects, "utf8"));
  await sql.unsafe("create extension if not exists pg_stat_statements");
  log(`data: vacuum analyze (${Math.round((Date.now() - startedAt) / 1000)} s)`);
  await sql.unsafe("vacuum analyze");
  await sql.unsafe("checkpoint");
}

function stampOf(customers) {
  const files = [generator, peerObjects, ...sqlFilesOf(migrations)].filter((file) => existsSync(file));
  const digest = createHash("sha256").update(String(customers));
  for (const file of files) digest.update(readFileSync(file));
  return digest.digest("hex");
}

function sqlFilesOf(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name) => path.join(folder, name));
}

/** An API key as an integrator has one: every read scope, and nothing else. */
export async function issueKey(cluster, database) {
  const key = `c360_live_${keyId.replaceAll("-", "")}_${randomBytes(20).toString("hex")}`;
  const hash = createHash("sha256").update(key).digest();
  await once(
    cluster.connect(database),
    (
      sql,
    ) => sql`insert into api_keys (id, name, secret_hash, scopes) values (${keyId}, 'benchmark', ${hash}, ${keyScopes})
      on conflict (id) do update set secret_hash = excluded.secret_hash, scopes = excluded.scopes`,
  );
  return key;
}

/** How many rows each table has, for the report. */
export function countRows(cluster, database) {
  return once(cluster.connect(database), async (sql) => {
    const rows =
      await sql`select relname, n_live_tup::int as rows from pg_stat_user_tables where schemaname = 'public' and n_live_tup > 0 order by 1`;
    return Object.fromEntries(rows.map((row) => [row.relname, row.rows]));
  });
}
