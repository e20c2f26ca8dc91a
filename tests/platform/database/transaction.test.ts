import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { openConnection } from "../../../src/platform/database/connection.js";
import { type Database, openDatabase, type Queryable } from "../../../src/platform/database/database.js";
import {
  ConnectionLost,
  DatabaseError,
  databaseErrorIn,
  sqlState,
} from "../../../src/platform/database/errors.js";
import { runTransaction } from "../../../src/platform/database/transaction.js";
import { createTestDatabase } from "../../support/database.js";
import { collectGarbage } from "../../support/garbage.js";

// An uncaught exception or unhandled rejection, by which the driver used to end the process, fails the running test.

let own: Awaited<ReturnType<typeof createTestDatabase>>;
let database: Database;
let other: Database;

beforeAll(async () => {
  own = await createTestDatabase();
  other = openDatabase(own.connection);
  await other.transaction((tx) =>
    tx.execute(sql`create table note (who text primary key, at int not null default 0)`),
  );
});

beforeEach(async () => {
  database = openDatabase(own.connection, { writePoolSize: 2 });
  await other.transaction((tx) => tx.execute(sql`truncate note`));
});

afterEach(async () => {
  await database.close();
});

afterAll(async () => {
  await other.close();
  await own.drop();
});

describe("a transaction", () => {
  test("whose connection is lost as its work ends says that it is lost: nobody was asked to commit", async () => {
    // given
    const connection = await openConnection(own.connection, { statementTimeoutMs: 2_000 });
    const ending = async (tx: Queryable) => {
      await insert(tx, "a");
      connection.lose(new ConnectionLost("gone"));
    };

    // when
    const outcome = runTransaction(connection, ending, { logQuery: () => {} });

    // then
    await expect(outcome).rejects.toMatchObject({ code: "DATABASE_CONNECTION_LOST" });
    expect(await notes()).toEqual([]);
  });

  test("leaves nothing of its outcome in memory, however long its connection lives", async () => {
    // given
    const outcomes: WeakRef<object>[] = [];
    const run = async (ends: (outcome: object) => Promise<object>) => {
      const outcome = {};
      outcomes.push(new WeakRef(outcome));
      await database.transaction(() => ends(outcome)).catch(() => {});
    };

    // when
    await run(async (outcome) => outcome);
    await run(async (outcome) => Promise.reject(outcome));

    // then
    await collectGarbage();
    expect(outcomes.map((outcome) => outcome.deref())).toEqual([undefined, undefined]);
  });

  test("commits its statements together", async () => {
    await database.transaction(async (tx) => {
      await insert(tx, "a");
      await insert(tx, "b");
    });
    expect(await notes()).toEqual(["a", "b"]);
  });

  test("leaves nothing when its work throws, and hands the error on as it is", async () => {
    const refusal = new Error("no");
    const outcome = database.transaction(async (tx) => {
      await insert(tx, "a");
      throw refusal;
    });
    await expect(outcome).rejects.toBe(refusal);
    expect(await notes()).toEqual([]);
  });

  test("refuses to pretend: a failed statement whose error was swallowed rejects the whole", async () => {
    const outcome = database.transaction(async (tx) => {
      await insert(tx, "a");
      await insert(tx, "a").catch(() => {});
    });
    await expect(outcome).rejects.toMatchObject({ code: "DATABASE_TRANSACTION" });
    expect(await notes()).toEqual([]);
  });

  test("keeps what stands outside a nested one that failed", async () => {
    await database.transaction(async (tx) => {
      await insert(tx, "a");
      await tx
        .transaction(async (nested) => {
          await insert(nested, "b");
          await nested.transaction((inner) => insert(inner, "c"));
          throw new Error("only the nested one");
        })
        .catch(() => {});
      await tx.transaction((nested) => insert(nested, "d"));
    });
    expect(await notes()).toEqual(["a", "d"]);
  });

  test("cannot be used after its end", async () => {
    const kept = await database.transaction(async (tx) => tx);
    const late = await insert(kept, "late").catch(databaseErrorIn);
    expect(late).toMatchObject({ code: "DATABASE_TRANSACTION" });
    expect(await notes()).toEqual([]);
  });

  test("runs again from the start after a deadlock, and both parties succeed", async () => {
    await insertAll("x", "y");
    let bothHoldOne = 0;
    let runs = 0;
    const raise = (first: string, second: string) =>
      database.transaction(async (tx) => {
        runs++;
        await tx.execute(sql`update note set at = at + 1 where who = ${first}`);
        bothHoldOne++;
        if (bothHoldOne <= 2) await until(() => bothHoldOne >= 2);
        await tx.execute(sql`update note set at = at + 1 where who = ${second}`);
      });
    await Promise.all([raise("x", "y"), raise("y", "x")]);
    expect(runs).toBe(3);
    expect(await other.read.execute(sql`select who, at from note order by who`)).toEqual([
      { who: "x", at: 2 },
      { who: "y", at: 2 },
    ]);
  });

  test("gives up after eight serialisation failures", async () => {
    let runs = 0;
    const outcome = database.transaction(async (tx) => {
      runs++;
      await tx.execute(sql`do $$ begin raise exception 'again' using errcode = '40001'; end $$`);
    });
    expect(sqlState(await outcome.catch((error) => error))).toBe("40001");
    expect(runs).toBe(8);
  });
});

