import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { events } from "#schema/events.js";
import { pendingChannel } from "../../../src/cross-domain/live/sequencer.js";
import { prepareStampingSession, tryLeaderLock } from "../../../src/cross-domain/live/sequencer.queries.js";
import { atMostEvery } from "../../../src/cross-domain/live/wake-up.js";
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

test("an open write does not hold up others; its event follows when it commits, though it was inserted first", async () => {
  const { feed, sequencer } = await givenNode(given);
  const stream = await feedStream(feed, { after: feed.feedCursor(0) });
  const inserted = gate();
  const mayCommit = gate();
  given.closers.push(async () => mayCommit.open());
  const before = async () => {
    inserted.open();
    await mayCommit.opened;
  };
  const slowWrite = write(given.database, [jane], { before });
  await inserted.opened;

  await write(given.database, [john, john]);
  sequencer.poke();

  expect((await take(stream, 2)).map(nameOf)).toEqual([`${john}:1`, `${john}:2`]);
  mayCommit.open();
  await slowWrite;
  sequencer.poke();
  expect((await take(stream, 1)).map(nameOf)).toEqual([`${jane}:1`]);
});

test("what one write did at once stays in its order, also when it fills more than one batch", async () => {
  const { feed, sequencer } = await givenNode(given);
  const stream = await feedStream(feed, { after: feed.feedCursor(0) });
  const list = Array.from({ length: 2_500 }, (_, index) => (index % 3 === 0 ? jane : john));

  const appended = await write(given.database, list);
  sequencer.poke();

  expect((await take(stream, list.length)).map(nameOf)).toEqual(appended.map(nameOf));
});

test("of two sequencers one leads; when it stops, the other goes on", async () => {
  const one = await givenNode(given);
  const stream = await feedStream(one.feed, { after: null });
  await write(given.database, [jane]);
  one.sequencer.poke();
  await take(stream, 1);
  const two = await givenNode(given);
  const onTwo = await feedStream(two.feed, { after: two.feed.feedCursor(0) });
  await take(onTwo, 1);
  expect([one.sequencer.leading, two.sequencer.leading]).toEqual([true, false]);

  await one.sequencer.stop();
  await write(given.database, [john]);
  two.sequencer.poke();

  expect((await take(onTwo, 1)).map(nameOf)).toEqual([`${john}:1`]);
  expect([one.sequencer.leading, two.sequencer.leading]).toEqual([false, true]);
});

test("a killed connection of the leader costs nothing: it takes the lock again and goes on", async () => {
  const { feed, sequencer } = await givenNode(given);
  const stream = await feedStream(feed, { after: feed.feedCursor(0) });
  await write(given.database, [jane]);
  await take(stream, 1);

  const killed = await given.database.transaction((tx) =>
    tx.execute(sql`select pg_terminate_backend(pid) from pg_locks join pg_database on pg_database.oid = database
      where locktype = 'advisory' and datname = current_database()`),
  );
  expect(killed.length).toBe(1);
  await write(given.database, [john, jane]);
  sequencer.poke();

  expect((await take(stream, 2)).map(nameOf)).toEqual([`${john}:1`, `${jane}:2`]);
  expect(sequencer.leading).toBe(true);
  expect(await logOrder(given.database)).toEqual([`${jane}:1`, `${john}:1`, `${jane}:2`]);
});

test("the server ends the session of a process that is frozen, so that its lock becomes free", async () => {
  const frozen = await given.database.dedicated();
  const gone = new Promise<void>((resolve) => frozen.lost.addEventListener("abort", () => resolve()));
  await prepareStampingSession(frozen.session, 50);
  expect(await tryLeaderLock(frozen.session, 1)).toBe(true);

  await gone;

  const next = await given.database.dedicated();
  expect(await tryLeaderLock(next.session, 1)).toBe(true);
});

