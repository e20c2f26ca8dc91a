import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { type ConnectionOptions, openConnection, type ServerConnection } from "./connection.js";
import { type Cluster, EMBEDDED_USER, makeSocketFolder, serverEnvironment } from "./embedded-cluster.js";

export interface LaunchOptions {
  durable?: boolean;
  settings?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

const UNIX_PORT = 5432;
/** Crash recovery replays at most max_wal_size (1 GB by default); a minute is several times what that takes. */
export const START_WAIT_MS = 60_000;
/** Fast shutdown writes a checkpoint; after this the server is told to stop at once and recovers at its next start. */
const STOP_WAIT_MS = 20_000;
const ADMIN_TIMEOUT_MS = 10_000;
const LOOK_AGAIN_MS = 20;
/** The log is emptied at a start that finds it above this. */
const LOG_MAX_BYTES = 10_000_000;

const SETTINGS: Record<string, string> = {
  shared_buffers: "128MB",
  max_connections: "80",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
};
const UNDURABLE_SETTINGS: Record<string, string> = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
};

/** Resolves to "ready", or to what the server said before it gave up. */
export async function launchServer(cluster: Cluster, options: LaunchOptions): Promise<string> {
  makeSocketFolder(cluster);
  const settings = {
    ...SETTINGS,
    ...(options.durable === false ? UNDURABLE_SETTINGS : {}),
    ...options.settings,
    ...(cluster.socketFolder
      ? { listen_addresses: "", unix_socket_directories: cluster.socketFolder, port: String(UNIX_PORT) }
      : { listen_addresses: "127.0.0.1", port: String(await freePort()) }),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const log = openSync(cluster.log, sizeOf(cluster.log) > LOG_MAX_BYTES ? "w" : "a", 0o600);
  const logStart = sizeOf(cluster.log);
  // Detached: Ctrl+C must reach only us, so that requests in flight still find their database.
  const child = spawn(path.join(cluster.binaries, "bin", "postgres"), ["-D", cluster.data, ...flags], {
    ...cluster.account,
    cwd: cluster.home,
    env: serverEnvironment(),
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.unref();
  const exited = exitOf(child);
  const deadline = Date.now() + START_WAIT_MS;
  for (;;) {
    const exit = await Promise.race([exited, pause(LOOK_AGAIN_MS)]);
    if (exit) return `${readFileSync(cluster.log).subarray(logStart).toString("utf8").trim()} (${exit})`;
    const running = readPidFile(cluster);
    if (running?.pid === child.pid && running?.status === "ready" && (await serverAnswers(cluster)))
      return "ready";
    if (Date.now() > deadline || options.signal?.aborted) {
      child.kill("SIGQUIT");
      await exited;
      options.signal?.throwIfAborted();
      return `not ready after ${START_WAIT_MS} ms`;
    }
  }
}

async function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(`exit ${signal ?? code}`));
  });
}

/** Fast shutdown: open transactions roll back, a checkpoint is written. The pid file goes away last. */
export async function shutDownServer(cluster: Cluster): Promise<void> {
  const running = readPidFile(cluster);
  // Only a server that answers on this folder's socket is signalled: a stale file may name a stranger's process.
  if (!running || !(await serverAnswers(cluster))) return;
  const deadline = Date.now() + STOP_WAIT_MS;
  await signalServer(cluster, running.pid, "fast");
  while (readPidFile(cluster)?.pid === running.pid) {
    if (Date.now() > deadline) return signalServer(cluster, running.pid, "immediate");
    await pause(LOOK_AGAIN_MS);
  }
  if (running.socketFolder) rmSync(running.socketFolder, { recursive: true, force: true });
}

async function signalServer(cluster: Cluster, pid: number, mode: "fast" | "immediate"): Promise<void> {
  if (process.platform !== "win32") process.kill(pid, mode === "fast" ? "SIGINT" : "SIGQUIT");
  else
    await promisify(execFile)(path.join(cluster.binaries, "bin", "pg_ctl"), [
      "stop",
      "-D",
      cluster.data,
      "-m",
      mode,
    ]);
}

export async function serverAnswers(cluster: Cluster): Promise<boolean> {
  try {
    return await withServer(cluster, async (server) => {
      const [row] = await server.send("select current_setting('data_directory') as folder");
      return path.resolve((row as { folder: string }).folder) === path.resolve(cluster.data);
    });
  } catch {
    return false;
  }
}

export async function withServer<T>(
  cluster: Cluster,
  work: (server: ServerConnection) => Promise<T>,
): Promise<T> {
  const server = await openConnection(connectionTo(cluster, "postgres"), {
    statementTimeoutMs: ADMIN_TIMEOUT_MS,
  });
  try {
    return await work(server);
  } finally {
    await server.end();
  }
}

export function connectionTo(
  cluster: Cluster,
  database: string,
): Exclude<ConnectionOptions, { url: string }> {
  const user = EMBEDDED_USER;
  if (cluster.socketFolder)
    return {
      host: readPidFile(cluster)?.socketFolder || cluster.socketFolder,
      port: UNIX_PORT,
      user,
      database,
    };
  return {
    host: "127.0.0.1",
    port: readPidFile(cluster)?.port ?? 0,
    user,
    password: cluster.password,
    database,
  };
}

/** postmaster.pid: pid, data folder, start time, port, socket folder, address, shared memory, status. */
export function readPidFile(cluster: Cluster) {
  try {
    const lines = readFileSync(path.join(cluster.data, "postmaster.pid"), "utf8").split("\n");
    return {
      pid: Number(lines[0]),
      port: Number(lines[3]),
      socketFolder: lines[4]?.trim(),
      status: lines[7]?.trim(),
    };
  } catch {
    return undefined;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
