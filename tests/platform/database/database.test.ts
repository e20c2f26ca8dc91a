import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { type Database, openDatabase } from "../../../src/platform/database/database.js";
import { databaseErrorIn, sqlState } from "../../../src/platform/database/errors.js";
import { createTestDatabase, type TestDatabase } from "../../support/database.js";

const ACQUIRE_TIMEOUT_MS = 300;
const STATEMENT_TIMEOUT_MS = 2_000;

let own: TestDatabase;
let database: Database;
let statements: string[];

beforeAll(async () => {
  own = await createTestDatabase();
});

beforeEach(() => {
  statements = [];
  database = openDatabase(own.connection, {
    readPoolSize: 2,
    writePoolSize: 2,
    acquireTimeoutMs: ACQUIRE_TIMEOUT_MS,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    onStatement: (text) => statements.push(text),
  });
});

afterEach(() => database.close());

afterAll(() => own.drop());

describe("sessions", () => {
  test("speak UTC, in both pools", async () => {
    const zone = sql`select current_setting('TimeZone') as zone`;
    expect(await database.read.execute(zone)).toEqual([{ zone: "UTC" }]);
    expect(await database.transaction((tx) => tx.execute(zone))).toEqual([{ zone: "UTC" }]);
  });

  test("report every statement of both pools", async () => {
    await database.read.execute(sql`select 1`);
    await database.transaction((tx) => tx.execute(sql`select ${"two"}`));
    expect(statements).toEqual(["select 1", "select $1"]);
  });

  // Page faults are counted where Linux tells them; elsewhere nothing is shown by this.
  (process.platform === "linux" ? test : test.skip)("keep the memory that their answers take", async () => {
    const answer = async () => {
      const texts = sql`select pg_backend_pid() as pid, string_agg(repeat('x', 1000), '') as text from generate_series(1, 95)`;
      const [row] = (await database.read.execute(texts)) as unknown as [{ pid: number; text: string }];
      expect(row.text.length).toBe(95_000);
      return row.pid;
    };
    const pid = await answer();
    for (let i = 0; i < 20; i++) await answer();
    const before = pageFaultsOf(pid);
    for (let i = 0; i < 100; i++) expect(await answer()).toBe(pid);
    expect(Math.floor((pageFaultsOf(pid) - before) / 100)).toBe(0);
  });

  test("of the read pool refuse to write", async () => {
    const error = await database.read.execute(sql`create table t (id int)`).catch((reason) => reason);
    expect(sqlState(error)).toBe("25006");
  });

  test("cancel a statement at its timeout, and stay usable", async () => {
    const error = await database.read.execute(sql`select pg_sleep(10)`).catch((reason) => reason);
    expect(sqlState(error)).toBe("57014");
    expect(await database.read.execute(sql`select 1 as one`)).toEqual([{ one: 1 }]);
  });

  test("prepare named statements once per connection", async () => {
    const query = database.read
      .select({ n: sql<number>`${sql.placeholder("n")}::int` })
      .from(sql`(select 1) one`)
      .prepare("n_of");
    for (const n of [1, 2, 3]) expect(await query.execute({ n })).toEqual([{ n }]);
    const prepared = sql`select count(*)::int as count from pg_prepared_statements where not from_sql and statement like '%(select 1) one%'`;
    expect(await database.read.execute(prepared)).toEqual([{ count: 1 }]);
  });

  test("a session is replaced before its prepared statements are too long, however few", async () => {
    const pids = new Set<string>();
    const padding = "x".repeat(100_000);
    // There are two sessions at a time; how soon the next one is open, the machine decides.
    for (let i = 0; pids.size <= 2 && i < 1_000; i++) {
      const [row] = await database.readAsSent(`select pg_backend_pid() /* ${i} ${padding} */`, []);
      pids.add(String(row?.[0]));
    }
    expect(pids.size).toBe(3);
  });

  test("a session is replaced before it keeps too many prepared statements, and nobody notices", async () => {
    const bound = 800;
    const texts = Array.from({ length: 3 * bound }, (_, i) => `select ${i}::int, pg_backend_pid()`);
    const pids = new Set<unknown>();
    const width = 10;
    for (let i = 0; i < texts.length; i += width) {
      const answers = await Promise.all(
        texts.slice(i, i + width).map((text) => database.readAsSent(text, [])),
      );
      answers.forEach(([row], n) => {
        expect(String(row?.[0])).toBe(String(i + n));
        pids.add(String(row?.[1]));
      });
      const kept = "select count(*)::int from pg_prepared_statements";
      for (const [row] of [await database.readAsSent(kept, [])])
        expect(Number(row?.[0])).toBeLessThan(bound + width);
    }
    expect(pids.size).toBeGreaterThan(2);
  });
});

