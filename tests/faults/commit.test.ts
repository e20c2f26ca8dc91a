import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Cluster, long, rowMs, untilHolds } from "./support/cluster.js";

// Row 15 of the fault table: the answer to COMMIT is lost.

const lostAnswers = long ? 200 : 10;
const cutsInBatches = long ? 200 : 20;
const giveUpMs = 60_000;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start(1);
}, 120_000);
afterAll(() => cluster.stop(), 60_000);

test(
  "a connection that dies while a batch is being written fails that batch alone; sent again, it is there once",
  async () => {
    const proxy = cluster.proxies[0]!;
    const load = cluster.load({ pauseMs: 0 });
    let cuts = 0;
    proxy.onRequest = (chunk, client) => {
      if (chunk.includes('insert into "interactions"') && cuts < cutsInBatches) {
        cuts++;
        setImmediate(() => client.resetAndDestroy());
      }
      return chunk;
    };
    await untilHolds(async () => cuts === cutsInBatches, giveUpMs);
    proxy.onRequest = (chunk) => chunk;
    const before = load.acknowledged;
    await untilHolds(async () => load.acknowledged > before, giveUpMs);
    expect(await cluster.findings()).toEqual([]);
    await cluster.tell("15, cut inside the batch", { cuts });
    expect([...load.troubles.keys()]).toEqual(["UNAVAILABLE"]);
  },
  rowMs,
);

test(
  "15: COMMIT is carried out and its answer lost: sent again under the same key it gives the same result, and one effect",
  async () => {
    const proxy = cluster.proxies[0]!;
    const load = cluster.load({ pauseMs: 0 });
    await untilHolds(async () => load.acknowledged > 0, giveUpMs);
    const [subscriber] = await cluster.subscribe(1);
    let lost = 0;
    const doomed = new WeakSet<object>();
    proxy.onRequest = (chunk, client) => {
      // One in three, of writers and of the sequencer alike.
      if (chunk.includes("commit\0") && lost < lostAnswers && Math.random() < 1 / 3) {
        lost++;
        doomed.add(client);
      }
      return chunk;
    };
    proxy.onAnswer = (chunk, client) => {
      if (!doomed.has(client)) return chunk;
      client.destroy();
      return undefined;
    };
    await untilHolds(async () => lost === lostAnswers, giveUpMs);
    const repeated = () => load.attempts.filter(({ sends, outcome }) => sends > 1 && outcome === "ok");
    await untilHolds(async () => repeated().length > 0, giveUpMs);
    expect(await cluster.findings()).toEqual([]);
    await cluster.tell("15", { lost, repeated: repeated().length });
    expect([...load.troubles.keys()]).toEqual(["UNAVAILABLE"]);
    expect(load.attempts.filter(({ outcome }) => outcome === "unknown")).toEqual([]);
    expect(subscriber!.breaks).toEqual([]);
  },
  rowMs,
);
