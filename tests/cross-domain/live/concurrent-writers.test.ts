import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { FeedEvent } from "../../../src/cross-domain/live/feed-event.js";
import {
  type CustomerId,
  customerStream,
  feedStream,
  givenCustomers,
  givenDatabase,
  givenNode,
  logOrder,
  nameOf,
  RolledBack,
  take,
  write,
} from "./given.js";

const writers = 8;
const writesEach = 40;

let given: Awaited<ReturnType<typeof givenDatabase>>;
beforeEach(async () => {
  given = await givenDatabase();
});
afterEach(() => given.close());

test("eight writers, some of which roll back: every stream has every event once and in order", async () => {
  const { feed, sequencer, faults } = await givenNode(given, { ringSize: 64 });
  const ids = await givenCustomers(given.database, 6);
  const fromStart = await feedStream(feed, { after: feed.feedCursor(0), maxBatch: 7 });
  const perCustomer = await Promise.all(
    ids.map((customerId) => customerStream(feed, { customerId, after: feed.customerCursor(customerId, 0) })),
  );
  const seen: FeedEvent[] = [];
  const finished = (async () => {
    for await (const batch of fromStart) {
      seen.push(...batch);
      if (batch.some(({ type }) => type === "CUSTOMER_MERGED")) return;
    }
  })();

  const committed = (await writeConcurrently(ids, () => sequencer.poke())).sort();
  await write(given.database, [ids[0]!], { type: "CUSTOMER_MERGED" });
  sequencer.poke();
  await finished;

  const order = await logOrder(given.database);
  expect(seen.map(nameOf)).toEqual(order);
  expect(order.slice(0, -1).sort()).toEqual(committed);
  for (const [index, customerId] of ids.entries()) {
    const expected = order.filter((name) => name.startsWith(customerId));
    const events = await take(perCustomer[index]!, expected.length);
    expect(events.map(({ seq }) => seq)).toEqual(expected.map((_, at) => at + 1));
    expect(events.map(nameOf)).toEqual(expected);
  }
  const middle = Math.floor(seen.length / 2);
  const fromMiddle = await feedStream(feed, { after: seen[middle]!.cursor });
  expect((await take(fromMiddle, seen.length - middle - 1)).map(nameOf)).toEqual(order.slice(middle + 1));
  expect(faults).toEqual([]);
});

test("streams that join in the middle of the writing have everything after the place they joined at", async () => {
  const { feed, sequencer } = await givenNode(given);
  const ids = await givenCustomers(given.database, 6);
  const joined: { position: number; stream: Awaited<ReturnType<typeof feedStream>> }[] = [];
  let written = 0;

  await writeConcurrently(ids, async () => {
    sequencer.poke();
    if (++written % 50 !== 0) return;
    const position = feed.log.head;
    joined.push({ position, stream: await feedStream(feed, { after: feed.feedCursor(position) }) });
  });

  const order = await logOrderWhenStamped();
  expect(joined.length).toBeGreaterThan(2);
  for (const { position, stream } of joined) {
    expect((await take(stream, order.length - position)).map(nameOf)).toEqual(order.slice(position));
  }

  async function logOrderWhenStamped(): Promise<string[]> {
    const last = (await write(given.database, [ids[0]!]))[0]!;
    sequencer.poke();
    const { customerId, seq } = last;
    const after = feed.customerCursor(customerId, seq - 1);
    await take(await customerStream(feed, { customerId, after }), 1);
    return logOrder(given.database);
  }
});

test("two sequencers that both stamp give out every position once, and every node delivers everything", async () => {
  const faults: unknown[] = [];
  const one = await givenNode(given, { withoutLeaderLock: true, faults });
  const two = await givenNode(given, { withoutLeaderLock: true, faults });
  const ids = await givenCustomers(given.database, 6);
  const streams = await Promise.all(
    [one, two].map(({ feed }) => feedStream(feed, { after: feed.feedCursor(0) })),
  );

  const committed = await writeConcurrently(ids, () => {
    one.sequencer.poke();
    two.sequencer.poke();
  });

  const delivered = await Promise.all(streams.map((stream) => take(stream, committed.length)));
  expect([one.sequencer.leading, two.sequencer.leading]).toEqual([true, true]);
  const order = await logOrder(given.database);
  expect(order).toHaveLength(committed.length);
  for (const events of delivered) expect(events.map(nameOf)).toEqual(order);
  expect(faults).toEqual([]);
});

/** What was committed, as "customer:seq". Every fifth write rolls back; commits overtake each other. */
async function writeConcurrently(
  ids: CustomerId[],
  afterEach: () => void | Promise<void>,
): Promise<string[]> {
  const committed: string[] = [];
  const oneWriter = async (writer: number) => {
    for (let turn = 0; turn < writesEach; turn++) {
      const touched = ids.filter((_, index) => (writer * 7 + turn * 3 + index) % 4 === 0);
      const before = () => eventLoopTurns((writer * turn) % 5);
      const rollBack = (writer + turn) % 5 === 0;
      try {
        const appended = await write(given.database, [...touched, ...touched.slice(0, 1)], {
          before,
          rollBack,
        });
        committed.push(...appended.map(nameOf));
      } catch (error) {
        if (!(error instanceof RolledBack)) throw error;
      }
      await afterEach();
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => oneWriter(writer)));
  return committed;
}

async function eventLoopTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
