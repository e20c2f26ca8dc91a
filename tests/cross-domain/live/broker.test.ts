import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { connect } from "@nats-io/transport-node";
import { sql } from "drizzle-orm";
import { feedHead } from "#schema/events.js";
import { beginEpoch } from "../../../src/cross-domain/live/epoch.js";
import { feedSubject } from "../../../src/cross-domain/live/fast-path.js";
import type { Feed } from "../../../src/cross-domain/live/feed.js";
import { sealedMessages, unsealed } from "../../../src/cross-domain/live/feed-message.js";
import { prepareLogQueries } from "../../../src/cross-domain/live/live.queries.js";
import type { Broker, BrokerReceiver } from "../../../src/platform/broker/broker.js";
import { connectNats } from "../../../src/platform/broker/nats.js";
import { startTestApp } from "../../support/app.js";
import { startNats, testWithNats } from "../../support/nats.js";
import {
  type CustomerId,
  feedStream,
  givenCustomers,
  givenDatabase,
  givenNode,
  logOrder,
  nameOf,
  take,
  untilHead,
  write,
} from "./given.js";
import { record } from "./through-api.js";

let given: Awaited<ReturnType<typeof givenDatabase>>;
let ids: CustomerId[];
beforeEach(async () => {
  given = await givenDatabase();
  ids = await givenCustomers(given.database, 4);
});
afterEach(() => given.close());

type GivenNode = Awaited<ReturnType<typeof givenNode>>;

/** A leader and its followers; `brokerOf` gives each node its own way to the broker. */
async function givenNodes(count: number, brokerOf: (index: number) => Broker): Promise<GivenNode[]> {
  const nodes: GivenNode[] = [];
  for (let index = 0; index < count; index++) {
    const broker = brokerOf(index);
    given.closers.push(() => broker.close());
    nodes.push(await givenNode(given, { broker }));
    if (index > 0) continue;
    await write(given.database, [ids[0]!]);
    nodes[0]!.sequencer.poke();
    await untilHead(nodes[0]!.feed, 1);
  }
  return nodes;
}

/** Writes one by one, so that the leader sends many messages. */
async function writeMany(node: GivenNode, count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await write(given.database, [ids[turn % ids.length]!]);
    node.sequencer.poke();
  }
}

/** Everything since the beginning, as each node's streams deliver it. */
async function delivered(nodes: readonly GivenNode[], count: number): Promise<string[][]> {
  const streams = await Promise.all(nodes.map(({ feed }) => feedStream(feed, { after: feed.feedCursor(0) })));
  return Promise.all(streams.map(async (stream) => (await take(stream, count)).map(nameOf)));
}

const untilConnected = async (feed: Feed) => {
  while (!feed.fastPath!.connected) await new Promise((resolve) => setImmediate(resolve));
};

