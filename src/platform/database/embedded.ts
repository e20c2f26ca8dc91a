import { rmdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { ConnectionOptions } from "./connection.js";
import { type Claim, claimServer, isAlive } from "./embedded-claims.js";
import { type Cluster, prepareCluster } from "./embedded-cluster.js";
import {
  connectionTo,
  launchServer,
  readPidFile,
  START_WAIT_MS,
  serverAnswers,
  shutDownServer,
  withServer,
} from "./embedded-server.js";
import { DatabaseError, sqlState } from "./errors.js";

export interface EmbeddedPostgres {
  connection: ConnectionOptions;
  /** True when the server was already running: left by a killed process, or shared with a living one. */
  adopted: boolean;
  /** Leaves the server; the last process to leave stops it (see embedded-claims.ts). May be called twice. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  dataFolder: string;
  /** False trades crash safety for speed: for tests only. Default true. */
  durable?: boolean;
  /** Server settings laid over the defaults; they apply only when this call starts the server, not when it adopts one. */
  settings?: Record<string, string>;
  /** Gives up waiting for the first start. */
  signal?: AbortSignal | undefined;
  /** The server has died and is being started again. */
  onRestart?: () => void;
}

const DATABASE = "customer_360";
/** A pid file can look alive while its dead owner is not yet reaped (1-2 s in some containers). */
const LOCKED_WAIT_MS = 5_000;
const LOOK_AGAIN_MS = 100;
const WATCH_MS = 500;
/** What PostgreSQL says when another server has, or had until just now, the folder or its socket. */
const LOCKED = /lock file|still in use|already in use/i;

/**
 * Starts the bundled PostgreSQL on the folder, or adopts the one that already runs there; and starts it again if it dies
 * while it is in use.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const cluster = await prepareCluster(options.dataFolder, { durable: options.durable ?? true });
  const claim = claimServer(path.join(cluster.home, "postgres-claims"));
  try {
    const adopted = await reachServer(cluster, claim, options);
    await createDatabaseOnce(cluster);
    const stopWatching = watchServer(cluster, claim, options);
    let leaving: Promise<void> | undefined;
    const stop = () => {
      leaving ??= stopWatching().then(() => claim.leave(() => shutDownServer(cluster)));
      return leaving;
    };
    return { connection: connectionTo(cluster, DATABASE), adopted, stop };
  } catch (error) {
    claim.abandon();
    removeIfEmpty(cluster.socketFolder);
    throw error;
  }
}

/** Returns what ends the watch, after a restart that is under way. */
function watchServer(cluster: Cluster, claim: Claim, options: EmbeddedOptions): () => Promise<void> {
  let restarting: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    if (restarting || isAlive(readPidFile(cluster)?.pid ?? 0)) return;
    options.onRestart?.();
    const retryAtNextLook = () => {};
    restarting = reachServer(cluster, claim, { ...options, signal: undefined })
      .catch(retryAtNextLook)
      .finally(() => {
        restarting = undefined;
      });
  }, WATCH_MS).unref();
  return async () => {
    clearInterval(timer);
    await restarting;
  };
}

/** True when a running server was adopted. PostgreSQL's own lock on its folder decides who starts it; the others adopt. */
async function reachServer(cluster: Cluster, claim: Claim, options: EmbeddedOptions): Promise<boolean> {
  const startedAt = Date.now();
  let waitUntil = startedAt + LOCKED_WAIT_MS;
  for (;;) {
    options.signal?.throwIfAborted();
    const status = claim.othersAreStopping() ? "stopping" : readPidFile(cluster)?.status;
    if (status === "ready" && (await serverAnswers(cluster))) return true;
    if (status === "starting" || status === "stopping")
      waitUntil = Math.min(Date.now() + LOCKED_WAIT_MS, startedAt + START_WAIT_MS);
    const exit = status === "stopping" ? undefined : await launchServer(cluster, options);
    if (exit === "ready") return false;
    if (Date.now() > waitUntil || (exit && !LOCKED.test(exit)))
      throw new DatabaseError(
        "EMBEDDED_POSTGRES",
        `PostgreSQL did not start; ${cluster.log} says: ${exit || "still stopping"}`,
      );
    await pause(LOOK_AGAIN_MS);
  }
}

async function createDatabaseOnce(cluster: Cluster): Promise<void> {
  await withServer(cluster, async (server) => {
    const known = await server.send("select 1 from pg_database where datname = $1", [DATABASE]);
    if (known.length > 0) return;
    try {
      await server.send(`create database ${DATABASE}`);
    } catch (error) {
      // Another process created it between the look and the act: 42P04, or the unique index of the catalogue.
      if (!["42P04", "23505"].includes(sqlState(error) ?? "")) throw error;
    }
  });
}

function removeIfEmpty(folder: string | undefined): void {
  try {
    if (folder) rmdirSync(folder);
  } catch {
    // In use by another process, or never made.
  }
}
