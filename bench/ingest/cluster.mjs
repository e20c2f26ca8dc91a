import { rm } from "node:fs/promises";
import path from "node:path";
import postgres from "postgres";
import { startEmbeddedPostgres } from "../../dist/src/platform/database/embedded.js";
import { migrateDatabase } from "../../dist/src/platform/database/migrate.js";
import { stopWithUs } from "../ending.mjs";

const folder = path.resolve(import.meta.dirname, "../.data/ingest");

/** The same for all contenders. Checkpoints are kept out of the rounds: they would hit one at random. */
const settings = {
  shared_buffers: "1GB",
  max_wal_size: "16GB",
  checkpoint_timeout: "1h",
  autovacuum: "off",
  synchronous_commit: "on",
};

/** A durable cluster of the benchmark's own, with an empty migrated database as template for all others. */
export async function startCluster() {
  await rm(folder, { recursive: true, force: true });
  const server = await startEmbeddedPostgres({ dataFolder: folder, settings });
  const { host, port } = server.connection;
  const connect = (database) =>
    postgres({ host, port, user: "postgres", database, max: 1, onnotice: () => {} });
  const admin = connect("postgres");
  const stop = stopWithUs(async () => {
    await admin.end();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  await admin.unsafe("create database empty");
  await migrateDatabase({ ...server.connection, database: "empty" });
  return {
    host,
    port,
    /** PGDATA, where the server itself may write files. */
    data: path.join(folder, "postgres"),
    connect,
    /** Environment of a program that shall use this database. */
    environment: (database) => ({
      DATABASE_URL: `postgres:///${database}`,
      PGHOST: host,
      PGUSER: "postgres",
    }),
    async create(database, template = "empty") {
      await admin.unsafe(`drop database if exists ${database} with (force)`);
      await admin.unsafe(`create database ${database} template ${template}`);
    },
    checkpoint: () => admin.unsafe("checkpoint"),
    /** Process ids of all of PostgreSQL's processes. */
    async postmaster() {
      const [row] = await admin`select pg_read_file('postmaster.pid') as text`;
      return Number(row.text.split("\n")[0]);
    },
    stop,
  };
}
