import { readdirSync, readFileSync } from "node:fs";

/** Linux counts processor time in hundredths of a second, whatever the kernel's own clock. */
const MS_PER_TICK = 10;

/** Milliseconds of processor time that the threads of a process have used, to the nanosecond. */
export function cpuOf(pid) {
  const folder = `/proc/${pid}/task`;
  const ofThread = (thread) => Number(readFileSync(`${folder}/${thread}/schedstat`, "utf8").split(" ")[0]);
  return readdirSync(folder).reduce((sum, thread) => sum + ofThread(thread), 0) / 1e6;
}

/** The same for PostgreSQL: the postmaster, every process it has, and those that have ended. Background ones count. */
export function cpuOfCluster(postmaster) {
  const own = timesOf(postmaster);
  let ticks = own.user + own.system + own.childrenUser + own.childrenSystem;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const times = timesOf(name);
    if (times?.parent === postmaster) ticks += times.user + times.system;
  }
  return ticks * MS_PER_TICK;
}

/** The same for the whole machine, every process and what the host took away. */
export function cpuOfMachine() {
  const [, ...times] = readFileSync("/proc/stat", "utf8").split("\n")[0].split(/ +/).map(Number);
  const [user, nice, system, , , interrupts, softInterrupts, stolen] = times;
  return (user + nice + system + interrupts + softInterrupts + stolen) * MS_PER_TICK;
}

/** Resident memory in MiB. */
export function memoryOf(pid) {
  return Math.round(residentKibOf(pid) / 1024);
}

export function residentKibOf(pid) {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib);
}

/** Undefined for a process that has just ended. */
function timesOf(pid) {
  let line;
  try {
    line = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // After the name, which may hold anything: state, parent, …; see proc(5) for the places.
  const fields = line
    .slice(line.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  return {
    parent: fields[1],
    user: fields[11],
    system: fields[12],
    childrenUser: fields[13],
    childrenSystem: fields[14],
  };
}
