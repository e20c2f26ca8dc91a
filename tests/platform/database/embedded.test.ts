import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, expect, test } from "@jest/globals";
import { type ConnectionOptions, openConnection } from "../../../src/platform/database/connection.js";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../../src/platform/database/embedded.js";
import { createTemporaryFolder } from "../../support/temporary-folder.js";

const temporary = createTemporaryFolder();
/** Shared by the tests that do not care for a first start: making a cluster takes most of a test's time. */
const sharedFolder = path.join(temporary.folder, "shared");
let dataFolder = sharedFolder;
let stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops) await stop();
  expect(isRunning()).toBe(false);
  dataFolder = sharedFolder;
  stops = [];
});

afterAll(() => temporary.remove());

test("starts, keeps its data over a stop, and starts again", async () => {
  const first = await start();
  expect(first.adopted).toBe(false);
  await ask(first.connection, "create table kept as select 42 as answer");
  await first.stop();
  expect(isRunning()).toBe(false);
  const second = await start();
  expect(second.adopted).toBe(false);
  expect(await ask(second.connection, "select answer from kept")).toEqual([{ answer: 42 }]);
});

test("is safe by default: durable, UTC, no JIT; reached over a private socket only", async () => {
  const { connection } = await start({});
  const settings = ["fsync", "synchronous_commit", "full_page_writes", "jit", "TimeZone", "listen_addresses"];
  const columns = settings.map((name) => `current_setting('${name}') as "${name}"`);
  expect(await ask(connection, `select ${columns.join(", ")}`)).toEqual([
    {
      fsync: "on",
      synchronous_commit: "on",
      full_page_writes: "on",
      jit: "off",
      TimeZone: "UTC",
      listen_addresses: "",
    },
  ]);
});

test("a server left behind by a killed process is adopted, and stopped by the adopter", async () => {
  const owner = await startInProcess();
  const [before] = await ask(owner.connection, "select pg_postmaster_start_time()::text as at");
  await owner.kill();
  expect(isRunning()).toBe(true);
  const adopter = await start();
  expect(adopter.adopted).toBe(true);
  expect(await ask(adopter.connection, "select pg_postmaster_start_time()::text as at")).toEqual([before]);
});

test("two processes share one server, and the last to leave stops it", async () => {
  const other = await startInProcess();
  const mine = await start();
  expect([other.adopted, mine.adopted]).toEqual([false, true]);
  await other.leave();
  expect(await ask(mine.connection, "select 1 as one")).toEqual([{ one: 1 }]);
  await mine.stop();
  expect(isRunning()).toBe(false);
});

test("several first starts at once end with one server that all of them reach", async () => {
  dataFolder = path.join(temporary.folder, "first");
  const all = await Promise.all([startInProcess(), startInProcess(), start(), start()]);
  expect(all.filter(({ adopted }) => !adopted)).toHaveLength(1);
  const started = await Promise.all(
    all.map(({ connection }) => ask(connection, "select pg_postmaster_start_time()::text as at")),
  );
  expect(new Set(started.map(([row]) => row?.at)).size).toBe(1);
  expect(readdirSync(dataFolder).filter((name) => name.includes("initialising"))).toEqual([]);
});

test("leaving and arriving at the same moment: whoever arrived has a server", async () => {
  for (let round = 0; round < 5; round++) {
    const leaving = await start();
    const [, arrived] = await Promise.all([leaving.stop(), start()]);
    expect(await ask(arrived.connection, "select 1 as one")).toEqual([{ one: 1 }]);
    await arrived.stop();
  }
});

test("a server that was killed is started again, by whoever uses it", async () => {
  let restarts = 0;
  const { connection } = await start({ durable: false, onRestart: () => restarts++ });
  const [before] = await ask(connection, "select pg_postmaster_start_time()::text as at");
  const killed = postmaster();
  process.kill(killed, "SIGKILL");
  await until(() => isReady(pidFile(), killed));
  expect(restarts).toBe(1);
  expect(await ask(connection, "select pg_postmaster_start_time()::text as at")).not.toEqual([before]);
});

test("a pid file left by a server that died with its owner does not stand in the way", async () => {
  const owner = await startInProcess();
  const pid = postmaster();
  await owner.kill();
  process.kill(pid, "SIGKILL");
  const next = await start();
  expect(next.adopted).toBe(false);
  expect(await ask(next.connection, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("an initialisation that was killed half-way leaves nothing that matters", async () => {
  dataFolder = path.join(temporary.folder, "half");
  const unfinished = path.join(dataFolder, "postgres.initialising-1-dead");
  mkdirSync(unfinished, { recursive: true });
  writeFileSync(path.join(unfinished, "PG_VERSION"), "18\n");
  const server = await start();
  expect(await ask(server.connection, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("a setting the server refuses is reported with the server's own words", async () => {
  await expect(start({ settings: { shared_buffers: "much" } })).rejects.toMatchObject({
    code: "EMBEDDED_POSTGRES",
    message: expect.stringContaining('invalid value for parameter "shared_buffers"'),
  });
});

async function start(
  options: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = { durable: false },
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataFolder, ...options });
  stops.push(() => server.stop());
  return server;
}

async function startInProcess() {
  const support = path.resolve("tests/support/typescript-loader.mjs");
  const file = path.resolve("tests/platform/database/embedded-process.ts");
  const child = fork(file, [dataFolder], { execArgv: ["--import", support] });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const leave = async () => {
    if (child.connected) child.send("leave");
    await gone;
  };
  stops.push(leave);
  const { adopted } = await firstMessage(child);
  const connection: ConnectionOptions = {
    host: pidFile()[4] ?? "",
    user: "postgres",
    database: "customer_360",
  };
  const kill = async () => {
    child.kill("SIGKILL");
    await gone;
  };
  return { adopted, connection, leave, kill };
}

async function firstMessage(child: ChildProcess): Promise<{ adopted: boolean }> {
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as { adopted: boolean }));
    child.once("exit", (code) => reject(new Error(`exit ${code}`)));
  });
}

async function ask(connection: ConnectionOptions, statement: string): Promise<Record<string, unknown>[]> {
  const server = await openConnection(connection, { statementTimeoutMs: 5_000 });
  try {
    return [...(await server.send(statement))] as Record<string, unknown>[];
  } finally {
    await server.end();
  }
}

function postmaster(): number {
  return Number(pidFile()[0]);
}

function isRunning(): boolean {
  return pidFile().length > 0;
}

function isReady([pid, ...others]: string[], previous: number): boolean {
  return Number(pid) !== previous && others[6]?.trim() === "ready";
}

/** Lines of postmaster.pid; none while no server holds the folder. */
function pidFile(): string[] {
  const file = path.join(dataFolder, "postgres", "postmaster.pid");
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
