import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startProgram } from "../support/program.js";
import { Cluster, long, rowMs, untilHolds } from "./support/cluster.js";
import type { Server } from "./support/server.js";

// Rows 1 to 3 of the fault table: servers that die, and sequencers that are one too many.

const kills = long ? 10 : 2;
const resumeMs = 3_000;
const newLeaderMs = 2_000;
const stampingMs = long ? 120_000 : 0;
const giveUpMs = 30_000;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start(3);
}, 120_000);
afterAll(() => cluster.stop(), 60_000);

test(
  "1: servers die by kill -9 under load: nothing acknowledged is lost, and subscribers go on elsewhere within 3 s",
  async () => {
    const load = cluster.load();
    await untilHolds(async () => load.acknowledged > 0, giveUpMs);
    const subscribers = await cluster.subscribe(6);
    await Promise.all(subscribers.map((one) => one.got(() => one.deliveries.length > 0)));
    const resumed: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const victim = cluster.servers[kill % 3] as Server;
      const orphans = subscribers.filter(({ url }) => url === victim.url);
      const goesOn = orphans.map((orphan) => {
        const last = orphan.connections.length;
        return async () => {
          await orphan.got(() => orphan.deliveries.at(-1)!.connection > last);
          return orphan.deliveries.find(({ connection }) => connection > last)!.at;
        };
      });
      const killedAt = Date.now();
      await victim.end("SIGKILL");
      for (const at of await Promise.all(goesOn.map((first) => first()))) resumed.push(at - killedAt);
      await victim.start();
    }
    expect(await cluster.findings()).toEqual([]);
    await cluster.tell("1", { kills, resumes: resumed.length, longestResumeMs: Math.max(...resumed) });
    expect(resumed.length).toBeGreaterThanOrEqual(kills);
    expect(Math.max(...resumed)).toBeLessThanOrEqual(resumeMs);
  },
  rowMs,
);

test(
  "2: the server whose sequencer stamps dies by kill -9: another one leads within 2 s, and every position is given once",
  async () => {
    const load = cluster.load();
    const took: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      await untilHolds(async () => (await cluster.leader()) !== null, giveUpMs);
      const before = load.acknowledged;
      await untilHolds(async () => load.acknowledged > before, giveUpMs);
      const leader = (await cluster.leader()) as Server;
      const killedAt = Date.now();
      await leader.end("SIGKILL");
      const replaced = async () => ![null, leader].includes(await cluster.leader());
      took.push(await untilHolds(replaced, giveUpMs, killedAt));
      await leader.start();
    }
    expect(await cluster.findings()).toEqual([]);
    await cluster.tell("2", { kills, longestWithoutLeaderMs: Math.max(...took) });
    expect(Math.max(...took)).toBeLessThanOrEqual(newLeaderMs);
  },
  rowMs,
);

test(
  "3: three sequencers that all stamp: every position once and without a gap, everything delivered in order",
  async () => {
    const forced = [1, 2].map((number) =>
      startProgram("tests/faults/support/forced-sequencer.ts", {
        DATABASE_URL: cluster.databaseUrl(`forced${number}`),
      }),
    );
    for (const program of forced) cluster.onStop(() => program.kill("SIGKILL"));
    const load = cluster.load({ writers: 6, pauseMs: 0 });
    await Promise.all(forced.map((program) => program.printed(/stamped/)));
    const before = load.acknowledged;
    const from = Date.now();
    const enough = () => load.acknowledged > before + 500 && Date.now() - from > stampingMs;
    await untilHolds(async () => enough(), rowMs / 2);
    expect(await cluster.findings()).toEqual([]);
    await cluster.tell("3", { acknowledged: load.acknowledged });
    for (const program of forced) program.kill("SIGTERM");
    expect(await Promise.all(forced.map(({ ended }) => ended))).toEqual([0, 0]);
    for (const program of forced) expect(program.output()).not.toContain("fault");
  },
  rowMs,
);
