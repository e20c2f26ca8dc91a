import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { events, feedHead } from "#schema/events.js";
import type { Feed } from "../../../src/cross-domain/live/feed.js";
import { removeExpired, startRetention } from "../../../src/cross-domain/live/retention.js";
import {
  type CustomerId,
  customerStream,
  feedStream,
  gate,
  givenCustomers,
  givenDatabase,
  givenNode,
  logOrder,
  nameOf,
  take,
  untilHead,
  write,
} from "./given.js";

let given: Awaited<ReturnType<typeof givenDatabase>>;
let jane: CustomerId;
let john: CustomerId;
beforeEach(async () => {
  given = await givenDatabase();
  [jane, john] = (await givenCustomers(given.database, 2)) as [CustomerId, CustomerId];
});
afterEach(() => given.close());

const keepDays = 7;
/** Events up to this position are of 1 November, the later ones of the 9th; it is the 10th. */
const now = "2026-11-10T00:00:00Z";
async function givenAges(oldUpTo: number): Promise<void> {
  await given.database.transaction((tx) =>
    tx.execute(sql`update events set recorded_at =
      case when pos <= ${oldUpTo}::bigint then '2026-11-01'::timestamptz else '2026-11-09'::timestamptz end`),
  );
}

async function written(feed: Feed, sequencer: { poke(): void }, ids: CustomerId[]): Promise<void> {
  const head = feed.log.head;
  await write(given.database, ids);
  sequencer.poke();
  await untilHead(feed, head + ids.length);
}

async function kept(): Promise<{ minPos: number; positions: (number | null)[] }> {
  const [head] = await given.database.read.select().from(feedHead);
  const rows = await given.database.read.select({ pos: events.pos }).from(events).orderBy(events.pos);
  return { minPos: head!.minPos, positions: rows.map(({ pos }) => pos) };
}

describe("what goes", () => {
  test("events older than the bound, in chunks, with the oldest kept position moved to the next", async () => {
    const { feed, sequencer } = await givenNode(given);
    await written(feed, sequencer, [jane, john, jane, john, jane]);
    await givenAges(3);
    const options = { keepDays, now, removedAtOnce: 2 };

    expect(await removeExpired(given.database, options)).toEqual({ events: 2, full: true });
    expect(await kept()).toEqual({ minPos: 3, positions: [3, 4, 5] });
    expect(await removeExpired(given.database, options)).toEqual({ events: 1, full: false });
    expect(await removeExpired(given.database, options)).toEqual({ events: 0, full: false });
    expect(await kept()).toEqual({ minPos: 4, positions: [4, 5] });
  });

  test("nothing behind an event that is still to be kept, so that no hole comes to be", async () => {
    const { feed, sequencer } = await givenNode(given);
    await written(feed, sequencer, [jane, john, jane]);
    await given.database.transaction((tx) =>
      tx.execute(sql`update events set recorded_at = case pos when 2 then '2026-11-09'::timestamptz
        else '2026-11-01'::timestamptz end`),
    );

    await removeExpired(given.database, { keepDays, now });

    expect(await kept()).toEqual({ minPos: 2, positions: [2, 3] });
  });

  test("all of them, when all are old; numbers and positions go on as if they were there", async () => {
    const { feed, sequencer } = await givenNode(given);
    await written(feed, sequencer, [jane, jane, john]);
    await givenAges(3);
    const atHead = feed.feedCursor(3);
    const ofJane = feed.customerCursor(jane, 2);

    await removeExpired(given.database, { keepDays, now });
    expect(await kept()).toEqual({ minPos: 4, positions: [] });

    const fresh = (await givenNode(given)).feed;
    const all = await feedStream(fresh, { after: atHead });
    const janes = await customerStream(fresh, { customerId: jane, after: ofJane });
    await written(feed, sequencer, [jane, john]);
    expect((await take(all, 2)).map(({ pos, ...event }) => [pos, nameOf(event)])).toEqual([
      [4, `${jane}:3`],
      [5, `${john}:2`],
    ]);
    expect((await take(janes, 1)).map(nameOf)).toEqual([`${jane}:3`]);
  });

  test("nothing that has no position yet, and nothing by any clock but the database's when none is given", async () => {
    const { feed, sequencer, stop } = await givenNode(given);
    await written(feed, sequencer, [jane]);
    await stop();
    await write(given.database, [john]);
    await given.database.transaction((tx) => tx.execute(sql`update events set recorded_at = '2020-01-01'`));

    expect((await removeExpired(given.database, { keepDays })).events).toBe(1);

    const rows = await given.database.read.select().from(events);
    expect(rows.map(nameOf)).toEqual([`${john}:1`]);
  });

  test("nothing that somebody has yet to read, until it is twice as old", async () => {
    const { feed, sequencer } = await givenNode(given);
    await written(feed, sequencer, [jane, john, jane, john]);
    await givenAges(4);
    const options = { keepDays, neededFrom: async () => 3 };

    await removeExpired(given.database, { ...options, now });
    expect(await kept()).toEqual({ minPos: 3, positions: [3, 4] });
    await removeExpired(given.database, { ...options, now: "2026-11-14T23:59:59Z" });
    expect((await kept()).minPos).toBe(3);
    await removeExpired(given.database, { ...options, now: "2026-11-15T00:00:01Z" });
    expect(await kept()).toEqual({ minPos: 5, positions: [] });
  });
});

