import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { encodeCustomerCursor, encodeFeedCursor } from "../../../src/cross-domain/live/cursor.js";
import type { Feed } from "../../../src/cross-domain/live/feed.js";
import { FeedLog } from "../../../src/cross-domain/live/feed-log.js";
import { prepareLogQueries } from "../../../src/cross-domain/live/live.queries.js";
import { newId, uuidOf } from "../../../src/platform/ids.js";
import {
  type CustomerId,
  customerStream,
  feedStream,
  givenCustomers,
  givenDatabase,
  givenNode,
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

describe("where a stream starts", () => {
  test("without a cursor: at the present", async () => {
    const { feed, sequencer } = await givenNode(given);
    await written(feed, sequencer, [jane, john]);
    const all = await feedStream(feed, { after: null });
    const ofJane = await customerStream(feed, { customerId: jane, after: null });

    await written(feed, sequencer, [john, jane]);

    expect((await take(all, 2)).map(nameOf)).toEqual([`${john}:2`, `${jane}:2`]);
    expect((await take(ofJane, 1)).map(nameOf)).toEqual([`${jane}:2`]);
  });

  test("each event's cursor resumes right after it, on either kind of stream, from memory and from the table", async () => {
    const { feed, sequencer } = await givenNode(given);
    const small = await givenNode(given, { ringSize: 1 });
    await written(feed, sequencer, [jane, john, jane, jane, john]);
    await untilHead(small.feed, 5);
    for (const node of [feed, small.feed]) {
      const all = await take(await feedStream(node, { after: node.feedCursor(0) }), 5);
      const ofJane = await take(await customerStream(node, { customerId: jane, after: all[0]!.cursor }), 2);

      expect(ofJane.map(nameOf)).toEqual([`${jane}:2`, `${jane}:3`]);
      const rest = await customerStream(node, { customerId: jane, after: ofJane[0]!.cursor });
      expect((await take(rest, 1)).map(nameOf)).toEqual([`${jane}:3`]);
      const later = await feedStream(node, { after: ofJane[0]!.cursor });
      expect((await take(later, 2)).map(nameOf)).toEqual([`${jane}:3`, `${john}:2`]);
    }
  });

  test("a feed stream after a write whose event has no position yet starts right behind that event", async () => {
    await write(given.database, [jane]);
    const [anchor] = await write(given.database, [john]);
    await write(given.database, [jane]);
    const feedOnly = await givenNode(given, { withoutSequencer: true });
    const after = feedOnly.feed.customerCursor(anchor!.customerId, anchor!.seq);
    const stream = feedStream(feedOnly.feed, { after });

    await givenNode(given);

    expect((await take(await stream, 1)).map(nameOf)).toEqual([`${jane}:2`]);
  });

  test("a customer stream after a feed cursor older than all of the customer's events has them all", async () => {
    const { feed, sequencer } = await givenNode(given);
    await written(feed, sequencer, [john]);
    const after = feed.feedCursor(1);
    await written(feed, sequencer, [jane, jane]);

    const stream = await customerStream(feed, { customerId: jane, after });

    expect((await take(stream, 2)).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test("a cursor built in SQL is the one the program builds", async () => {
    const { feed } = await givenNode(given);
    const [row] = await given.database.read.execute<{ cursor: string }>(sql`
      select rtrim(translate(encode(convert_to('c1:' || epoch || ':' || ${uuidOf(jane)} || ':' || 41 || ';', 'UTF8'),
        'base64'), E'+/\n', '-_'), '=') as cursor from feed_head`);
    expect(row?.cursor).toBe(feed.customerCursor(jane, 41));
  });
});

describe("what a stream delivers", () => {
  test("only the types asked for, in batches no larger than asked for", async () => {
    const { feed, sequencer } = await givenNode(given);
    await written(feed, sequencer, [jane, jane, jane]);
    await write(given.database, [john], { type: "CUSTOMER_MERGED" });
    await written(feed, sequencer, [jane]);

    const updates = await feedStream(feed, {
      after: feed.feedCursor(0),
      types: ["CUSTOMER_UPDATED"],
      maxBatch: 2,
    });

    const batches = [(await updates.next()).value, (await updates.next()).value];
    expect(batches.map((batch) => batch?.map(nameOf))).toEqual([
      [`${jane}:1`, `${jane}:2`],
      [`${jane}:3`, `${jane}:4`],
    ]);
    const merges = await feedStream(feed, { after: feed.feedCursor(0), types: ["CUSTOMER_MERGED"] });
    expect((await take(merges, 1)).map(nameOf)).toEqual([`${john}:1`]);
  });

  test("a customer's stream ends after the customer was merged", async () => {
    const { feed, sequencer } = await givenNode(given);
    const stream = await customerStream(feed, { customerId: jane, after: null });
    await write(given.database, [jane], { type: "CUSTOMER_MERGED" });
    sequencer.poke();

    expect((await take(stream, 1)).map(({ type }) => type)).toEqual(["CUSTOMER_MERGED"]);
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });

  test("a subscriber that pulls late has everything, from the table, while a fast one goes on from memory", async () => {
    const { feed, sequencer } = await givenNode(given, { ringSize: 8 });
    const slow = await feedStream(feed, { after: feed.feedCursor(0), maxBatch: 3 });
    const slowOfJane = await customerStream(feed, {
      customerId: jane,
      after: feed.customerCursor(jane, 0),
      maxBatch: 3,
    });
    const fast = await feedStream(feed, { after: feed.feedCursor(0) });
    await written(feed, sequencer, [jane]);
    await Promise.all([take(slow, 1), take(slowOfJane, 1), take(fast, 1)]);
    for (let turn = 0; turn < 20; turn++) {
      await written(feed, sequencer, [jane, john]);
      expect((await take(fast, 2)).map(nameOf)).toEqual([`${jane}:${turn + 2}`, `${john}:${turn + 1}`]);
    }
    expect(feed.log.tail).toBe(33);

    const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
    const expected = numbers.flatMap((n) => [`${jane}:${n + 1}`, `${john}:${n}`]);
    expect((await take(slow, 40)).map(nameOf)).toEqual(expected);
    expect((await take(slowOfJane, 20)).map(({ seq }) => seq)).toEqual(numbers.map((n) => n + 1));
  });

  test("a quiet customer's stream sleeps while others fill the ring, and still has the next event", async () => {
    const { feed, sequencer } = await givenNode(given, { ringSize: 4 });
    const stream = await customerStream(feed, { customerId: jane, after: null });
    const next = take(stream, 1);
    await written(feed, sequencer, Array(20).fill(john));
    expect(feed.status.waiters).toBe(1);

    await written(feed, sequencer, [jane]);

    expect((await next).map(nameOf)).toEqual([`${jane}:1`]);
  });

  test("streams that read the table at one place share the statement", async () => {
    const { feed, sequencer } = await givenNode(given);
    await written(feed, sequencer, [jane, john, jane]);
    const queries = prepareLogQueries(given.database.read);
    let pages = 0;
    const page: typeof queries.page = (after, limit) => {
      pages++;
      return queries.page(after, limit);
    };
    const log = new FeedLog(feed.log.epoch, 3, { ...queries, page }, 8);

    const read = await Promise.all(Array.from({ length: 50 }, () => log.after(0, 64)));

    expect(pages).toBe(1);
    expect(read[49]?.map(nameOf)).toEqual([`${jane}:1`, `${john}:1`, `${jane}:2`]);
  });
});

describe("how a stream ends", () => {
  test("a subscriber that leaves leaves nothing waiting", async () => {
    const { feed } = await givenNode(given);
    const streams = [
      await feedStream(feed, { after: null }),
      await customerStream(feed, { customerId: jane, after: null }),
    ];
    const nexts = streams.map((stream) => stream.next());
    // A stream reads the table before it waits for the first time.
    while (feed.status.waiters < 2) await given.database.read.execute(sql`select`);

    for (const stream of streams) await stream.return();

    expect(await Promise.all(nexts)).toEqual(Array(2).fill({ value: undefined, done: true }));
    expect(feed.status.waiters).toBe(0);
  });

  test("a stream whose client is gone before it starts ends at its first next()", async () => {
    const { feed } = await givenNode(given);
    const stream = await feedStream(feed, { after: null, signal: AbortSignal.abort() });
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });

  test("when the node closes, streams end without an error", async () => {
    const { feed, stop } = await givenNode(given);
    const stream = await feedStream(feed, { after: null });
    const next = stream.next();
    await stop();
    expect(await next).toEqual({ value: undefined, done: true });
  });
});

describe("cursors that cannot be kept", () => {
  const fails = (code: string) => ({ code, extensions: { code } });

  test("malformed, truncated, another customer's, or of no event: BAD_CURSOR", async () => {
    const { feed } = await givenNode(given);
    const ofJane = feed.customerCursor(jane, 0);
    for (const after of [
      "",
      "x",
      ofJane.slice(0, -4),
      `${ofJane}AAAA`,
      Buffer.from("c1:;").toString("base64url"),
    ]) {
      await expect(feedStream(feed, { after })).rejects.toMatchObject(fails("BAD_CURSOR"));
      await expect(customerStream(feed, { customerId: jane, after })).rejects.toMatchObject(
        fails("BAD_CURSOR"),
      );
    }
    await expect(customerStream(feed, { customerId: john, after: ofJane })).rejects.toMatchObject(
      fails("BAD_CURSOR"),
    );
    await expect(feedStream(feed, { after: ofJane })).rejects.toMatchObject(fails("BAD_CURSOR"));
    const ofNobody = feed.customerCursor(newId("customer"), 1);
    await expect(feedStream(feed, { after: ofNobody })).rejects.toMatchObject(fails("BAD_CURSOR"));
  });

  test("of another epoch: CURSOR_EPOCH", async () => {
    const { feed } = await givenNode(given);
    const epoch = uuidOf(newId("event"));
    const code = fails("CURSOR_EPOCH");
    await expect(feedStream(feed, { after: encodeFeedCursor(epoch, 0) })).rejects.toMatchObject(code);
    const after = encodeCustomerCursor(epoch, jane, 0);
    await expect(customerStream(feed, { customerId: jane, after })).rejects.toMatchObject(code);
  });

  test("of the future: CURSOR_AHEAD", async () => {
    const { feed, sequencer } = await givenNode(given);
    await written(feed, sequencer, [jane]);
    for (const after of [feed.feedCursor(2), feed.customerCursor(jane, 2)]) {
      await expect(feedStream(feed, { after })).rejects.toMatchObject(fails("CURSOR_AHEAD"));
      await expect(customerStream(feed, { customerId: jane, after })).rejects.toMatchObject(
        fails("CURSOR_AHEAD"),
      );
    }
  });

  test("older than what is kept: CURSOR_EXPIRED, and the oldest that is kept still works", async () => {
    const first = await givenNode(given);
    await written(first.feed, first.sequencer, [jane, john, jane, jane]);
    await removeUpTo(2);
    const { feed } = await givenNode(given); // one with nothing in memory

    for (const after of [feed.feedCursor(1), feed.customerCursor(jane, 0)]) {
      await expect(customerStream(feed, { customerId: jane, after })).rejects.toMatchObject(
        fails("CURSOR_EXPIRED"),
      );
    }
    for (const after of [feed.feedCursor(1), feed.customerCursor(john, 1)]) {
      await expect(feedStream(feed, { after })).rejects.toMatchObject(fails("CURSOR_EXPIRED"));
    }
    const oldest = await feedStream(feed, { after: feed.feedCursor(2) });
    expect((await take(oldest, 2)).map(nameOf)).toEqual([`${jane}:2`, `${jane}:3`]);
    const ofJane = await customerStream(feed, { customerId: jane, after: feed.customerCursor(jane, 1) });
    expect((await take(ofJane, 2)).map(nameOf)).toEqual([`${jane}:2`, `${jane}:3`]);
    const ofJohn = await customerStream(feed, { customerId: john, after: feed.customerCursor(john, 1) });
    const nextOfJohn = take(ofJohn, 1);
    await written(feed, first.sequencer, [john]);
    expect((await nextOfJohn).map(nameOf)).toEqual([`${john}:2`]);
  });

  test("a subscriber that retention overtakes while it sleeps is told CURSOR_EXPIRED, not given a gap", async () => {
    const { feed, sequencer } = await givenNode(given, { ringSize: 1 });
    const all = await feedStream(feed, { after: feed.feedCursor(0), maxBatch: 1 });
    const ofJane = await customerStream(feed, {
      customerId: jane,
      after: feed.customerCursor(jane, 0),
      maxBatch: 1,
    });
    await written(feed, sequencer, [jane, jane, jane]);
    await Promise.all([take(all, 1), take(ofJane, 1)]);
    await removeUpTo(2);

    await expect(all.next()).rejects.toMatchObject(fails("CURSOR_EXPIRED"));
    await expect(ofJane.next()).rejects.toMatchObject(fails("CURSOR_EXPIRED"));
    expect(await all.next()).toEqual({ value: undefined, done: true });
  });

  test("a new epoch ends running streams with CURSOR_EPOCH, and new streams run in it", async () => {
    const { feed, sequencer } = await givenNode(given);
    await written(feed, sequencer, [jane]);
    const before = feed.feedCursor(1);
    const streams = [
      await feedStream(feed, { after: before }),
      await customerStream(feed, { customerId: jane, after: null }),
    ];
    const nexts = streams.map((stream) => stream.next());

    await given.database.transaction((tx) => tx.execute(sql`update feed_head set epoch = gen_random_uuid()`));

    for (const next of nexts) await expect(next).rejects.toMatchObject(fails("CURSOR_EPOCH"));
    await expect(feedStream(feed, { after: before })).rejects.toMatchObject(fails("CURSOR_EPOCH"));
    const again = await feedStream(feed, { after: feed.feedCursor(1) });
    await written(feed, sequencer, [john]);
    expect((await take(again, 1)).map(nameOf)).toEqual([`${john}:1`]);
  });
});

describe("holes", () => {
  test("the reader waits at a position that is not visible yet, reports it, and never steps over it", async () => {
    const { feed } = await givenNode(given, { withoutSequencer: true });
    const stream = await feedStream(feed, { after: feed.feedCursor(0) });
    await write(given.database, [jane, john, jane]);
    await stampByHand([
      [1, 1],
      [3, 3],
    ]);
    expect((await take(stream, 1)).map(nameOf)).toEqual([`${jane}:1`]);
    feed.poke();
    while (feed.status.holeMs === 0) await given.database.read.execute(sql`select`);
    expect(feed.status.head).toBe(1);

    await stampByHand([[2, 2]]);

    expect((await take(stream, 2)).map(nameOf)).toEqual([`${john}:1`, `${jane}:2`]);
    expect(feed.status).toMatchObject({ head: 3, holeMs: 0 });
  });

  test("a number missing in a customer's log is a fault that ends the stream", async () => {
    const { feed, sequencer } = await givenNode(given, { ringSize: 1 });
    await written(feed, sequencer, [jane, jane, jane, john]);
    const stream = await customerStream(feed, {
      customerId: jane,
      after: feed.customerCursor(jane, 0),
      maxBatch: 1,
    });
    await take(stream, 1);
    await given.database.transaction((tx) => tx.execute(sql`delete from events where pos = 2`));

    await expect(stream.next()).rejects.toThrow("the event log has a hole: 3 follows 1");
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });

  async function stampByHand(places: [ord: number, pos: number][]): Promise<void> {
    await given.database.transaction(async (tx) => {
      for (const [ord, pos] of places)
        await tx.execute(sql`update events set pos = ${pos} where ord = ${ord}`);
      await tx.execute(sql`update feed_head set head = 3`);
    });
  }
});

/** Writes the events and waits until the feed has read them. */
async function written(feed: Feed, sequencer: { poke(): void }, ids: CustomerId[]): Promise<void> {
  const appended = await write(given.database, ids);
  sequencer.poke();
  const { customerId, seq } = appended.at(-1)!;
  while ((feed.log.recentOf(customerId)?.seq ?? 0) < seq)
    await feed.log.customerChanged(customerId, new AbortController().signal);
}

/** Retention: the bound moves first, in the same transaction. */
async function removeUpTo(pos: number): Promise<void> {
  await given.database.transaction(async (tx) => {
    await tx.execute(sql`update feed_head set min_pos = ${pos + 1}`);
    await tx.execute(sql`delete from events where pos <= ${pos}`);
  });
}
