import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { DatabaseError } from "./errors.js";

/** The operating-system account the server runs as: PostgreSQL refuses root. Undefined means our own. */
export interface ServerAccount {
  uid: number;
  gid: number;
}

/**
 * The folder with `bin/postgres` and `bin/initdb`, runnable by the account. Binaries that the account cannot reach, or whose
 * library links can be neither found nor made, are copied once into `copyFolder`.
 */
export function findServerBinaries(account: ServerAccount | undefined, copyFolder: string): string {
  const installed = installedBinaries();
  const reader = account ?? { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
  if (canEnter(installed, reader) && linkLibraries(installed)) return installed;
  const copy = path.join(copyFolder, `postgres-${binariesVersion(installed)}`, "native");
  if (!existsSync(copy)) copyBinaries(installed, copy);
  return copy;
}

/** Root runs the server as `postgres` when that account exists, else as `nobody`; anyone else runs it as themselves. */
export function serverAccount(): ServerAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync("/etc/passwd", "utf8").split("\n");
  const entry =
    accounts.find((line) => line.startsWith("postgres:")) ??
    accounts.find((line) => line.startsWith("nobody:"));
  if (!entry)
    throw new DatabaseError(
      "EMBEDDED_POSTGRES",
      "PostgreSQL refuses root, and there is no postgres or nobody account",
    );
  const [, , uid, gid] = entry.split(":");
  return { uid: Number(uid), gid: Number(gid) };
}

/** Whether the account may walk down every folder of the path (plain permission bits; access lists are not read). */
export function canEnter(folder: string, account: ServerAccount): boolean {
  if (process.platform === "win32" || account.uid === 0) return true;
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    if (existsSync(at)) {
      const { mode, uid, gid } = statSync(at);
      const executable = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
      if ((mode & executable) === 0) return false;
    }
    if (at === path.dirname(at)) return true;
  }
}

function installedBinaries(): string {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const { glibcVersionRuntime } =
    (process.report?.getReport() as { header?: { glibcVersionRuntime?: string } })?.header ?? {};
  const unsupported = (reason: string, options?: ErrorOptions) =>
    new DatabaseError(
      "EMBEDDED_POSTGRES",
      `no bundled PostgreSQL for ${platform}${reason}: set DATABASE_URL to a PostgreSQL 15 or newer`,
      options,
    );
  if (process.platform === "linux" && !glibcVersionRuntime)
    throw unsupported(" without glibc (musl, Alpine)");
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    return path.resolve(path.dirname(entry), "../native");
  } catch (cause) {
    throw unsupported("", { cause });
  }
}

function binariesVersion(native: string): string {
  const manifest = JSON.parse(readFileSync(path.join(native, "../package.json"), "utf8")) as {
    version: string;
  };
  return manifest.version;
}

/** npm packages carry no symbolic links, and their install script may be switched off. False when a link cannot be made. */
function linkLibraries(native: string): boolean {
  const list = path.join(native, "pg-symlinks.json");
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(native, "..", target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(path.basename(source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") return false;
    }
  }
  return true;
}

/** Copied beside its place and renamed, so that a half copy is never used; of two at once, the first wins. */
function copyBinaries(installed: string, copy: string): void {
  const half = `${path.dirname(copy)}.copying-${process.pid}`;
  mkdirSync(half, { recursive: true, mode: 0o755 });
  cpSync(installed, path.join(half, "native"), { recursive: true, verbatimSymlinks: true });
  chmodSync(half, 0o755);
  linkLibraries(path.join(half, "native"));
  try {
    renameSync(half, path.dirname(copy));
  } catch (error) {
    rmSync(half, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
}
