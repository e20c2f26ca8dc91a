import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Cluster, long, rowMs, untilHolds } from "./support/cluster.js";

// Row 6 of the fault table: the network between a server and PostgreSQL breaks without a word.

const darkMs = long ? 60_000 : 14_000;
const deadlineMs = 5_000;
/** PostgreSQL gives up the session of a leader that says nothing after 10 s, and the others look twice a second. */
const newLeaderMs = 12_000;
const giveUpMs = 60_000;
const writers = 4;
/** PostgreSQL ends a silent transaction after 3 s; rows that several of them wait for come free one after the other. */
const heldRowsMs = 3_000 * writers;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start(2);
}, 120_000);
afterAll(() => cluster.stop(), 60_000);

test(
  "6: the leader's way to PostgreSQL is half-open: its requests fail within 5 s, another server leads and serves, nothing acknowledged is lost",
  async () => {
    const load = cluster.load({ writers });
    await untilHolds(async () => load.acknowledged > 0, giveUpMs);
    await cluster.subscribe(2);
    await untilHolds(async () => (await cluster.leader()) !== null, giveUpMs);
    const leader = (await cluster.leader())!;
    const healthy = cluster.servers.find((server) => server !== leader)!;
    const proxy = cluster.proxies[cluster.servers.indexOf(leader)]!;
    const darkAt = Date.now();
    const before = load.requests.length;
    proxy.partition();
    const ready = await leader.get("/health/ready", deadlineMs);
    const newLeaderAfterMs = await untilHolds(
      async () => (await cluster.leader()) === healthy,
      giveUpMs,
      darkAt,
    );
    await pause(Math.max(0, darkMs - (Date.now() - darkAt)));
    const during = load.requests.slice(before);
    expect((await healthy.get("/health/ready", deadlineMs)).status).toBe(200);
    proxy.heal();
    await untilHolds(async () => (await leader.get("/health/ready", deadlineMs)).status === 200, giveUpMs);
    expect(await cluster.findings()).toEqual([]);
    const failed = during.filter(({ code }) => code);
    const longest = (requests: typeof during) => Math.round(Math.max(...requests.map(({ ms }) => ms)));
    await cluster.tell("6", {
      darkMs,
      newLeaderAfterMs,
      failedMeanwhile: failed.length,
      longestFailureMs: longest(failed),
      longestRequestMs: longest(during),
    });
    expect(newLeaderAfterMs).toBeLessThanOrEqual(newLeaderMs);
    expect(ready.status).toBe(503);
    expect(failed.length).toBeGreaterThan(0);
    expect(during.filter(({ at, code, ms }) => (at === leader.name || code) && ms > deadlineMs)).toEqual([]);
    // The other server's writes may have to wait for rows that the cut-off one's transactions hold.
    expect(during.filter(({ ms }) => ms > heldRowsMs)).toEqual([]);
    expect([...load.troubles.keys()]).toEqual(["UNAVAILABLE"]);
  },
  rowMs,
);
