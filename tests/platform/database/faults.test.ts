import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { type Database, openDatabase } from "../../../src/platform/database/database.js";
import { databaseErrorIn } from "../../../src/platform/database/errors.js";
import { createTestDatabase, type TestDatabase } from "../../support/database.js";
import { type ServerProxy, startProxy } from "../../support/proxy.js";

// Faults on the way to the server. As in transaction.test.ts, an uncaught error fails the running test.

const STATEMENT_TIMEOUT_MS = 300;

let own: TestDatabase;
let proxy: ServerProxy;
let throughProxy: Database;
let direct: Database;

beforeAll(async () => {
  own = await createTestDatabase();
  direct = openDatabase(own.connection);
  await direct.transaction((tx) => tx.execute(sql`create table note (who text primary key)`));
});

beforeEach(async () => {
  proxy = await startProxy(own.connection.host);
  throughProxy = openDatabase(
    { ...own.connection, host: "127.0.0.1", port: proxy.port, password: undefined },
    { readPoolSize: 1, writePoolSize: 1, statementTimeoutMs: STATEMENT_TIMEOUT_MS, acquireTimeoutMs: 1_000 },
  );
  await direct.transaction((tx) => tx.execute(sql`truncate note`));
});

afterEach(async () => {
  await throughProxy.close();
  await proxy.close();
});

afterAll(async () => {
  await direct.close();
  await own.drop();
});

test("a reset connection: what was sent between its error and its end is rejected, later answers belong to their questions", async () => {
  await ask("warm");
  let between: Promise<unknown> = Promise.resolve();
  const first = throughProxy.read.execute(sql`select pg_sleep(0.2)`).catch((error) => {
    between = ask("between").catch((late) => databaseErrorIn(late)?.code ?? late);
    return databaseErrorIn(error)?.code;
  });
  await seen(proxy, "pg_sleep");
  proxy.cut("reset");
  expect(await first).toBe("DATABASE_CONNECTION_LOST");
  expect(["between", "DATABASE_CONNECTION_LOST"]).toContain(await between);
  expect(await Promise.all(["x", "y", "z"].map(ask))).toEqual(["x", "y", "z"]);
});

test("a COMMIT whose answer is lost is reported as unknown, and is not run again", async () => {
  let runs = 0;
  proxy.onRequest = (chunk) => {
    if (chunk.includes("commit\0")) proxy.onAnswer = () => void setImmediate(() => proxy.cut("close"));
    return chunk;
  };
  const outcome = throughProxy.transaction(async (tx) => {
    runs++;
    await tx.execute(sql`insert into note values ('committed')`);
  });
  await expect(outcome).rejects.toMatchObject({ code: "DATABASE_COMMIT_UNKNOWN" });
  expect(runs).toBe(1);
  expect(await direct.read.execute(sql`select who from note`)).toEqual([{ who: "committed" }]);
});

test("a connection that dies while it is being opened is tried again", async () => {
  let dying = 2;
  proxy.onRequest = (chunk) => {
    if (chunk.includes("pg_type") && dying-- > 0) proxy.cut("close");
    return chunk;
  };
  expect(await ask("a")).toBe("a");
});

test("a server that falls silent: the statement is rejected in bounded time, and the connection is not used again", async () => {
  await ask("warm");
  proxy.onAnswer = () => undefined;
  const error = await ask("lost").catch(databaseErrorIn);
  expect(error).toMatchObject({ code: "DATABASE_CONNECTION_LOST", message: "the server does not answer" });
  proxy.onAnswer = (chunk) => chunk;
  expect(await ask("again")).toBe("again");
});

test("no server: refused as unreachable within the waiting bound, and served once it is there", async () => {
  const { port } = proxy;
  await proxy.close();
  const error = await ask("a").catch(databaseErrorIn);
  expect(error).toMatchObject({ code: "DATABASE_UNREACHABLE" });
  proxy = await startProxy(own.connection.host, port);
  expect(await ask("b")).toBe("b");
});

test("a server older than PostgreSQL 15 is refused by name", async () => {
  proxy.onAnswer = (chunk) =>
    Buffer.from(chunk.toString("latin1").replace(/18\d{4}(?=\D)/, "140010"), "latin1");
  const error = await ask("a").catch(databaseErrorIn);
  expect(error).toMatchObject({
    code: "DATABASE_TOO_OLD",
    message: "PostgreSQL 14 is too old: 15 or newer is needed",
  });
});

test("listening resumes after a break, says so, and hears again", async () => {
  let starts = 0;
  const heard: string[] = [];
  const listening = await throughProxy.listen(
    "news",
    (payload) => heard.push(payload),
    () => starts++,
  );
  await direct.notify("news", "one");
  await until(() => heard.length === 1);
  proxy.cut("reset");
  await until(() => starts === 2);
  await direct.notify("news", "two");
  await until(() => heard.length === 2);
  await listening.stop();
  expect([heard, starts]).toEqual([["one", "two"], 2]);
});

test("a dedicated connection tells when it, and its advisory lock, is lost", async () => {
  const tryLock = sql`select pg_try_advisory_lock(7) as held`;
  const holder = await throughProxy.dedicated();
  const rival = await direct.dedicated();
  expect(await holder.session.execute(tryLock)).toEqual([{ held: true }]);
  expect(await rival.session.execute(tryLock)).toEqual([{ held: false }]);
  const lost = new Promise((resolve) => holder.lost.addEventListener("abort", resolve));
  proxy.cut("close");
  await lost;
  await expect(holder.transaction((tx) => tx.execute(tryLock))).rejects.toMatchObject({
    code: "DATABASE_CONNECTION_LOST",
  });
  let held: unknown;
  while (held !== true)
    [{ held } = { held: undefined }] = await rival.session.execute<{ held: boolean }>(tryLock);
  await rival.close();
});

async function ask(word: string): Promise<unknown> {
  const [row] = await throughProxy.read.execute(sql`select ${word} as word`);
  return row?.word;
}

function seen(on: ServerProxy, text: string): Promise<void> {
  return new Promise((resolve) => {
    on.onRequest = (chunk) => {
      if (chunk.includes(text)) resolve();
      return chunk;
    };
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
