import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { stopWithUs } from "../ending.mjs";

/** Clock ticks a second of /proc, on every Linux. */
const ticksPerSecond = 100;

/** CPU seconds of these processes and all their children, dead children included. Null where there is no /proc. */
export function cpuSeconds(pid) {
  const stats = allStats();
  let ticks = 0;
  const walk = (parent) => {
    const own = stats.get(parent);
    if (!own) return;
    ticks += own.ticks;
    for (const [child, { parent: of }] of stats) if (of === parent) walk(child);
  };
  walk(pid);
  return ticks / ticksPerSecond;
}

/** CPU seconds of all programs that this process has started and that have ended. */
export function cpuSecondsOfEnded() {
  const line = readFileSync("/proc/self/stat", "utf8");
  const [deadUser, deadSystem] = line
    .slice(line.lastIndexOf(")") + 2)
    .split(" ")
    .slice(13, 15)
    .map(Number);
  return (deadUser + deadSystem) / ticksPerSecond;
}

function allStats() {
  const stats = new Map();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const line = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
      const [user, system, deadUser, deadSystem] = fields.slice(11, 15).map(Number);
      stats.set(Number(name), {
        parent: Number(fields[1]),
        ticks: user + system + deadUser + deadSystem,
      });
    } catch {
      // Ended while we looked.
    }
  }
  return stats;
}

/** Resident memory in MiB; null when the process is gone. */
export function residentMiB(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
  } catch {
    return null;
  }
}

const sampleMs = 50;

/** Samples a process's memory until stopped; tells what each third of that time saw. */
export function watchMemory(pid) {
  const samples = [];
  const timer = setInterval(() => {
    const mib = residentMiB(pid);
    if (mib) samples.push(mib);
  }, sampleMs);
  return () => {
    clearInterval(timer);
    const third = Math.floor(samples.length / 3);
    const peaks = [0, 1, 2].map((i) => Math.round(Math.max(...samples.slice(i * third, (i + 1) * third))));
    return {
      floorMiB: Math.round(Math.min(...samples)),
      peakMiB: Math.round(Math.max(...samples)),
      peaksOfThirdsMiB: peaks,
      /** Flat: the last third's peak is not above the middle one's by more than a few MiB. */
      growthMiB: peaks[2] - peaks[1],
    };
  };
}

/** A Node program; `ended` rejects when it fails. */
export function start(args, env) {
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(process.execPath, args, {
    env: { PATH, HOME, ...(TMPDIR && { TMPDIR }), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const watchers = new Set();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => {
      output += data;
      for (const look of watchers) look();
    });
  }
  const ended = new Promise((resolve, reject) => {
    child.once("close", (code) =>
      code ? reject(new Error(`${args[0]} ended with ${code}:\n${output}`)) : resolve(output),
    );
  });
  const stop = stopWithUs(async () => {
    child.kill("SIGTERM");
    await ended.catch(() => {});
  });
  void ended.finally(stop).catch(() => {});
  return {
    pid: child.pid,
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => pattern.test(output) && resolve(pattern.exec(output));
        watchers.add(look);
        look();
        ended.then(() => reject(new Error(`${args[0]} ended:\n${output}`)), reject);
      }),
    stop,
  };
}
