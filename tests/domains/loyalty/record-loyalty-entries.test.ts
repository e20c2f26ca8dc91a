import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { startTestApp, type TestApp } from "../../support/app.js";
import { accountOf, balances, counts, entry, send } from "./ledger.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await app.database.transaction((tx) =>
    tx.execute(sql`insert into rewards (code, name, cost_points) values ('mug', 'A mug', 50)`),
  );
});
afterAll(() => app.stop());

describe("what is recorded", () => {
  test("the first entry opens the account; every entry moves its figures", async () => {
    const results = await send(app, [
      entry("ada", "EARN", 1_200, { occurredAt: "2026-03-02T10:00:00Z" }),
      entry("ada", "EARN", 300, { pending: true, occurredAt: "2026-03-01T10:00:00Z" }),
      entry("ada", "ACTIVATE", 100),
      entry("ada", "SPEND", 50, { reward: "mug" }),
      entry("ada", "EXPIRE", 25),
      entry("ada", "REVERSE", 250),
      entry("ada", "ADJUST", -5),
    ]);
    expect(results.map((result: { outcome: string }) => result.outcome)).toEqual(Array(7).fill("RECORDED"));
    expect(results.map(({ entry }: { entry: Entry }) => deltas(entry))).toEqual([
      [1_200, 0, 1_200],
      [300, 300, 0],
      [100, -100, 100],
      [-50, 0, -50],
      [-25, 0, -25],
      [-250, -200, -50],
      [-5, 0, -5],
    ]);
    expect(await accountOf(app, "ada")).toEqual({
      joinedAt: "2026-03-01T10:00:00Z",
      tier: { code: "silver", name: "Silver" },
      nextTier: { code: "gold" },
      pointsToNextTier: 3_750,
      points: { active: 1_170, pending: 0, earned: 1_250, spent: 50, expired: 25 },
    });
  });

  test("a return takes the tier back, and may leave the points below zero", async () => {
    await send(app, [entry("bob", "EARN", 1_000), entry("bob", "SPEND", 900)]);
    expect((await accountOf(app, "bob")).tier.code).toBe("silver");
    await send(app, [entry("bob", "REVERSE", 1_000)]);
    expect(await accountOf(app, "bob")).toMatchObject({
      tier: { code: "basic" },
      pointsToNextTier: 1_000,
      points: { active: -900, pending: 0, earned: 0, spent: 900, expired: 0 },
    });
  });

  test("an entry that comes late moves joinedAt back; one that comes in time does not move it", async () => {
    await send(app, [entry("cyd", "EARN", 1, { occurredAt: "2026-03-01T10:00:00.5Z" })]);
    await send(app, [entry("cyd", "EARN", 1, { occurredAt: "2026-03-01T10:00:00Z" })]);
    await send(app, [entry("cyd", "EARN", 1, { occurredAt: "2026-03-01T11:00:00Z" })]);
    expect((await accountOf(app, "cyd")).joinedAt).toBe("2026-03-01T10:00:00Z");
  });

  test("each entry is an event of its customer, about the entry, in the order given", async () => {
    const [first, second] = await send(app, [entry("dan", "EARN", 5), entry("dan", "SPEND", 5)]);
    const { data } = await app.execute(`query ($id: ID!) { customer(id: $id) { id } }`, {
      id: first.entry.customer.id,
    });
    const rows = await app.database.read.execute(
      sql`select type, subject_id, seq::int from events where customer_id = ${data.customer.id.slice(4)} order by seq`,
    );
    expect(rows).toEqual([
      { type: "CUSTOMER_CREATED", subject_id: null, seq: 1 },
      { type: "LOYALTY_ENTRY_RECORDED", subject_id: first.entry.id.slice(4), seq: 2 },
      { type: "LOYALTY_ENTRY_RECORDED", subject_id: second.entry.id.slice(4), seq: 3 },
    ]);
    expect([first.cursor, second.cursor]).toEqual([expect.any(String), expect.any(String)]);
  });

  test("points beyond 32 bits are kept exactly", async () => {
    await send(
      app,
      [1, 2, 3].map(() => entry("eve", "EARN", 1_000_000_000)),
    );
    expect((await accountOf(app, "eve")).points.active).toBe(3_000_000_000);
  });
});