describe("waiting", () => {
  test("for a transaction is bounded: DATABASE_BUSY, and the work has not run", async () => {
    const release = newGate();
    const held = [1, 2].map(() => database.transaction(() => release.opened));
    let ran = false;
    const waiting = database.transaction(async () => {
      ran = true;
    });
    await expect(waiting).rejects.toMatchObject({ code: "DATABASE_BUSY" });
    release.open();
    await Promise.all(held);
    expect(ran).toBe(false);
    expect(await database.transaction((tx) => tx.execute(sql`select 1 as one`))).toEqual([{ one: 1 }]);
  });

  test("is first come, first served", async () => {
    const single = openDatabase(own.connection, { writePoolSize: 1 });
    const order: number[] = [];
    await Promise.all(Array.from({ length: 20 }, (_, n) => single.transaction(async () => order.push(n))));
    await single.close();
    expect(order).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  test("behind a slow read is bounded too, and the slow read itself ends well", async () => {
    const slow = [1, 2].map(() => database.read.execute(sql`select pg_sleep(1)`).then());
    await until(() => statements.length === 2);
    const behind = [1, 2, 3].map((n) =>
      database.read.execute(sql`select ${n}`).catch((error) => databaseErrorIn(error)?.code),
    );
    expect(await Promise.all(behind)).toEqual(Array(3).fill("DATABASE_BUSY"));
    expect(await Promise.all(slow)).toHaveLength(2);
    expect(await database.read.execute(sql`select 1 as one`)).toEqual([{ one: 1 }]);
  });

  test("ends when the database is closed; what runs may end first", async () => {
    const release = newGate();
    let started = false;
    const running = database.transaction(async (tx) => {
      started = true;
      await release.opened;
      return tx.execute(sql`select 1 as one`);
    });
    await until(() => started);
    const closing = database.close();
    release.open();
    expect(await running).toEqual([{ one: 1 }]);
    await closing;
    await expect(database.transaction(async () => {})).rejects.toMatchObject({ code: "DATABASE_CLOSED" });
  });
});

describe("what one caller reads", () => {
  const gate = 360;
  const waits = `select pg_advisory_xact_lock_shared(${gate})::text`;
  const by = (callerId: string) => ({ left: false, callerId });
  const connections = 3;
  const places = 8 * (connections - 1);
  let wide: Database;
  beforeEach(() => {
    wide = openDatabase(own.connection, { readPoolSize: connections, acquireTimeoutMs: 10_000 });
  });
  afterEach(() => wide.close());

  const answered = async (text: string, callerId: string) =>
    String((await wide.readAsSent(`select '${text}'`, [], by(callerId)))[0]?.[0]);

  /** While no statement that waits for the gate is answered; then all are. */
  const whileShut = async (work: () => Promise<void>) => {
    await database.transaction(async (tx) => {
      await tx.execute(sql`select pg_advisory_xact_lock(${gate})`);
      await work();
    });
  };

  /** What waited is answered, or refused where the machine is so slow that the gate was shut for long. */
  const expectDone = async (slow: readonly Promise<unknown>[]) => {
    for (const outcome of await Promise.allSettled(slow))
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "DATABASE_BUSY" });
  };

  test("leaves the others a connection, however much it is, and is answered in its turn", async () => {
    const many = Array.from({ length: 3 * places }, (_, n) => n);
    let slow: Promise<unknown>[] = [];
    await whileShut(async () => {
      slow = many.map(() => wide.readAsSent(waits, [], by("slow")));

      expect(await answered("at once", "other")).toBe("at once");
      expect(await answered("of nobody", "")).toBe("of nobody");
      expect(await Promise.all(many.map((n) => answered(`${n}`, "other")))).toEqual(many.map(String));
    });

    await expectDone(slow);
    expect(await Promise.all(many.map((n) => answered(`${n}`, "slow")))).toEqual(many.map(String));
  });

  const pastSlow = () => wide.readAsSent("select pg_sleep(0.2)::text", [], by("third"));

  test("is not followed by what others ask for, in the same turn or when it has run for long", async () => {
    await Promise.all(["one", "two", "three"].map((name) => answered("opens a connection", name)));
    let slow: Promise<unknown>[] = [];
    await whileShut(async () => {
      slow = [wide.readAsSent(waits, [], by("slow"))];
      expect(await answered("same turn", "other")).toBe("same turn");
      slow.push(wide.readAsSent(waits, [], by("slow")));
      await pastSlow();

      const others = Array.from({ length: 3 * places }, (_, n) => `${n}`);
      expect(await Promise.all(others.map((n) => answered(n, "other")))).toEqual(others);
    });

    await expectDone(slow);
  });

  test("keeps nobody from the connection that is left who had to wait behind it", async () => {
    await Promise.all(["one", "two", "three"].map((name) => answered("opens a connection", name)));
    let slow: Promise<unknown>[] = [];
    let behind: Promise<unknown>[] = [];
    await whileShut(async () => {
      slow = [wide.readAsSent(waits, [], by("slow"))];
      await answered("a turn later", "third");
      slow.push(wide.readAsSent(waits, [], by("slow")));
      const onTheLast = pastSlow();
      behind = Array.from({ length: places - slow.length }, (_, n) => answered(`${n}`, "other"));
      await onTheLast;

      expect(await answered("at once", "other")).toBe("at once");
    });

    await expectDone([...slow, ...behind]);
  });

  test("stays within its share on sessions that are worn and take nobody new", async () => {
    await Promise.all(["one", "two", "three"].map((name) => answered("opens a connection", name)));
    const wearing = (n: number) => `select '${n}' /* ${"x".repeat(1_000_000)} */`;
    const slow: Promise<unknown>[] = [];
    await whileShut(async () => {
      for (let n = 0; n < 6; n++) {
        const quick = answered(`${n}`, "slow");
        slow.push(wide.readAsSent(waits, [], by("slow")), wide.readAsSent(wearing(n), [], by("slow")));
        await Promise.race([quick, answered("meanwhile", "other")]);
        await answered("a turn later", "other");
        slow.push(quick);
      }
      const [row] = await database.read.execute(
        sql`select count(*)::int as count from pg_locks where locktype = 'advisory' and objid = ${gate} and not granted`,
      );

      expect(row).toEqual({ count: connections - 1 });
    });

    await expectDone(slow);
  });

  test("is refused beyond a thousand that wait, and the others are not", async () => {
    await Promise.all(["one", "two", "three"].map((name) => answered("opens a connection", name)));
    let slow: Promise<unknown>[] = [];
    await whileShut(async () => {
      slow = Array.from({ length: places + 1_000 }, () => wide.readAsSent(waits, [], by("slow")));
      await expect(answered("one more", "slow")).rejects.toMatchObject({ code: "DATABASE_BUSY" });

      expect(await answered("at once", "other")).toBe("at once");
    });

    await expectDone(slow);
  });
});

