import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { openConnection, type ServerConnection } from "../../../src/platform/database/connection.js";
import { sqlState } from "../../../src/platform/database/errors.js";
import { createTestDatabase, type TestDatabase } from "../../support/database.js";
import { startProgram } from "../../support/program.js";

let own: TestDatabase;
let connection: ServerConnection;

beforeAll(async () => {
  own = await createTestDatabase();
  connection = await openConnection(own.connection, { statementTimeoutMs: 10_000, readOnly: true });
});

afterAll(async () => {
  await connection.end();
  await own.drop();
});

const asRow = (values: unknown[]) => values;

/** The first row of an answer is the driver's to read; those behind it are read here. */
async function bothWays(text: string, parameters: readonly unknown[] = []) {
  const [driver, here] = await Promise.all([
    connection.send(text, parameters, { prepare: true, asArrays: true }),
    connection.send(text, parameters, { prepare: true, rowOf: asRow }),
  ]);
  return { driver: [...driver], here: [...here] };
}

const everyType = `select n, n % 3 = 0 as bool, n::int2, n::int8 * 9000000000, n / 7.0::float8, n / 7.0::numeric,
    (n || '0000000000000000000000000000001')::uuid, date '2026-11-21' + n, timestamptz '2026-11-21 09:30:00.5Z' + n * interval '1 s',
    case when n % 2 = 0 then null else 'سلام ' || n end, '', array[n, null], array['a,b', 'زهرا'], json_build_object('n', n),
    '\\x00ff'::bytea, repeat('é', n * 1000)
  from generate_series(1, 9) as n`;

describe("rows read beside the driver", () => {
  test("are what it would have read: every type, nulls, any script, and of any length", async () => {
    const { driver, here } = await bothWays(everyType);
    expect(here).toHaveLength(9);
    expect(here).toEqual(driver);
  });

  test("hold any text byte for byte", async () => {
    const texts = fc.array(fc.option(fc.string({ unit: "binary", maxLength: 60 })), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(texts, async (given) => {
        const sent = given.map((text) => (text === null ? null : text.toWellFormed().replaceAll("\0", "")));
        const { driver, here } = await bothWays("select unnest($1::text[])", [sent]);
        expect(here).toEqual(driver);
        expect(here.flat()).toEqual(sent);
      }),
      { numRuns: 100 },
    );
  });

  test("stay with their statement where many follow each other unanswered", async () => {
    // given statements of none, one and many rows, read in both ways, with a refused one among them
    const counts = Array.from({ length: 60 }, (_, i) => (i * 7) % 11);
    const text = "select $1::int4 as statement, n from generate_series(1, $2::int4) as n";
    const answers = counts.map((count, i) =>
      connection.send(text, [i, count], {
        prepare: true,
        ...(i % 3 ? { rowOf: asRow } : { asArrays: true }),
      }),
    );
    const refused = connection.send("select 1 / (n - 3) from generate_series(1, 5) as n", [], {
      prepare: true,
      rowOf: asRow,
    });
    const after = connection.send(text, [99, 4], { prepare: true, rowOf: asRow });

    // then
    expect(await refused.catch(sqlState)).toBe("22012");
    for (const [i, answer] of answers.entries())
      expect([...(await answer)]).toEqual(Array.from({ length: counts[i]! }, (_, n) => [i, n + 1]));
    expect([...(await after)]).toEqual([1, 2, 3, 4].map((n) => [99, n]));
  });

  test.each(["asArrays", "objects"])(
    "of a statement that failed among them are not missed by the next: %s",
    async (kind) => {
      // given
      const options = { prepare: true, asArrays: kind === "asArrays" };
      const failing = connection.send("select 1 / (n - 4) as n from generate_series(1, 5) as n", [], options);
      expect(await failing.catch(sqlState)).toBe("22012");

      // when
      const next = await connection.send("select n from generate_series(1, 2) as n", [], options);

      // then
      expect([...next]).toEqual(kind === "asArrays" ? [[1], [2]] : [{ n: 1 }, { n: 2 }]);
    },
  );

  test("are there once where the driver runs a statement again, its prepared plan being stale", async () => {
    // given
    const other = await openConnection(own.connection, { statementTimeoutMs: 10_000 });
    await other.send("create table widened as select n from generate_series(1, 3) as n");
    const read = () => connection.send("select * from widened", [], { prepare: true, rowOf: asRow });
    expect([...(await read())]).toEqual([[1], [2], [3]]);

    // when
    await other.send("alter table widened add column m int default 7");
    const again = await read();

    // then
    expect([...again]).toEqual([
      [1, 7],
      [2, 7],
      [3, 7],
    ]);
    await other.end();
  });

  test("end the connection where no value can be made of them, as the driver does: nothing is half an answer", async () => {
    // given
    const other = await openConnection(own.connection, { statementTimeoutMs: 10_000, readOnly: true });
    const text = "select n from generate_series(1, 9) as n";
    const rowOf = ([n]: unknown[]) => {
      if (n === 5) throw new Error("no fives");
      return n;
    };

    // when
    const failing = other.send(text, [], { prepare: true, rowOf });

    // then
    await expect(failing).rejects.toThrow("no fives");
    expect((await other.whenLost).message).toBe("no fives");
  });
});

describe("rows that nobody has any more", () => {
  test("die young, however they are read: no full collection has to find them", async () => {
    const program = startProgram("tests/platform/database/rows-left-old.ts", {
      CONNECTION: JSON.stringify(own.connection),
    });
    const [told = ""] = /^\{.*\}$/m.exec(await program.printed(/\}\n/)) ?? [];
    const shares = JSON.parse(told) as Record<string, number>;
    expect(Object.keys(shares)).toEqual(["asArrays", "asByteTexts", "rowOf"]);
    for (const share of Object.values(shares)) expect(Math.abs(share)).toBeLessThan(0.25);
  });
});