test("when every connection is cut at once, sequencer and reader come back and streams miss nothing", async () => {
  const { feed, sequencer } = await givenNode(given);
  const stream = await feedStream(feed, { after: feed.feedCursor(0) });
  const ofJane = await customerStream(feed, { customerId: jane, after: feed.customerCursor(jane, 0) });
  await write(given.database, [jane]);
  await take(stream, 1);

  const killer = await given.database.dedicated();
  await killer.session.execute(sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`);
  await killer.transaction(async (tx) => {
    await tx.execute(sql`insert into events (customer_id, seq, id, type, occurred_at)
      select id, seq + 1, gen_random_uuid(), 'CUSTOMER_UPDATED', now() from customers where seq = 1`);
    await tx.execute(sql`update customers set seq = 2 where seq = 1`);
  });
  await killer.close();
  sequencer.poke();

  expect((await take(stream, 1)).map(nameOf)).toEqual([`${jane}:2`]);
  expect((await take(ofJane, 2)).map(nameOf)).toEqual([`${jane}:1`, `${jane}:2`]);
});

test("a pending event that is deleted while it is being stamped leaves no hole", async () => {
  await write(given.database, [jane, john, jane]);
  const deleting = given.database.transaction(async (tx) => {
    await tx.execute(sql`delete from events where seq = 2`);
    node = await givenNode(given);
    await untilStamperWaits();
  });
  await deleting;

  const stream = await feedStream(node!.feed, { after: node!.feed.feedCursor(0) });
  expect((await take(stream, 2)).map(nameOf)).toEqual([`${jane}:1`, `${john}:1`]);
  expect(await logOrder(given.database)).toEqual([`${jane}:1`, `${john}:1`]);
});
let node: Awaited<ReturnType<typeof givenNode>> | undefined;

test("a node that does not lead tells the one that does, however often it is poked, with few notifications", async () => {
  const one = await givenNode(given);
  const stream = await feedStream(one.feed, { after: null });
  await write(given.database, [jane]);
  await take(stream, 1);
  const two = await givenNode(given);
  let hints = 0;
  const ended = new Promise<void>((resolve) => {
    void given.database.listen(pendingChannel, (payload) => (payload === "end" ? resolve() : hints++));
  });
  await write(given.database, [john]);

  for (let poke = 0; poke < 1_000; poke++) two.sequencer.poke();
  await take(stream, 1);
  await given.database.notify(pendingChannel, "end");
  await ended;

  expect(hints).toBeGreaterThanOrEqual(1);
  expect(hints).toBeLessThanOrEqual(2);
});

test("however often it is asked, a bounded sender sends once at once and once more at the end", async () => {
  const sent: number[] = [];
  let asked = 0;
  await new Promise<void>((resolve) => {
    const ask = atMostEvery(1, async () => {
      sent.push(asked);
      if (sent.length === 2) resolve();
    });
    for (asked = 1; asked < 1_000; asked++) ask();
  });
  expect(sent).toEqual([1, 1_000]);
});

test("nothing is stamped, and no position used up, by a write that rolls back", async () => {
  const { feed, sequencer } = await givenNode(given);
  const stream = await feedStream(feed, { after: feed.feedCursor(0) });

  await expect(write(given.database, [jane], { rollBack: true })).rejects.toThrow();
  await write(given.database, [john]);
  sequencer.poke();

  expect((await take(stream, 1)).map((event) => [nameOf(event), event.pos])).toEqual([[`${john}:1`, 1]]);
  expect((await given.database.read.select().from(events)).length).toBe(1);
});

/** Settles when the sequencer has read the pending events and waits for a lock on one of them. */
async function untilStamperWaits(): Promise<void> {
  let waiting = 0;
  while (waiting === 0) {
    // Not in the writing transaction: there the view would show its first answer for ever.
    const rows =
      await given.database.read.execute(sql`select from pg_stat_activity where wait_event_type = 'Lock'
      and datname = current_database() and query like '/* stampPendingEvents */%'`);
    waiting = rows.length;
  }
}
