import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { type Database, openDatabase } from "../../../src/platform/database/database.js";
import { databaseErrorIn } from "../../../src/platform/database/errors.js";
import { createTestDatabase, type TestDatabase } from "../../support/database.js";
import { type ServerProxy, startProxy } from "../../support/proxy.js";

// How long anybody waits for a server, or a way to it, that is gone or stands still; with the bounds as they are shipped.

const goneMs = 5_000;
const stillMs = 1_000;
/** Shorter than the server is given to answer. */
const betweenMs = 400;

let own: TestDatabase;
let proxy: ServerProxy;
let database: Database;

beforeAll(async () => {
  own = await createTestDatabase();
});

beforeEach(async () => {
  proxy = await startProxy(own.connection.host);
  database = openDatabase({ ...own.connection, host: "127.0.0.1", port: proxy.port, password: undefined });
});

afterEach(async () => {
  await proxy.close();
  await database.close();
});

afterAll(() => own.drop());

test("a half-open network: reads, writes and dedicated connections are refused within 5 s, and served after it heals", async () => {
  const dedicated = await database.dedicated();
  await Promise.all([read(), write(), dedicated.session.execute(sql`select 1`)]);
  proxy.partition();
  const waits = await Promise.all([read, write, () => dedicated.session.execute(sql`select 1`)].map(timed));
  for (const { code, ms } of waits) {
    expect(code).toBe("DATABASE_CONNECTION_LOST");
    expect(ms).toBeLessThanOrEqual(goneMs);
  }
  const next = await Promise.all([read, write].map(timed));
  for (const { code, ms } of next) {
    expect(["DATABASE_UNREACHABLE", "DATABASE_BUSY"]).toContain(code);
    expect(ms).toBeLessThanOrEqual(goneMs);
  }
  proxy.heal();
  expect(await read()).toEqual([{ one: 1 }]);
  expect(await write()).toEqual([{ one: 1 }]);
}, 60_000);

test("what is asked for while the server is silent does not pass for a sign of life", async () => {
  await Promise.all(Array.from({ length: 8 }, () => write()));
  proxy.partition();
  const waits: Promise<{ code: string | null; ms: number }>[] = [];
  for (let n = 0; n < 8; n++) {
    waits.push(timed(write));
    await pause(betweenMs);
  }
  for (const { code, ms } of await Promise.all(waits)) {
    expect(code).not.toBeNull();
    expect(ms).toBeLessThanOrEqual(goneMs);
  }
}, 60_000);

test("one connection whose answers get lost is given up, while a statement that is just long is waited for", async () => {
  let deaf: unknown;
  proxy.onRequest = (chunk, client) => {
    if (chunk.includes("deaf")) deaf = client;
    return chunk;
  };
  proxy.onAnswer = (chunk, client) => (client === deaf ? undefined : chunk);
  const long = write(sql`select 1 as one from pg_sleep(4)`);
  const { code, ms } = await timed(() => database.read.execute(sql`select 'deaf'`));
  expect(code).toBe("DATABASE_CONNECTION_LOST");
  expect(ms).toBeLessThanOrEqual(goneMs);
  expect(await long).toEqual([{ one: 1 }]);
}, 60_000);

test("all connections stand still: whoever comes then is refused as busy within a second, in both pools; then all is as before", async () => {
  const [readers, readsEach, writers] = [5, 8, 8];
  const holder = await database.dedicated();
  await holder.session.execute(sql`select pg_advisory_lock(11)`);
  const reads = Array.from({ length: readers * readsEach }, (_, n) =>
    timed(() => database.read.execute(sql`select ${n}::int, pg_advisory_lock_shared(11)`)),
  );
  const writes = Array.from({ length: writers }, () =>
    timed(() => write(sql`select pg_advisory_xact_lock_shared(11)`)),
  );
  const waiting = sql`select count(*)::int as count from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`;
  for (let count: unknown = 0; count !== readers + writers; )
    [{ count } = { count }] = await holder.session.execute(waiting);
  const others = await Promise.all([timed(read), timed(write), timed(write)]);
  for (const { code, ms } of others) {
    expect(code).toBe("DATABASE_BUSY");
    expect(ms).toBeLessThanOrEqual(stillMs);
  }
  await holder.close();
  const codes = (await Promise.all(reads)).map(({ code }) => code);
  const busy = Array(readers * (readsEach - 1)).fill("DATABASE_BUSY");
  expect(codes.sort()).toEqual([...busy, ...Array(readers).fill(null)].sort());
  expect((await Promise.all(writes)).map(({ code }) => code)).toEqual(Array(writers).fill(null));
  expect(await read()).toEqual([{ one: 1 }]);
  expect(await write()).toEqual([{ one: 1 }]);
}, 60_000);

test("all connections that one caller may read on stand still: more of its reads are refused within a second, and others are answered", async () => {
  const [readers, readsEach] = [4, 8];
  const readBy = (callerId: string, text: string) =>
    timed(() => database.readAsSent(text, [], { left: false, callerId }));
  const holder = await database.dedicated();
  await holder.session.execute(sql`select pg_advisory_lock(12)`);
  const reads = Array.from({ length: readers * readsEach }, (_, n) =>
    readBy("slow", `select ${n}, pg_advisory_lock_shared(12)::text`),
  );
  const waiting = sql`select count(*)::int as count from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`;
  for (let count: unknown = 0; count !== readers; )
    [{ count } = { count }] = await holder.session.execute(waiting);
  const [more, other] = await Promise.all([readBy("slow", "select 1"), readBy("other", "select 2")]);
  await holder.close();

  expect(more.code).toBe("DATABASE_BUSY");
  expect(more.ms).toBeLessThanOrEqual(stillMs);
  expect(other.code).toBeNull();
  const codes = (await Promise.all(reads)).map(({ code }) => code);
  const busy = Array(readers * (readsEach - 1)).fill("DATABASE_BUSY");
  expect(codes.sort()).toEqual([...busy, ...Array(readers).fill(null)].sort());
  expect((await readBy("slow", "select 3")).code).toBeNull();
}, 60_000);

test("the server itself gives up a transaction whose client is gone without a word", async () => {
  const settings = sql`select current_setting('idle_in_transaction_session_timeout') as idle,
    current_setting('tcp_keepalives_idle') as probed`;
  expect(await database.transaction((tx) => tx.execute(settings))).toEqual([{ idle: "3s", probed: "0" }]);
});

function read() {
  return database.read.execute(sql`select 1 as one`);
}

function write(statement = sql`select 1 as one`) {
  return database.transaction((tx) => tx.execute(statement));
}

async function timed(work: () => Promise<unknown>): Promise<{ code: string | null; ms: number }> {
  const startedAt = performance.now();
  const code = await work().then(
    () => null,
    (error: unknown) => databaseErrorIn(error)?.code ?? String(error),
  );
  return { code, ms: performance.now() - startedAt };
}
