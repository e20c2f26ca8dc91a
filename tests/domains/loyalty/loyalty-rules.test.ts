import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { LoyaltyTierRow } from "#schema/loyalty.js";
import {
  type Balance,
  balanceAfter,
  changeOf,
  emptyBalance,
  type Movement,
  pointsMissing,
  tierAbove,
  tierFor,
} from "../../../src/domains/loyalty/loyalty.rules.js";

const balance = (figures: Partial<Balance>): Balance => ({ ...emptyBalance, ...figures });
const movement = (kind: Movement["kind"], points: number, pending = false) => ({ kind, points, pending });
const tiers: LoyaltyTierRow[] = [
  { code: "basic", name: "Basic", rank: 0, earnedFrom: 0 },
  { code: "silver", name: "Silver", rank: 1, earnedFrom: 1_000 },
  { code: "gold", name: "Gold", rank: 2, earnedFrom: 5_000 },
];

describe("what a movement does to the balance", () => {
  const before = balance({ active: 100, pending: 30, earned: 130 });
  test.each([
    ["EARN adds active points", movement("EARN", 50), [50, 0, 50]],
    ["EARN adds pending points where it says so", movement("EARN", 50, true), [50, 50, 0]],
    ["ACTIVATE moves pending points to active", movement("ACTIVATE", 30), [30, -30, 30]],
    ["SPEND takes active points, to the last one", movement("SPEND", 100), [-100, 0, -100]],
    ["EXPIRE takes active points", movement("EXPIRE", 40), [-40, 0, -40]],
    ["REVERSE takes pending points first", movement("REVERSE", 20), [-20, -20, 0]],
    ["REVERSE goes on with active points", movement("REVERSE", 50), [-50, -30, -20]],
    ["REVERSE takes more than there is", movement("REVERSE", 200), [-200, -30, -170]],
    ["ADJUST adds active points", movement("ADJUST", 7), [7, 0, 7]],
    ["ADJUST takes active points, more than there are too", movement("ADJUST", -700), [-700, 0, -700]],
  ] as const)("%s", (_, moved, [points, pendingDelta, activeDelta]) => {
    expect(changeOf(before, moved)).toStrictEqual({ points, pendingDelta, activeDelta });
  });

  test.each([
    ["SPEND", 101, "active"],
    ["EXPIRE", 101, "active"],
    ["ACTIVATE", 31, "pending"],
  ] as const)("%s of one point more than there is is refused", (kind, points, where) => {
    expect(changeOf(before, movement(kind, points))).toEqual({
      refusal: {
        code: "INSUFFICIENT_POINTS",
        field: "points",
        message: `points is more than the account has ${where}.`,
      },
    });
  });

  test("nothing can be spent while a return has left the account below zero", () => {
    expect(changeOf(balance({ active: -1 }), movement("SPEND", 1))).toHaveProperty("refusal");
  });

  test("earned counts EARN less REVERSE, and nothing else", () => {
    const moved: Movement[] = [
      movement("EARN", 1_000),
      movement("EARN", 500, true),
      movement("ACTIVATE", 200),
      movement("REVERSE", 400),
      movement("ADJUST", 9_999),
      movement("SPEND", 10),
      movement("EXPIRE", 5),
    ];
    expect(moved.reduce(apply, emptyBalance)).toStrictEqual({
      pending: 0,
      active: 11_084,
      earned: 1_100,
      spent: 10,
      expired: 5,
    });
  });

  test("whatever moves: pending never falls below zero, active only by REVERSE and ADJUST", () => {
    fc.assert(
      fc.property(fc.array(movements, { maxLength: 60 }), (moved) => {
        let now = emptyBalance;
        for (const step of moved) {
          const next = apply(now, step);
          expect(next.pending).toBeGreaterThanOrEqual(0);
          if (!["REVERSE", "ADJUST"].includes(step.kind) && now.active >= 0)
            expect(next.active).toBeGreaterThanOrEqual(0);
          now = next;
        }
      }),
    );
  });
});

describe("tiers", () => {
  test.each([
    [-50, "basic"],
    [0, "basic"],
    [999, "basic"],
    [1_000, "silver"],
    [4_999, "silver"],
    [5_000, "gold"],
    [1_000_000, "gold"],
  ])("%i earned points reach %s", (earned, code) => {
    expect(tierFor(earned, tiers).code).toBe(code);
  });

  test("the tier above, and how far it is", () => {
    const above = tierAbove("basic", tiers) as LoyaltyTierRow;
    expect([above.code, pointsMissing(-50, above), pointsMissing(400, above)]).toEqual([
      "silver",
      1_050,
      600,
    ]);
    expect(tierAbove("gold", tiers)).toBeNull();
  });
});

const movements: fc.Arbitrary<Movement> = fc.record({
  kind: fc.constantFrom("EARN", "ACTIVATE", "SPEND", "EXPIRE", "REVERSE", "ADJUST"),
  points: fc.integer({ min: 1, max: 100 }),
  pending: fc.boolean(),
});

function apply(before: Balance, moved: Movement): Balance {
  const change = changeOf(before, moved);
  return "refusal" in change ? before : balanceAfter(before, moved.kind, change);
}
