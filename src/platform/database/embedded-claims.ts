import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * Who uses the embedded server. Every process that started or adopted it keeps a claim file while it runs; the last one to
 * leave stops the server, and claims of dead processes do not count. Leaving and arriving need no lock, because each side
 * writes before it looks: a leaver announces `stopping` and only then counts claims; a newcomer writes its claim and only
 * then looks for `stopping`. So at least one of the two sees the other.
 */
export interface Claim {
  /** True while another live process may be about to stop the server. */
  othersAreStopping(): boolean;
  /** Gives the claim up; `stopServer` runs only if no live claim is left. */
  leave(stopServer: () => Promise<void>): Promise<void>;
  /** Gives the claim up and leaves the server as it is. */
  abandon(): void;
}

let claimsOfThisProcess = 0;

export function claimServer(folder: string): Claim {
  mkdirSync(folder, { recursive: true });
  const name = `${process.pid}-${++claimsOfThisProcess}`;
  const claimFile = path.join(folder, `${name}.using`);
  const stoppingFile = path.join(folder, `${name}.stopping`);
  writeFileSync(claimFile, processBirth(process.pid) ?? "");
  const abandon = () => rmSync(claimFile, { force: true });
  return {
    othersAreStopping: () => liveFiles(folder, ".stopping").length > 0,
    abandon,
    async leave(stopServer) {
      writeFileSync(stoppingFile, processBirth(process.pid) ?? "");
      try {
        abandon();
        if (liveFiles(folder, ".using").length === 0) await stopServer();
      } finally {
        rmSync(stoppingFile, { force: true });
      }
    },
  };
}

/** The files of living processes; those of dead ones are removed on the way. */
function liveFiles(folder: string, ending: string): string[] {
  return readdirSync(folder).filter((name) => {
    if (!name.endsWith(ending)) return false;
    const file = path.join(folder, name);
    const alive = isSameProcess(Number.parseInt(name, 10), readIfThere(file));
    if (!alive) rmSync(file, { force: true });
    return alive;
  });
}

/** Process ids come round again (in containers, soon); the birth time, where the system tells it, makes them unique. */
function isSameProcess(pid: number, birth: string | undefined): boolean {
  if (birth === undefined || !isAlive(pid)) return false;
  const birthNow = processBirth(pid);
  return birth === "" || birthNow === undefined || birthNow === birth;
}

export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false; // 0 would mean our own process group
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Clock ticks from boot to the process's start (Linux only). */
function processBirth(pid: number): string | undefined {
  const line = readIfThere(`/proc/${pid}/stat`);
  return line?.slice(line.lastIndexOf(")") + 2).split(" ")[19];
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