describe("whoever leaves", () => {
  let narrow: Database;
  beforeEach(() => {
    narrow = openDatabase(own.connection, { readPoolSize: 1, statementTimeoutMs: 20_000 });
  });
  afterEach(() => narrow.close());

  const untilItRuns = async (text: string) => {
    const look = sql`select 1 from pg_stat_activity where query = ${text} and state = 'active'`;
    while ((await database.read.execute(look)).length === 0);
  };

  test("has their statement cancelled on the server; the one behind it answers", async () => {
    const audience = { left: false };
    const slow = narrow.readAsSent("select pg_sleep(15)", [], audience);
    const behind = narrow.readAsSent("select 'answered'", [], { left: false });
    await untilItRuns("select pg_sleep(15)");
    audience.left = true;

    await expect(slow).rejects.toMatchObject({ code: "DATABASE_ABANDONED" });
    expect(await behind).toEqual([["answered"]]);
    const running = await database.read.execute(
      sql`select 1 from pg_stat_activity where query = 'select pg_sleep(15)' and state = 'active'`,
    );
    expect(running).toEqual([]);
  });

  test("has nothing more sent", async () => {
    const sent = narrow.readAsSent("select 'never sent'", [], { left: true });
    await expect(sent).rejects.toMatchObject({ code: "DATABASE_ABANDONED" });
  });

  const answersSlowly = "select 'answered', pg_sleep(1)";
  const hit = sql`select pg_cancel_backend(pid) as hit from pg_stat_activity
    where query = ${answersSlowly} and state = 'active'`;
  const cancelIt = async () => {
    while (!(await database.read.execute(hit)).some((row) => row.hit));
  };

  test("does no harm to others: a statement that the cancel hits by mistake is sent again", async () => {
    const audience = { left: false };
    const slow = narrow.readAsSent("select pg_sleep(15)", [], audience);
    const innocent = narrow.readAsSent(answersSlowly, [], { left: false });
    await untilItRuns("select pg_sleep(15)");
    audience.left = true;
    await expect(slow).rejects.toMatchObject({ code: "DATABASE_ABANDONED" });
    await cancelIt();
    expect(String((await innocent)[0]?.[0])).toBe("answered");
  });

  test("is not confused with an operator, whose cancel ends a statement", async () => {
    const running = narrow.readAsSent(answersSlowly, [], { left: false });
    const refused = expect(running).rejects.toMatchObject({ code: "57014" });
    await cancelIt();
    await refused;
  });

  test("does not keep a statement from its own time limit", async () => {
    await expect(database.readAsSent("select pg_sleep(15)", [], { left: false })).rejects.toMatchObject({
      code: "57014",
    });
  });
});

