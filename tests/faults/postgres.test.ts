import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Cluster, long, rowMs, untilHolds } from "./support/cluster.js";

// Rows 4 and 5 of the fault table: PostgreSQL dies, or stands still.

const kills = long ? 20 : 2;
const stoppedMs = long ? 15_000 : 6_000;
const backMs = 5_000;
const deadlineMs = 5_000;
const giveUpMs = 60_000;
/** Requests at once that a server which piles nothing up can have under way: those of the writers. */
const writers = 6;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start(2);
}, 120_000);
afterAll(() => cluster.stop(), 60_000);

test(
  "4: PostgreSQL dies by kill -9: the servers live on, nothing acknowledged is lost, and the first answer comes within 5 s of its start",
  async () => {
    const load = cluster.load({ writers });
    await untilHolds(async () => load.acknowledged > 0, giveUpMs);
    await cluster.subscribe(2);
    const took: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const before = load.acknowledged;
      await untilHolds(async () => load.acknowledged > before + 20, giveUpMs);
      const killed = cluster.postmaster();
      process.kill(killed, "SIGKILL"); // the embedded server's watch starts it again
      await untilHolds(async () => (await answers()) && cluster.postmaster() !== killed, giveUpMs);
      const startedAt = Date.now();
      const then = load.acknowledged;
      took.push(await untilHolds(async () => load.acknowledged > then, giveUpMs, startedAt));
    }
    expect(await cluster.findings()).toEqual([]);
    await cluster.tell("4", { kills, longestUntilFirstAnswerMs: Math.max(...took) });
    expect(Math.max(...took)).toBeLessThanOrEqual(backMs);
  },
  rowMs,
);

test(
  "5: PostgreSQL stands still: requests fail at their deadline, readiness says so, and all recovers without a restart",
  async () => {
    const load = cluster.load({ writers });
    await untilHolds(async () => load.acknowledged > 0, giveUpMs);
    const processes = postgresProcesses(cluster.postmaster());
    for (const pid of processes) process.kill(pid, "SIGSTOP");
    const stoppedAt = Date.now();
    const answeredBefore = load.requests.length;
    const [ready, live] = await Promise.all([
      cluster.servers[0]!.get("/health/ready", deadlineMs),
      cluster.servers[0]!.get("/health/live", deadlineMs),
    ]);
    await pause(stoppedMs - (Date.now() - stoppedAt));
    const during = load.requests.slice(answeredBefore);
    for (const pid of processes) process.kill(pid, "SIGCONT");
    const before = load.acknowledged;
    const recovered = await untilHolds(async () => load.acknowledged > before, giveUpMs);
    const again = () => cluster.servers[0]!.get("/health/ready", deadlineMs);
    await untilHolds(async () => (await again()).status === 200, giveUpMs);

    expect(await cluster.findings()).toEqual([]);
    await cluster.tell("5", {
      stoppedMs,
      requestsMeanwhile: during.length,
      longestRequestMs: Math.round(Math.max(...during.map(({ ms }) => ms))),
      recoveredMs: recovered,
    });
    expect({ ready: ready.status, live: live.status }).toEqual({ ready: 503, live: 200 });
    expect(during.length).toBeGreaterThanOrEqual(writers);
    expect(during.filter(({ ms }) => ms > deadlineMs)).toEqual([]);
    expect(recovered).toBeLessThanOrEqual(backMs);
    expect([...load.troubles.keys()]).toEqual(["UNAVAILABLE"]);
  },
  rowMs,
);

function answers(): Promise<boolean> {
  return cluster.sql("select 1").then(
    () => true,
    () => false,
  );
}

/** The postmaster and all it has started. */
function postgresProcesses(postmaster: number): number[] {
  const children = readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === postmaster);
  return [postmaster, ...children];
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return 0;
  }
}