describe("whatever a broker does", () => {
  /** A broker in memory: `deliver` decides what becomes of a message, number by number. */
  function misbehavingBroker(
    deliver: (message: Uint8Array, number: number, pass: (m: Uint8Array) => void) => void,
  ) {
    const receivers: { owner: number; receiver: BrokerReceiver }[] = [];
    let sent = 0;
    return (owner: number): Broker => ({
      connected: true,
      maxMessageBytes: 1_000_000,
      publish(_subject, message) {
        const others = receivers.filter((entry) => entry.owner !== owner);
        deliver(message, sent++, (passed) => {
          for (const { receiver } of others) receiver.onMessage(passed);
        });
        return true;
      },
      subscribe(_subject, receiver) {
        receivers.push({ owner, receiver });
        receiver.onConnected();
      },
      close: async () => {},
    });
  }

  const held: Uint8Array[] = [];
  test.each<[string, Parameters<typeof misbehavingBroker>[0]]>([
    ["works", (message, _, pass) => pass(message)],
    ["loses every third message", (message, number, pass) => void (number % 3 && pass(message))],
    ["loses everything but says it is connected", () => {}],
    [
      "doubles every message and repeats the first one for ever",
      (message, number, pass) => {
        held[0] = number === 0 ? message : held[0]!;
        for (const again of [message, message, held[0]]) pass(again);
      },
    ],
    [
      "turns pairs of messages around",
      (message, number, pass) => {
        if (number % 2 === 0) held[0] = message;
        else for (const turned of [message, held[0]!]) pass(turned);
      },
    ],
    ["delivers late", (message, _, pass) => void setTimeout(() => pass(message), 80).unref()],
    [
      "breaks a byte of every second message",
      (message, number, pass) => {
        const broken = Uint8Array.from(message);
        if (number % 2) broken[number % broken.length]! ^= 1;
        pass(broken);
      },
    ],
  ])("a broker that %s: every node delivers everything once and in order", async (_, deliver) => {
    const nodes = await givenNodes(3, misbehavingBroker(deliver));

    await writeMany(nodes[0]!, 60);

    for (const { feed } of nodes) await untilHead(feed, 61);
    const seen = await delivered(nodes, 61);
    const order = await logOrder(given.database);
    for (const events of seen) expect(events).toEqual(order);
    for (const { feed, faults } of nodes) {
      expect([feed.status.head, feed.status.holeMs, feed.status.lagMs, faults]).toEqual([61, 0, 0, []]);
    }
  });

  test("what the broker brings is not read again: only the leader reads the log for each batch", async () => {
    const nodes = await givenNodes(
      3,
      misbehavingBroker((message, _, pass) => pass(message)),
    );
    await writeMany(nodes[0]!, 5); // from here on the followers trust the broker
    for (const { feed } of nodes) await untilHead(feed, 6);
    const before = nodes.map(({ feed }) => feed.status.events);

    await writeMany(nodes[0]!, 40);

    for (const { feed } of nodes) await untilHead(feed, 46);
    const came = nodes.map(({ feed }, index) => ({
      log: feed.status.events.log - before[index]!.log,
      broker: feed.status.events.broker - before[index]!.broker,
    }));
    expect(came[0]).toEqual({ log: 40, broker: 0 });
    for (const follower of came.slice(1)) {
      expect(follower.log + follower.broker).toBe(40);
      expect(follower.broker).toBeGreaterThan(30); // a poll may be faster now and then
    }
  });
});

describe("messages between nodes", () => {
  const sealing = {
    epoch: "0193a2b4-0000-7000-8000-000000000001",
    brokerKey: "0193a2b4-0000-4000-8000-000000000002",
  };

  async function rows() {
    const { feed } = await givenNode(given).then(async (node) => {
      await write(given.database, Array(50).fill(ids[0]));
      node.sequencer.poke();
      await untilHead(node.feed, 50);
      return node;
    });
    expect(feed.log.head).toBe(50);
    return prepareLogQueries(given.database.read).page(0, 100);
  }

  test("come back as they were sealed, in as many messages as the broker's limit asks for", async () => {
    const logged = await rows();
    const messages = sealedMessages(sealing, logged, 2_000);

    expect(messages.length).toBeGreaterThan(4);
    for (const message of messages) expect(message.length).toBeLessThanOrEqual(2_000);
    const back = messages.flatMap((message) => unsealed(sealing, message) ?? []);
    expect(back).toEqual(logged.map((row) => ({ ...row, epoch: sealing.epoch, minPos: 0 })));
  });

  test("leave out an event that is larger than the limit, and never put others together over it", async () => {
    const logged = await rows();
    logged[20]!.payload = { text: "x".repeat(3_000) };

    const back = sealedMessages(sealing, logged, 2_000).map((message) => unsealed(sealing, message)!);

    expect(back.flat().map(({ pos }) => pos)).toEqual(
      logged.map(({ pos }) => pos).filter((pos) => pos !== 21),
    );
    for (const events of back)
      expect(events.map(({ pos }) => pos)).toEqual(events.map((_, index) => events[0]!.pos + index));
  });

  test("of another key, of another epoch, cut or changed anywhere, are refused", async () => {
    const [message] = sealedMessages(sealing, (await rows()).slice(0, 1), 2_000) as [Buffer];
    expect(unsealed(sealing, message)).toHaveLength(1);
    const foreign = { ...sealing, epoch: "0193a2b4-0000-7000-8000-00000000000f" };
    expect(unsealed({ ...sealing, brokerKey: foreign.epoch }, message)).toBeNull();
    expect(unsealed(foreign, message)).toBeNull();
    for (let at = 0; at < message.length; at++) {
      const changed = Buffer.from(message);
      changed[at]! ^= 1;
      expect(unsealed(sealing, changed)).toBeNull();
      expect(unsealed(sealing, message.subarray(0, at))).toBeNull();
    }
  });
});