describe("parameters", () => {
  test("that cannot be sent harm only their own statement", async () => {
    const ask = (word: unknown) =>
      database.read.execute(sql`select ${sql.param(word)}::text as word`).then(
        ([row]) => row?.word,
        (error) => databaseErrorIn(error)?.code,
      );
    const circular: { itself?: unknown } = {};
    circular.itself = circular;
    const words = ["a", "b", undefined, "c", circular, "d"];
    expect(await Promise.all(words.map(ask))).toEqual([
      "a",
      "b",
      "DATABASE_PARAMETER",
      "c",
      "DATABASE_PARAMETER",
      "d",
    ]);
    expect(await ask("later")).toBe("later");
  });

  test("of every kind arrive as they were sent", async () => {
    const at = new Date("2026-02-03T04:05:06.789Z");
    const [row] = await database.read.execute(sql`select
      ${at}::timestamptz = '2026-02-03 04:05:06.789+00' as date,
      ${true}::boolean as yes, ${false}::boolean as no, ${null}::text as nothing,
      ${12345678901234567890n}::numeric::text as big, ${1.5}::float8 as float,
      ${Buffer.from([0, 255])}::bytea as bytes, ${sql.param({ a: [1, "x"] })}::jsonb as json,
      ${sql.param([at])}::timestamptz[] = array['2026-02-03 04:05:06.789+00'::timestamptz] as dates,
      ${sql.param([true, false])}::boolean[] as flags, ${sql.param([
        [1, 2],
        [3, 4],
      ])}::int[] as matrix,
      ${sql.param([])}::text[] as empty`);
    expect(row).toEqual({
      date: true,
      yes: true,
      no: false,
      nothing: null,
      big: "12345678901234567890",
      float: 1.5,
      bytes: Buffer.from([0, 255]),
      json: { a: [1, "x"] },
      dates: true,
      flags: [true, false],
      matrix: [
        [1, 2],
        [3, 4],
      ],
      empty: [],
    });
  });

  test("arrays of enum values come back as arrays", async () => {
    await database.transaction((tx) => tx.execute(sql`create type mood as enum ('glad', 'so so')`));
    const later = openDatabase(own.connection);
    expect(await later.read.execute(sql`select ${sql.param(["so so", null])}::mood[] as moods`)).toEqual([
      { moods: ["so so", null] },
    ]);
    await later.close();
  });

  test("any array of texts survives the way there and back", async () => {
    const texts = fc.array(fc.option(fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", ""))));
    await fc.assert(
      fc.asyncProperty(texts, async (list) => {
        const [row] = await database.read.execute(sql`select ${sql.param(list)}::text[] as list`);
        expect(row?.list).toEqual(list);
      }),
      { numRuns: 200 },
    );
  });
});

test("a notification reaches every listener of its channel, and no other", async () => {
  const heard: string[] = [];
  const first = await database.listen("news", (payload) => heard.push(`first ${payload}`));
  const second = await database.listen("news", (payload) => heard.push(`second ${payload}`));
  await database.listen('odd "name"', (payload) => heard.push(`odd ${payload}`));
  await database.notify("news", "1");
  await until(() => heard.length === 2);
  await first.stop();
  await database.notify("news", "2");
  await database.notify('odd "name"', "3");
  await until(() => heard.length === 4);
  await second.stop();
  expect(heard).toEqual(["first 1", "second 1", "second 2", "odd 3"]);
});

function newGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Pages that the system has had to give to a process; see proc(5). */
function pageFaultsOf(pid: number): number {
  const line = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(line.slice(line.lastIndexOf(")") + 2).split(" ")[7]);
}
