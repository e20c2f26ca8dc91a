import { existsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import postgres from "postgres";
import { stopWithUs } from "../ending.mjs";

/** The folder `bench/`, and the repository's root. */
export const benchFolder = path.resolve(import.meta.dirname, "..");
export const rootFolder = path.resolve(benchFolder, "..");
export const dataFolder = path.join(benchFolder, ".data");

/** A quarter of the memory as PostgreSQL's manual advises, and no more than the data needs. */
const SHARED_BUFFERS_MAX_MB = 4096;

/** Any fixed number: the advisory lock that keeps a second benchmark away from the same cluster. */
const guardKey = 360;

/** The benchmark works under this name and its servers under names that begin with it: everybody's statements are told apart. */
export const benchRole = "bench";

/** Warm, in memory and single-threaded per statement: what is compared is work, not the luck of caches and cores. */
const settings = {
  shared_buffers: `${Math.min(SHARED_BUFFERS_MAX_MB, Math.floor(os.totalmem() / 2 ** 22))}MB`,
  max_connections: "150",
  jit: "off",
  // The data is vacuumed and analysed once and then only read.
  autovacuum: "off",
  max_parallel_workers_per_gather: "0",
  work_mem: "64MB",
  maintenance_work_mem: "512MB",
  effective_cache_size: "8GB",
  random_page_cost: "1.1",
  max_wal_size: "8GB",
  checkpoint_timeout: "1h",
  shared_preload_libraries: "pg_stat_statements",
  "pg_stat_statements.max": "10000",
  "pg_stat_statements.track_utility": "off",
  track_activity_query_size: "1024",
};

/**
 * Starts the cluster of the benchmark, with the PostgreSQL that the product embeds.
 * @returns {Promise<Cluster>}
 * @typedef {object} Cluster
 * @property {string} host Folder of its Unix socket, or an address.
 * @property {number} port
 * @property {number} pid Of the postmaster.
 * @property {(database: string, options?: object) => postgres.Sql} connect
 * @property {(name: string) => Promise<string>} roleFor The role of a server, made where it is missing.
 * @property {(database: string) => NodeJS.ProcessEnv} env What a child process needs to reach a database: libpq's variables.
 * @property {(database: string) => object} target The same for the product's own functions.
 * @property {() => Promise<void>} stop
 */
export async function startCluster() {
  const { startEmbeddedPostgres } = await fromBuild("platform/database/embedded.js");
  const server = await startEmbeddedPostgres({ dataFolder, durable: false, settings });
  const { host, port, password } = server.connection;
  const user = benchRole;
  const connect = (database, options = {}) =>
    postgres({ host, port, user, password, database, max: 1, onnotice: () => {}, ...options });
  const guard = connect("postgres", { user: server.connection.user, max_lifetime: null, idle_timeout: null });
  const [row] =
    await guard`select pg_read_file('postmaster.pid') as file, pg_try_advisory_lock(${guardKey}) as alone`;
  const stop = stopWithUs(async () => {
    await guard.end();
    await server.stop();
  });
  if (!row.alone) {
    await stop();
    throw new Error(
      "Another benchmark runs on bench/.data: each would spoil the other's figures, so wait for its end.",
    );
  }
  const makeRole = async (role) => {
    const [known] = await guard`select from pg_roles where rolname = ${role}`;
    if (!known) await guard.unsafe(`create role ${role} superuser login`);
  };
  await makeRole(benchRole);
  return {
    host,
    port,
    pid: Number(row.file.split("\n")[0]),
    connect,
    async roleFor(name) {
      const role = `${benchRole}_${name.replaceAll("-", "_")}`;
      await makeRole(role);
      return role;
    },
    env: (database) => ({
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGDATABASE: database,
      ...(password && { PGPASSWORD: password }),
      DATABASE_URL: `postgres:///${database}`,
    }),
    target: (database) => ({ ...server.connection, database }),
    stop,
  };
}

/** Runs one piece of work on a client of its own and closes it. */
export async function once(sql, work) {
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** A module of the built product. */
export function fromBuild(file) {
  const built = path.join(rootFolder, "dist/src", file);
  if (!existsSync(built)) throw new Error(`${built} is missing: run npm run build first`);
  return import(built);
}