describe("with NATS", () => {
  testWithNats(
    "three nodes are complete and in order though the broker is killed twice under load",
    async () => {
      const nats = await startNats();
      given.closers.push(() => nats.stop());
      const nodes = await givenNodes(3, () => connectNats(nats.url, { onFault: () => {} }));
      for (const { feed } of nodes) await untilConnected(feed);
      let total = 1;
      const load = async (count: number) => {
        await Promise.all(nodes.map((node) => writeMany(node, count)));
        total += count * nodes.length;
      };

      await load(40);
      for (let kill = 0; kill < 2; kill++) {
        const loading = load(60);
        await nats.kill();
        await loading;
        await nats.start();
        for (const { feed } of nodes) await untilConnected(feed);
        await load(30);
      }

      const seen = await delivered(nodes, total);
      const order = await logOrder(given.database);
      for (const events of seen) expect(events).toEqual(order);
      for (const { faults } of nodes) expect(faults).toEqual([]);
      const ways = nodes.map(({ feed }) => feed.status.events);
      expect(ways[1]!.broker).toBeGreaterThan(0);
      expect(ways[2]!.broker).toBeGreaterThan(0);
    },
    60_000,
  );

  testWithNats(
    "followers send the log less than half the statements that they send without it",
    async () => {
      const nats = await startNats();
      given.closers.push(() => nats.stop());
      const readsOf = async (nodes: readonly GivenNode[], head: number) => {
        await writeMany(nodes[0]!, 20);
        for (const { feed } of nodes) await untilHead(feed, head + 20);
        const before = nodes.map(({ feed }) => feed.status.reads.reader);
        await writeMany(nodes[0]!, 300);
        for (const { feed } of nodes) await untilHead(feed, head + 320);
        return nodes.map(({ feed }, index) => feed.status.reads.reader - before[index]!);
      };
      const plain = await Promise.all([0, 1, 2].map(() => givenNode(given)));
      const without = await readsOf(plain, 0);
      for (const { stop } of plain) await stop();
      const nodes: GivenNode[] = [];
      for (let index = 0; index < 3; index++) {
        const broker = connectNats(nats.url, { onFault: () => {} });
        given.closers.push(() => broker.close());
        nodes.push(await givenNode(given, { broker }));
        await untilConnected(nodes[index]!.feed);
      }
      const leads = () => nodes.findIndex(({ sequencer }) => sequencer.leading);
      while (leads() < 0) await given.database.read.execute(sql`select`);
      nodes.unshift(...nodes.splice(leads(), 1));
      const withNats = await readsOf(nodes, 320);

      if (process.env.TEST_FIGURES)
        process.stderr.write(
          `statements on the log for 300 writes: ${without} without NATS, ${withNats} with\n`,
        );
      expect(2 * (withNats[1]! + withNats[2]!)).toBeLessThan(without[1]! + without[2]!);
    },
    60_000,
  );

  testWithNats(
    "a broker that is dead from the start changes nothing, and is used as soon as it lives",
    async () => {
      const nats = await startNats();
      given.closers.push(() => nats.stop());
      await nats.kill();
      const told: unknown[] = [];
      const nodes = await givenNodes(2, () =>
        connectNats(nats.url, { onFault: (fault) => told.push(fault) }),
      );
      await writeMany(nodes[0]!, 20);
      expect(await delivered(nodes, 21)).toEqual(Array(2).fill(await logOrder(given.database)));
      expect(told).toHaveLength(2);

      await nats.start();
      for (const { feed } of nodes) await untilConnected(feed);
      let total = 21;
      for (; nodes[1]!.feed.status.events.broker === 0; total += 20) await writeMany(nodes[0]!, 20);

      expect(await delivered(nodes, total)).toEqual(Array(2).fill(await logOrder(given.database)));
    },
  );

  testWithNats(
    "a broker that freezes under load, and thaws, costs nothing; nodes stop while it is frozen",
    async () => {
      const nats = await startNats();
      given.closers.push(() => nats.stop());
      const nodes = await givenNodes(3, () => connectNats(nats.url, { onFault: () => {} }));
      for (const { feed } of nodes) await untilConnected(feed);
      await writeMany(nodes[0]!, 30);
      nats.freeze();
      await writeMany(nodes[0]!, 60);
      for (const { feed } of nodes) await untilHead(feed, 91);
      nats.thaw();
      await writeMany(nodes[0]!, 30);

      for (const { feed } of nodes) await untilHead(feed, 121);
      expect(await delivered(nodes, 121)).toEqual(Array(3).fill(await logOrder(given.database)));
      nats.freeze();
    },
  );

  testWithNats(
    "a new epoch begins on every node, and what was sealed before it counts for nothing",
    async () => {
      const nats = await startNats();
      given.closers.push(() => nats.stop());
      const nodes = await givenNodes(2, () => connectNats(nats.url, { onFault: () => {} }));
      for (const { feed } of nodes) await untilConnected(feed);
      await writeMany(nodes[0]!, 10);
      for (const { feed } of nodes) await untilHead(feed, 11);
      const ending = await Promise.all(nodes.map(({ feed }) => feedStream(feed, { after: null })));
      const ends = ending.map((stream) => take(stream, 1));

      const { epoch, head } = await beginEpoch(given.database);

      for (const end of ends) await expect(end).rejects.toMatchObject({ code: "CURSOR_EPOCH" });
      expect(head).toBe(11);
      expect(nodes.map(({ feed }) => feed.status.epoch)).toEqual([epoch, epoch]);
      const before = nodes[1]!.feed.status.events.broker;
      let total = 11;
      for (; nodes[1]!.feed.status.events.broker === before; total += 10) await writeMany(nodes[0]!, 10);
      expect(await delivered(nodes, total)).toEqual(Array(2).fill(await logOrder(given.database)));
    },
  );

  testWithNats(
    "a broker that does not keep up is passed over, not waited for and not queued for",
    async () => {
      const nats = await startNats();
      given.closers.push(() => nats.stop());
      const broker = connectNats(nats.url, { onFault: () => {} });
      given.closers.push(() => broker.close());
      await new Promise<void>((resolve) =>
        broker.subscribe(feedSubject, { onMessage: () => {}, onConnected: resolve }),
      );
      expect(broker.publish(feedSubject, Buffer.alloc(broker.maxMessageBytes + 1))).toBe(false);
      nats.freeze();

      const megabyte = Buffer.alloc(broker.maxMessageBytes);
      const taken = Array.from({ length: 100 }, () => broker.publish(feedSubject, megabyte));

      expect(taken.filter(Boolean)).toHaveLength(8);
      nats.thaw();
      while (!broker.publish(feedSubject, megabyte)) await new Promise((resolve) => setImmediate(resolve));
    },
  );

  testWithNats("forged, foreign and malformed messages change nothing", async () => {
    const nats = await startNats();
    given.closers.push(() => nats.stop());
    const nodes = await givenNodes(2, () => connectNats(nats.url, { onFault: () => {} }));
    for (const { feed } of nodes) await untilConnected(feed);
    await writeMany(nodes[0]!, 10);
    for (const { feed } of nodes) await untilHead(feed, 11);
    const [head] = await given.database.read.select().from(feedHead);
    const [row] = await prepareLogQueries(given.database.read).page(10, 1);
    const next = [{ ...row!, pos: 12, seq: 99 }];
    const key = "0193a2b4-0000-4000-8000-000000000002";
    const intruder = await connect({ servers: nats.url });
    const forgeries = [
      Buffer.alloc(0),
      Buffer.from("not even JSON"),
      Buffer.from(JSON.stringify({ version: 1, epoch: head!.epoch, events: next })),
      ...sealedMessages({ epoch: head!.epoch, brokerKey: key }, next, 100_000), // knows the epoch, which is in every cursor
      ...sealedMessages({ epoch: key, brokerKey: head!.brokerKey }, next, 100_000),
    ];
    for (const message of forgeries) intruder.publish(feedSubject, message);
    await intruder.flush();
    await intruder.close();

    await writeMany(nodes[0]!, 10);

    expect(await delivered(nodes, 21)).toEqual(Array(2).fill(await logOrder(given.database)));
    for (const { feed } of nodes) expect(feed.fastPath!.messages.refused).toBe(forgeries.length);
  });

  testWithNats("batches larger than the broker's largest message are split, and arrive", async () => {
    const nats = await startNats("max_payload: 4096");
    given.closers.push(() => nats.stop());
    const nodes = await givenNodes(2, () => connectNats(nats.url, { onFault: () => {} }));
    for (const { feed } of nodes) await untilConnected(feed);
    await writeMany(nodes[0]!, 5);
    for (const { feed } of nodes) await untilHead(feed, 6);

    await write(given.database, Array(500).fill(ids[1]));
    nodes[0]!.sequencer.poke();

    expect(await delivered(nodes, 506)).toEqual(Array(2).fill(await logOrder(given.database)));
    expect(nodes[0]!.feed.fastPath!.sent.messages).toBeGreaterThan(30);
    expect(nodes[0]!.feed.fastPath!.sent.failed).toBe(0);
  });

  testWithNats(
    "a user and a password in the address are used, and never repeated in what is reported",
    async () => {
      const nats = await startNats('authorization { user: "360", password: "p@ss/word" }');
      given.closers.push(() => nats.stop());
      const at = (credentials: string) => nats.url.replace("nats://", `nats://${credentials}@`);
      const faults: unknown[] = [];
      const refused = connectNats(at("360:wr%40ng"), { onFault: (fault) => faults.push(fault) });
      const broker = connectNats(at("360:p%40ss%2Fword"), { onFault: () => {} });
      await new Promise<void>((resolve) =>
        broker.subscribe(feedSubject, { onMessage: () => {}, onConnected: resolve }),
      );
      while (faults.length === 0) await new Promise((resolve) => setImmediate(resolve));

      expect([broker.connected, refused.connected]).toEqual([true, false]);
      const { message, stack } = faults[0] as Error;
      expect(`${message}${stack}`).not.toMatch(/wr@ng|wr%40ng/);
      await Promise.all([broker.close(), refused.close()]);
    },
  );

  testWithNats("the app takes it from NATS_URL and tells of it at /metrics", async () => {
    const nats = await startNats();
    given.closers.push(() => nats.stop());
    const one = await startTestApp({ natsUrl: nats.url });
    const two = await startTestApp({ natsUrl: nats.url, on: one });
    given.closers.push(
      () => one.stop(),
      () => two.stop(),
    );
    for (const app of [one, two]) await untilConnected(app.services.feed);
    const stream = await feedStream(two.services.feed, { after: two.services.feed.feedCursor(0) });
    for (let turn = 0; turn < 10; turn++) {
      await record(one, `nats-${turn}`, ["ada"]);
      await take(stream, turn === 0 ? 2 : 1);
    }

    const response = await fetch(`${two.url}/metrics`, { headers: { authorization: `Bearer ${two.key}` } });
    const lines = (await response.text()).split("\n");
    expect(lines).toContain("customer360_broker_connected 1");
    expect(lines).toContain("customer360_feed_head 11");
    expect(lines).toContain("customer360_feed_lag_seconds 0");
    expect(lines).toContain('customer360_broker_received_total{outcome="refused"} 0');
    const { log, broker } = two.services.feed.status.events;
    expect(lines).toContain(`customer360_feed_events_total{from="log"} ${log}`);
    expect(lines).toContain(`customer360_feed_events_total{from="broker"} ${broker}`);
    expect([log + broker, broker > 0]).toEqual([11, true]);
  });
});