describe("what is refused", () => {
  test.each([
    ["INSUFFICIENT_POINTS", "points", { kind: "SPEND" }],
    ["INSUFFICIENT_POINTS", "points", { kind: "EXPIRE" }],
    ["INSUFFICIENT_POINTS", "points", { kind: "ACTIVATE" }],
    ["INVALID_NUMBER", "points", { points: 0 }],
    ["INVALID_NUMBER", "points", { points: -5 }],
    ["INVALID_NUMBER", "points", { kind: "ADJUST", points: 0 }],
    ["INVALID_NUMBER", "points", { points: 1_000_000_001 }],
    ["UNKNOWN_REWARD", "reward", { reward: "yacht" }],
    ["NOT_FOR_THIS_KIND", "pending", { kind: "ADJUST", pending: true }],
    ["NOT_FOR_THIS_KIND", "expiresAt", { kind: "SPEND", expiresAt: "2027-01-01T00:00:00Z" }],
    ["INVALID_DATE", "expiresAt", { expiresAt: "2026-03-01T10:00:00Z" }],
    ["REQUIRED", "sourceRef", { sourceRef: "" }],
    ["AMBIGUOUS_REFERENCE", "customer", { customer: { sourceRef: "x", id: "cus_1" } }],
    ["BAD_ID", "customer.id", { customer: { id: "cus_1" } }],
  ])("%s at %s: %j", async (code, field, wrong) => {
    const before = await counts(app);
    const [result] = await send(app, [{ ...entry("nobody", "EARN", 10), ...wrong }]);
    expect(result).toMatchObject({ outcome: "REJECTED", entry: null, cursor: null, error: { code, field } });
    expect(await counts(app)).toEqual(before);
  });

  test("a refused item takes nothing along: the others apply in order as if it had never been sent", async () => {
    const results = await send(app, [
      entry("fay", "SPEND", 1),
      entry("fay", "EARN", 10),
      entry("fay", "SPEND", 11),
      entry("gus", "EARN", 3, { reward: "yacht" }),
      entry("fay", "SPEND", 10),
      entry("fay", "SPEND", 1),
    ]);
    expect(results.map(({ error }: { error: { code: string } | null }) => error?.code ?? null)).toEqual([
      "INSUFFICIENT_POINTS",
      null,
      "INSUFFICIENT_POINTS",
      "UNKNOWN_REWARD",
      null,
      "INSUFFICIENT_POINTS",
    ]);
    expect((await accountOf(app, "fay")).points).toMatchObject({ active: 0, earned: 10, spent: 10 });
    expect(await accountOf(app, "gus")).toBeUndefined();
  });

  test("a corrected item may be sent again under its own reference", async () => {
    const item = entry("hal", "SPEND", 5);
    expect((await send(app, [item]))[0].outcome).toBe("REJECTED");
    expect((await send(app, [entry("hal", "EARN", 5), item]))[1].outcome).toBe("RECORDED");
  });

  test("a batch of 1,001 is refused whole", async () => {
    const before = await counts(app);
    const entries = Array.from({ length: 1_001 }, () => entry("ian", "EARN", 1));
    await expect(send(app, entries)).rejects.toThrow("BATCH_TOO_LARGE");
    expect(await counts(app)).toEqual(before);
  });
});

describe("twins and crowds", () => {
  test("an entry sent again, alone, in one batch or at the same moment, moves the points once", async () => {
    const item = entry("jan", "EARN", 10);
    const answers = await Promise.all(Array.from({ length: 6 }, () => send(app, [item, item])));
    const outcomes = answers.flat().map((result) => result.outcome);
    expect(outcomes.filter((outcome) => outcome === "RECORDED")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "DUPLICATE")).toHaveLength(11);
    expect(new Set(answers.flat().map((result) => result.entry.id)).size).toBe(1);
    expect((await accountOf(app, "jan")).points.active).toBe(10);
  });

  test("SPENDs of one customer from many batches at once never overdraw", async () => {
    await send(app, [entry("kim", "EARN", 100)]);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => send(app, [entry("kim", "SPEND", 30), entry("kim", "SPEND", 30)])),
    );
    const results = answers.flat();
    expect(results.filter(({ outcome }) => outcome === "RECORDED")).toHaveLength(3);
    expect(results.filter(({ error }) => error?.code === "INSUFFICIENT_POINTS")).toHaveLength(13);
    expect((await accountOf(app, "kim")).points).toMatchObject({ active: 10, spent: 90 });
  });

  test("first entries of one customer from many batches at once open one account", async () => {
    await Promise.all(Array.from({ length: 8 }, () => send(app, [entry("lea", "EARN", 1)])));
    expect((await accountOf(app, "lea")).points.active).toBe(8);
  });

  test("a batch of 1,000 entries of 500 customers takes as many statements as one entry", async () => {
    const one = await statementsOf([entry("mia", "EARN", 1, { reward: "mug" })]);
    const entries = Array.from({ length: 1_000 }, (_, i) =>
      entry(`m-${i % 500}`, "EARN", 2, { reward: "mug" }),
    );
    expect(await statementsOf(entries)).toEqual(one);
    expect((await accountOf(app, "m-7")).points.active).toBe(4);
  });
});

test("balance equals ledger, whatever is recorded in whatever batches, also at the same moment", async () => {
  const moves = fc.record({
    customer: fc.constantFrom("p", "q", "r"),
    kind: fc.constantFrom("EARN", "ACTIVATE", "SPEND", "EXPIRE", "REVERSE", "ADJUST"),
    points: fc.integer({ min: 1, max: 40 }),
    day: fc.integer({ min: 10, max: 28 }),
    pending: fc.boolean(),
  });
  const batches = fc.array(fc.array(moves, { minLength: 1, maxLength: 15 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(batches, async (given) => {
      await Promise.all(
        given.map((batch) =>
          send(
            app,
            batch.map(({ customer, kind, points, day, pending }) =>
              entry(customer, kind, points, {
                occurredAt: `2026-02-${day}T00:00:00Z`,
                ...(kind === "EARN" && { pending }),
              }),
            ),
          ),
        ),
      );
      const rows = await balances(app);
      expect(rows.map((row) => row.ledger)).toEqual(rows.map((row) => row.account));
      expect(rows.filter((row) => !row.joined_first)).toEqual([]);
    }),
    { numRuns: 12 },
  );
});

interface Entry {
  points: number;
  pendingDelta: number;
  activeDelta: number;
}

function deltas({ points, pendingDelta, activeDelta }: Entry) {
  return [points, pendingDelta, activeDelta];
}

async function statementsOf(entries: object[]): Promise<string[]> {
  app.statements.length = 0;
  const results = await send(app, entries);
  expect(results.at(-1).outcome).toBe("RECORDED");
  return app.statements.map((text) => text.slice(0, 60));
}
