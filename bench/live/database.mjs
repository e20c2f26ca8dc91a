import { createHash, randomBytes } from "node:crypto";
import path from "node:path";
import postgres from "postgres";
import { stopWithUs } from "../ending.mjs";
import { dataFolder, fromBuild } from "../setup/cluster.mjs";
import { contactRef } from "./contacts.mjs";

const folder = path.join(dataFolder, "live");
const database = "live";
/** Any fixed number: the advisory lock that keeps a second benchmark away from the same cluster. */
const guardKey = 360;

/** As a server runs, commits on disk; but every commit leaves its time, and nothing wakes up in the middle of a shot. */
const settings = {
  shared_buffers: "256MB",
  max_wal_size: "4GB",
  checkpoint_timeout: "1h",
  autovacuum: "off",
  jit: "off",
  track_commit_timestamp: "on",
};

/** A cluster of this benchmark's own, with one migrated database, made anew. */
export async function startDatabase() {
  const { startEmbeddedPostgres } = await fromBuild("platform/database/embedded.js");
  const { migrateDatabase } = await fromBuild("platform/database/migrate.js");
  const server = await startEmbeddedPostgres({ dataFolder: folder, settings });
  const { host, port } = server.connection;
  const user = "postgres";
  const connect = (name) =>
    postgres({ host, port, user, database: name, max: 1, max_lifetime: null, onnotice: () => {} });
  const admin = connect("postgres");
  const sql = connect(database);
  const stop = stopWithUs(async () => {
    await Promise.all([sql.end(), admin.end()]);
    await server.stop();
  });
  const [{ file, alone }] =
    await admin`select pg_read_file('postmaster.pid') as file, pg_try_advisory_lock(${guardKey}) as alone`;
  if (!alone) {
    await stop();
    throw new Error("Another benchmark runs on bench/.data/live: wait for its end.");
  }
  await admin.unsafe(`drop database if exists ${database} with (force)`);
  await admin.unsafe(`create database ${database}`);
  await migrateDatabase({ ...server.connection, database });
  return {
    pid: Number(file.split("\n")[0]),
    env: { PGHOST: host, PGPORT: String(port), PGUSER: user, DATABASE_URL: `postgres:///${database}` },
    issueKey: (name, scopes) => issueKey(sql, name, scopes),
    commitTimes: (numbers) => commitTimes(sql, numbers),
    stop,
  };
}

/** When the transaction of each contact committed, in milliseconds of the wall clock. PostgreSQL takes it before it flushes. */
async function commitTimes(sql, numbers) {
  const refs = numbers.map(contactRef);
  const rows = await sql`
    select source_ref as ref, extract(epoch from pg_xact_commit_timestamp(xmin))::float8 * 1000 as at
    from interactions where source_ref = any(${refs})`;
  const times = new Map(rows.map(({ ref, at }) => [ref, at]));
  return refs.map((ref) => {
    if (!times.has(ref)) throw new Error(`${ref} was acknowledged and is not there`);
    return times.get(ref);
  });
}

async function issueKey(sql, name, scopes) {
  const id = randomBytes(16);
  id[6] = 0x70 | (id[6] & 0x0f);
  id[8] = 0x80 | (id[8] & 0x3f);
  const secret = `c360_live_${id.toString("hex")}_${randomBytes(20).toString("hex")}`;
  const hash = createHash("sha256").update(secret).digest();
  await sql`insert into api_keys (id, name, secret_hash, scopes) values (${id.toString("hex")}, ${name}, ${hash}, ${scopes})`;
  return `Bearer ${secret}`;
}
