import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { startTestApp, type TestApp } from "../../support/app.js";
import { ask, type Node, nameOf, next, record, requireContiguous, subscriberOf } from "./through-api.js";

/** What docs/live.md publishes and no other test holds, seen through the API of two nodes on one database. */
let one: TestApp;
let two: TestApp;
const closers: (() => unknown)[] = [];
beforeEach(async () => {
  one = await startTestApp();
  two = await startTestApp({ on: one });
  closers.push(
    () => one.stop(),
    () => two.stop(),
  );
}, 60_000);
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function subscriber(node: Node) {
  const client = subscriberOf({ url: node.url, key: node.key });
  closers.push(() => client.close());
  return client;
}

const customers = ["ada", "ben", "cyd"];

/** Ends sessions that have written and not committed yet, so that writes fail at any of their statements, COMMIT too. */
async function killWriters(app: TestApp): Promise<number> {
  const rows = await app.database.read.execute(sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and backend_xid is not null`);
  return rows.length;
}

test("(a) an event exists exactly when its change committed, whatever became of the write's answer", async () => {
  const acknowledged: string[] = [];
  let failed = 0;
  const writer = async (node: Node, name: string) => {
    for (let turn = 0; turn < 25; turn++) {
      const batch = record(node, `${name}-${turn}`, [...customers, ...customers]);
      await batch.then(
        (items) => acknowledged.push(...items.map(({ interaction }) => interaction.id)),
        () => failed++,
      );
    }
  };
  let writing = true;
  const killer = (async () => {
    let killed = 0;
    while (writing) killed += await killWriters(one);
    return killed;
  })();

  await Promise.all([one, two, one, two].map((node, index) => writer(node, `w${index}`)));
  writing = false;
  expect(await killer).toBeGreaterThan(0);

  const changes = await one.database.read.execute<{ id: string }>(
    sql`select id from interactions order by id`,
  );
  const events = await one.database.read.execute<{ id: string }>(sql`
    select subject_id as id from events where type = 'INTERACTION_RECORDED' order by subject_id`);
  expect(failed).toBeGreaterThan(0);
  expect(events.map(({ id }) => id)).toEqual(changes.map(({ id }) => id));
  const stored = new Set(changes.map(({ id }) => id.replaceAll("-", "")));
  expect(acknowledged.filter((id) => !stored.has(id.replace("int_", "").replaceAll("-", "")))).toEqual([]);
  const made = (await one.database.read.execute(sql`select from customers`)).length;
  const seen = await next(subscriber(two).feed(one.services.feed.feedCursor(0)), changes.length + made);
  requireContiguous(seen);
  const seqs = await one.database.read.execute<{ sum: string }>(sql`select sum(seq) from customers`);
  expect(seen).toHaveLength(Number(seqs[0]?.sum));
}, 60_000);

test("(b) (V2) a snapshot and the stream from its liveCursor have each contact once, while both nodes are written to", async () => {
  const [first] = await record(one, "first", ["ada"]);
  const id = first!.interaction.customer.id;
  const SNAPSHOT = `query ($id: ID!) { customer(id: $id) { seq liveCursor interactions(first: 1) { totalCount } } }`;
  let writing = true;
  const writer = async (node: Node, name: string) => {
    for (let turn = 0; writing; turn++) await record(node, `${name}-${turn}`, ["ada", "ben", "ada"]);
  };
  const writers = [writer(one, "one"), writer(two, "two")];
  const joins: { contacts: number; seq: number; stream: AsyncIterator<{ seq: number; type: string }> }[] = [];
  for (let join = 0; join < 12; join++) {
    const { customer } = (await ask(join % 2 ? one : two, SNAPSHOT, { id })).data;
    const stream = subscriber(join % 3 ? one : two).customer(id, customer.liveCursor);
    joins.push({ contacts: customer.interactions.totalCount, seq: customer.seq, stream });
    await next(stream, 1).then(([event]) => expect(event!.seq).toBe(customer.seq + 1));
    joins.at(-1)!.contacts++;
  }
  writing = false;
  await Promise.all(writers);

  const { customer } = (await ask(one, SNAPSHOT, { id })).data;
  for (const { contacts, seq, stream } of joins) {
    const rest = await next(stream, customer.seq - seq - 1);
    expect(rest.map((event) => event.seq)).toEqual(rest.map((_, index) => seq + 2 + index));
    expect(contacts + rest.filter(({ type }) => type === "INTERACTION_RECORDED").length).toBe(
      customer.interactions.totalCount,
    );
  }
}, 60_000);

test("(d) who resumes from an older cursor gets the same events again, under the same (customerId, seq) and cursor", async () => {
  await record(one, "first", customers);
  const start = one.services.feed.feedCursor(0);
  const seen = await next(subscriber(one).feed(start), 6);

  const again = await next(subscriber(two).feed(seen[2]!.cursor), 3);
  const fromStart = await next(subscriber(two).feed(start), 6);

  expect(again).toEqual(seen.slice(3));
  expect(fromStart).toEqual(seen);
  expect(new Set(seen.map(nameOf)).size).toBe(6);
});

test("(c) a stream that asks for some types has them in the order of the whole feed, from any place in it", async () => {
  for (let turn = 0; turn < 5; turn++)
    await record(turn % 2 ? one : two, `t${turn}`, [...customers, `new-${turn}`]);
  const all = await next(subscriber(one).feed(one.services.feed.feedCursor(0)), 28);
  const types = ["CUSTOMER_CREATED"];

  for (const from of [0, 7, 20]) {
    const expected = all.slice(from).filter(({ type }) => types.includes(type));
    const after = from === 0 ? one.services.feed.feedCursor(0) : all[from - 1]!.cursor;
    expect(await next(subscriber(two).feed(after, types), expected.length)).toEqual(expected);
  }
});
