import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { canEnter, findServerBinaries, type ServerAccount, serverAccount } from "./embedded-binaries.js";
import { DatabaseError } from "./errors.js";

/** Where one embedded cluster lives, and as whom it runs. */
export interface Cluster {
  binaries: string;
  account: ServerAccount | undefined;
  /** Holds the cluster, its log, its claims and, when they had to be copied, the binaries. */
  home: string;
  /** PGDATA. */
  data: string;
  log: string;
  /** Undefined on Windows, which is reached over 127.0.0.1. */
  socketFolder: string | undefined;
  /** Only on Windows; elsewhere the socket folder's permissions (0700) are the lock. */
  password: string | undefined;
}

export const EMBEDDED_USER = "postgres";

/** A Unix socket's whole path may have 107 bytes; `/.s.PGSQL.5432.lock` takes 19 of them. */
const SOCKET_FOLDER_MAX_BYTES = 107 - 19;

const ON_WINDOWS = process.platform === "win32";

/** Makes folders and, on first use, the cluster itself. Safe to run from several processes at once. */
export async function prepareCluster(dataFolder: string, options: { durable: boolean }): Promise<Cluster> {
  const account = serverAccount();
  const home = reachableHome(path.resolve(dataFolder), account);
  const data = path.join(home, "postgres");
  const cluster: Cluster = {
    binaries: findServerBinaries(account, home),
    account,
    home,
    data,
    log: path.join(home, "postgres.log"),
    socketFolder: ON_WINDOWS ? undefined : socketFolderOf(data),
    password: ON_WINDOWS ? windowsPassword(home) : undefined,
  };
  if (!existsSync(path.join(data, "PG_VERSION"))) await initialise(cluster, options.durable);
  return cluster;
}

/** Only what the server needs: our own environment may hold secrets, and PG* variables would mislead it. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, SystemRoot } = process.env;
  return { PATH, HOME, TMPDIR, SystemRoot, LC_ALL: "C", TZ: "UTC" };
}

/**
 * The data folder itself, unless the server's account cannot get there (root with a checkout under /root): then a folder
 * under /var/lib, and a link to it in the data folder.
 */
function reachableHome(dataFolder: string, account: ServerAccount | undefined): string {
  mkdirSync(dataFolder, { recursive: true });
  if (!account || canEnter(dataFolder, account)) return dataFolder;
  const home = path.join("/var/lib", `customer-360-${shortHash(dataFolder)}`);
  mkdirSync(home, { recursive: true, mode: 0o755 });
  const link = path.join(dataFolder, "postgres-home");
  if (!lstatSync(link, { throwIfNoEntry: false })) symlinkSync(home, link);
  return home;
}

function socketFolderOf(data: string): string {
  const name = `c360-${shortHash(data)}`;
  const folder = path.join(os.tmpdir(), name);
  return Buffer.byteLength(folder) <= SOCKET_FOLDER_MAX_BYTES ? folder : path.join("/tmp", name);
}

/** Readable by the server's account only: that is what keeps others out. */
export function makeSocketFolder({ socketFolder: folder, account }: Cluster): void {
  if (!folder) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (account) chownSync(folder, account.uid, account.gid);
  else if (statSync(folder).uid !== process.getuid?.())
    throw new DatabaseError(
      "EMBEDDED_POSTGRES",
      `${folder} belongs to another user: remove it, or set TMPDIR elsewhere`,
    );
}

/** initdb works beside the final place and is renamed at the end: a killed one leaves nothing half-made, of two one wins. */
async function initialise(cluster: Cluster, durable: boolean): Promise<void> {
  const unfinished = `${cluster.data}.initialising-${process.pid}-${randomBytes(4).toString("hex")}`;
  mkdirSync(unfinished, { mode: 0o700 });
  const { account } = cluster;
  if (account) chownSync(unfinished, account.uid, account.gid);
  const passwordFile = `${unfinished}.password`;
  const access = cluster.password
    ? ["--auth=scram-sha-256", `--pwfile=${passwordFile}`]
    : ["--auth-local=trust", "--auth-host=scram-sha-256"];
  if (cluster.password) writeFileSync(passwordFile, cluster.password, { mode: 0o600 });
  const locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const pace = durable ? [] : ["--no-sync"];
  try {
    await promisify(execFile)(
      path.join(cluster.binaries, "bin", "initdb"),
      ["-D", unfinished, "-U", EMBEDDED_USER, ...access, ...locale, ...pace, "--no-instructions"],
      { ...account, env: serverEnvironment(), cwd: cluster.home },
    );
    renameSync(unfinished, cluster.data);
  } catch (cause) {
    if (existsSync(path.join(cluster.data, "PG_VERSION"))) return;
    const { stderr, message } = cause as Error & { stderr?: string };
    throw new DatabaseError("EMBEDDED_POSTGRES", `initdb failed: ${(stderr || message).trim()}`, { cause });
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
    rmSync(passwordFile, { force: true });
  }
}

function windowsPassword(home: string): string {
  const file = path.join(home, "postgres.password");
  if (!existsSync(file)) {
    try {
      writeFileSync(file, randomBytes(24).toString("hex"), { mode: 0o600, flag: "wx" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  return readFileSync(file, "utf8");
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