describe("a dead backend", () => {
  test("mid-query: rejects the transaction and leaves nothing of it", async () => {
    let error: unknown;
    const outcome = database.transaction(async (tx) => {
      await insert(tx, "dead-1");
      const pid = await backendOf(tx);
      const asleep = tx.execute(sql`select pg_sleep(30)`);
      const sleeping = asleep.catch((reason) => {
        error = reason;
      });
      await terminate(pid);
      await sleeping;
      await insert(tx, "dead-2");
    });
    await expect(outcome).rejects.toMatchObject({ code: "DATABASE_CONNECTION_LOST" });
    expect(databaseErrorIn(error)).toMatchObject({ code: "DATABASE_CONNECTION_LOST" });
    expect(await notes()).toEqual([]);
  });

  test("between queries: rejects at once, and later statements of the dead work run nowhere", async () => {
    const gate = newGate();
    let work: Promise<unknown> = Promise.resolve();
    let pid = 0;
    const outcome = database.transaction((tx) => {
      const run = async () => {
        await insert(tx, "dead-1");
        pid = await backendOf(tx);
        await gate.opened;
        await insert(tx, "dead-2");
      };
      work = run();
      return work;
    });
    const rejected = expect(outcome).rejects.toMatchObject({ code: "DATABASE_CONNECTION_LOST" });
    await until(() => pid > 0);
    await terminate(pid);
    await rejected; // although its work still waits for the gate
    const living = openGateDuring(gate, work);
    await Promise.all([living("live-1"), living("live-2"), living("live-3")]);
    expect(databaseErrorIn(await work.catch((error) => error))).toBeInstanceOf(DatabaseError);
    expect(await notes()).toEqual(["live-1", "live-2", "live-3"]);
  });

  test("with statements queued: every one of them settles", async () => {
    let queued: Promise<unknown>[] = [];
    const outcome = database.transaction(async (tx) => {
      const pid = await backendOf(tx);
      queued = [
        sql`select pg_sleep(${30}::int)`,
        sql`insert into note values (${"q1"})`,
        sql`insert into note values ('q2')`,
      ].map((statement) => tx.execute(statement).catch((error) => databaseErrorIn(error)?.code));
      await terminate(pid);
      await Promise.all(queued);
    });
    await expect(outcome).rejects.toMatchObject({ code: "DATABASE_CONNECTION_LOST" });
    expect(await Promise.all(queued)).toEqual(Array(3).fill("DATABASE_CONNECTION_LOST"));
    expect(await notes()).toEqual([]);
  });

  test("does not disturb transactions on other connections", async () => {
    const gate = newGate();
    const neighbour = database.transaction(async (tx) => {
      await insert(tx, "neighbour-1");
      await gate.opened;
      await insert(tx, "neighbour-2");
    });
    const dying = database.transaction(async (tx) => {
      await insert(tx, "dead");
      await terminate(await backendOf(tx));
      await insert(tx, "dead-2");
    });
    await expect(dying).rejects.toMatchObject({ code: "DATABASE_CONNECTION_LOST" });
    gate.open();
    await neighbour;
    expect(await notes()).toEqual(["neighbour-1", "neighbour-2"]);
  });

  test("many times over: the pool is whole afterwards, and no session is left in a transaction", async () => {
    for (let round = 0; round < 20; round++) {
      const dying = database.transaction(async (tx) => {
        await insert(tx, `dead-${round}`);
        const killed = terminate(await backendOf(tx));
        await Promise.all([killed, tx.execute(sql`select pg_sleep(5)`)]);
      });
      const living = database.transaction((tx) => insert(tx, `live-${String(round).padStart(2, "0")}`));
      const outcomes = await Promise.allSettled([dying, living]);
      expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    }
    expect(await notes()).toEqual(
      Array.from({ length: 20 }, (_, round) => `live-${String(round).padStart(2, "0")}`),
    );
    expect(
      await other.read.execute(
        sql`select count(*)::int as idle from pg_stat_activity where datname = current_database() and state like 'idle in%'`,
      ),
    ).toEqual([{ idle: 0 }]);
  });

  test("during reads: pending reads reject, later ones answer their own questions", async () => {
    const [row] = await database.read.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
    const reads = Array.from({ length: 12 }, (_, n) =>
      database.read.execute<{ n: number }>(sql`select ${n}::int as n, pg_sleep(0.05)`),
    );
    const settled = Promise.allSettled(reads);
    await terminate(row?.pid ?? 0);
    for (const [n, outcome] of (await settled).entries()) {
      if (outcome.status === "fulfilled") expect(outcome.value[0]?.n).toBe(n);
      else expect(databaseErrorIn(outcome.reason)).toMatchObject({ code: "DATABASE_CONNECTION_LOST" });
    }
    const later = Array.from({ length: 50 }, (_, n) =>
      database.read.execute<{ n: number }>(sql`select ${n}::int as n`),
    );
    expect((await Promise.all(later)).map(([answer]) => answer?.n)).toEqual(
      Array.from({ length: 50 }, (_, n) => n),
    );
  });
});

async function insert(db: Queryable, who: string): Promise<void> {
  await db.execute(sql`insert into note (who) values (${who})`);
}

async function insertAll(...names: string[]): Promise<void> {
  await other.transaction(async (tx) => {
    for (const who of names) await insert(tx, who);
  });
}

async function notes(): Promise<unknown[]> {
  return (await other.read.execute(sql`select who from note order by who`)).map(({ who }) => who);
}

async function backendOf(db: Queryable): Promise<number> {
  const [row] = await db.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
  return row?.pid ?? 0;
}

/** Returns when the backend is gone. */
async function terminate(pid: number): Promise<void> {
  await other.read.execute(sql`select pg_terminate_backend(${pid}, 5000)`);
}

function newGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** Writers that run while the dead transaction's work goes on: the moment at which it could slip into theirs. */
function openGateDuring(gate: ReturnType<typeof newGate>, deadWork: Promise<unknown>) {
  return (who: string) =>
    database.transaction(async (tx) => {
      await insert(tx, who);
      gate.open();
      await deadWork.catch(() => {});
    });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
