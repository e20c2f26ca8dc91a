import { setTimeout as pause } from "node:timers/promises";
import { afterAll, expect } from "@jest/globals";
import { startNats, testWithNats } from "../support/nats.js";
import { Cluster, long, rowMs, untilHolds } from "./support/cluster.js";
import type { RecordingSubscriber } from "./support/subscriber.js";

// Row 7 of the fault table: the broker between the servers dies, or stands still.

const kills = long ? 20 : 2;
const awayMs = long ? 5_000 : 1_500;
const giveUpMs = 60_000;

let cluster: Cluster | undefined;
afterAll(() => cluster?.stop(), 60_000);

testWithNats(
  "7: NATS dies by kill -9 under load, and stands still: streams go on without it, every server's are complete and in order",
  async () => {
    const nats = await startNats();
    cluster = await Cluster.start(3, { NATS_URL: nats.url });
    cluster.onStop(() => nats.stop());
    const { servers } = cluster;
    const load = cluster.load();
    await untilHolds(async () => load.acknowledged > 0, giveUpMs);
    const subscribers = await cluster.subscribe(6);
    await broughtByBroker();
    for (let kill = 0; kill < kills; kill++) {
      await nats.kill();
      await figures("broker_connected", (values) => values.every((value) => value === 0));
      await goOn(subscribers);
      await pause(awayMs);
      await nats.start();
      await figures("broker_connected", (values) => values.every((value) => value === 1));
      await broughtByBroker();
    }
    nats.freeze();
    await goOn(subscribers);
    await pause(awayMs);
    await goOn(subscribers);
    nats.thaw();
    await broughtByBroker();

    expect(await cluster.findings()).toEqual([]);
    expect(subscribers.flatMap(({ breaks }) => breaks)).toEqual([]);
    expect([...load.troubles.keys()]).toEqual([]);
    await cluster.tell("7", { kills, refusedRequests: [...load.troubles.values()].length });
    // The figures saw it: the leader could not send, and followers missed what it had sent into the frozen broker.
    expect(Math.max(...(await told('broker_sent_total{outcome="failed"}')))).toBeGreaterThan(0);
    expect(Math.max(...(await told('broker_missed_total{what="event"}')))).toBeGreaterThan(0);
    expect(Math.max(...(await told("feed_lag_seconds")))).toBeLessThan(1);

    /** Whatever has been written by now reaches every subscriber. */
    async function goOn(all: readonly RecordingSubscriber[]): Promise<void> {
      const before = all.map(({ deliveries }) => deliveries.length);
      await Promise.all(all.map((one, index) => one.got(() => one.deliveries.length > before[index]! + 10)));
    }

    /** Two of three servers get more from the broker than they have got. */
    async function broughtByBroker(): Promise<void> {
      const name = 'feed_events_total{from="broker"}';
      const before = await told(name);
      await figures(name, (values) => values.filter((value, index) => value > before[index]!).length >= 2);
    }

    async function figures(name: string, hold: (values: number[]) => boolean): Promise<void> {
      await untilHolds(async () => hold(await told(name)), giveUpMs);
    }

    function told(name: string): Promise<number[]> {
      return Promise.all(servers.map((server) => server.figure(name)));
    }
  },
  rowMs,
);