describe("who does it", () => {
  test("two nodes at once remove each event once, while events come and are stamped", async () => {
    const one = await givenNode(given);
    const two = await givenNode(given);
    await written(one.feed, one.sequencer, Array(300).fill(jane));
    await givenAges(250);
    const removeAll = async () => {
      let removed = 0;
      for (;;) {
        const { events, full } = await removeExpired(given.database, { keepDays, now, removedAtOnce: 20 });
        removed += events;
        if (!full && (await kept()).minPos === 251) return removed;
      }
    };
    const writing = written(two.feed, two.sequencer, Array(50).fill(john));

    const removed = await Promise.all([removeAll(), removeAll()]);

    await writing;
    expect(removed[0]! + removed[1]!).toBe(250);
    expect((await kept()).positions).toEqual(Array.from({ length: 100 }, (_, index) => 251 + index));
  });

  test("only the leader's job works, and it goes through everything that is due", async () => {
    const { feed, sequencer } = await givenNode(given);
    await written(feed, sequencer, Array(2_500).fill(jane));
    await given.database.transaction((tx) => tx.execute(sql`update events set recorded_at = '2020-01-01'`));
    const faults: unknown[] = [];
    const done = gate();
    let removed = 0;
    const job = (leading: boolean, onRemoved: (count: number) => void) => {
      const started = startRetention(given.database, {
        keepDays,
        everyMs: 5,
        leading: () => leading,
        onRemoved,
        onFault: (fault) => faults.push(fault),
      });
      given.closers.push(() => started.stop());
    };
    job(false, () => faults.push(new Error("a follower removed events")));
    job(true, (count) => {
      removed += count;
      if (removed === 2_500) done.open();
    });

    await done.opened;

    expect(await kept()).toEqual({ minPos: 2_501, positions: [] });
    expect(faults).toEqual([]);
  });

  test("a row that somebody else holds is not waited for with the fence in hand: nothing is removed, and stamping goes on", async () => {
    const { feed, sequencer } = await givenNode(given);
    await written(feed, sequencer, [jane, john]);
    await givenAges(2);
    const held = gate();
    const mayRelease = gate();
    const holding = given.database.transaction(async (tx) => {
      await tx.execute(sql`update events set payload = null where pos = 1`);
      held.open();
      await mayRelease.opened;
    });
    await held.opened;

    await expect(removeExpired(given.database, { keepDays, now })).rejects.toThrow();
    await written(feed, sequencer, [jane]);

    expect(await kept()).toEqual({ minPos: 1, positions: [1, 2, 3] });
    mayRelease.open();
    await holding;
    expect((await removeExpired(given.database, { keepDays, now })).events).toBe(2);
  });
});

describe("what subscribers notice", () => {
  const expired = { code: "CURSOR_EXPIRED", extensions: { code: "CURSOR_EXPIRED" } };

  test("cursors before the oldest kept position are told CURSOR_EXPIRED, the one right before it resumes", async () => {
    const { feed, sequencer } = await givenNode(given, { ringSize: 1 });
    await written(feed, sequencer, [jane, john, jane, jane]);
    await givenAges(2);
    await removeExpired(given.database, { keepDays, now });

    for (const after of [feed.feedCursor(1), feed.customerCursor(jane, 0)])
      await expect(customerStream(feed, { customerId: jane, after })).rejects.toMatchObject(expired);
    await expect(feedStream(feed, { after: feed.feedCursor(1) })).rejects.toMatchObject(expired);
    const all = await feedStream(feed, { after: feed.feedCursor(2) });
    expect((await take(all, 2)).map(nameOf)).toEqual([`${jane}:2`, `${jane}:3`]);
    const janes = await customerStream(feed, { customerId: jane, after: feed.customerCursor(jane, 1) });
    expect((await take(janes, 2)).map(nameOf)).toEqual([`${jane}:2`, `${jane}:3`]);
  });

  test("a customer's stream from a feed cursor that only memory still reaches is refused, never silently shortened", async () => {
    const { feed, sequencer } = await givenNode(given);
    await written(feed, sequencer, [jane, jane, jane]);
    await givenAges(2);
    await removeExpired(given.database, { keepDays, now });

    expect(feed.log.tail).toBe(0);
    const after = feed.feedCursor(1);
    await expect(customerStream(feed, { customerId: jane, after })).rejects.toMatchObject(expired);
    const kept = await customerStream(feed, { customerId: jane, after: feed.feedCursor(2) });
    expect((await take(kept, 1)).map(nameOf)).toEqual([`${jane}:3`]);
  });

  test("a slow stream, overtaken or not, has every event in order up to the end or to CURSOR_EXPIRED", async () => {
    const { feed, sequencer } = await givenNode(given, { ringSize: 4 });
    const ids = Array.from({ length: 200 }, (_, index) => (index % 3 ? jane : john));
    const slow = await feedStream(feed, { after: feed.feedCursor(0), maxBatch: 3 });
    await written(feed, sequencer, ids);
    const order = await logOrder(given.database);
    await givenAges(150);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const batch of slow) {
        seen.push(...batch.map(nameOf));
        if (seen.length === ids.length) return "all";
      }
      return "ended";
    })().catch((error: { code: string }) => error.code);

    while ((await removeExpired(given.database, { keepDays, now, removedAtOnce: 5 })).full);
    const end = await reading;

    expect(["all", "CURSOR_EXPIRED"]).toContain(end);
    expect(seen).toEqual(order.slice(0, seen.length));
    if (end === "all") expect(seen).toHaveLength(ids.length);
  });
});
