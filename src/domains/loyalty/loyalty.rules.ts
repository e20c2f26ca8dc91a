import type { LoyaltyAccountRow, LoyaltyEntryRow, LoyaltyTierRow } from "#schema/loyalty.js";
import type { Refusal } from "../../platform/errors.js";

/** The figures of an account: at any time the sums of its ledger. */
export type Balance = Pick<LoyaltyAccountRow, "pending" | "active" | "earned" | "spent" | "expired">;

/** What a source says: points as a positive number, signed only for ADJUST. */
export interface Movement {
  kind: LoyaltyEntryRow["kind"];
  points: number;
  /** EARN only: the points cannot be spent until an ACTIVATE. */
  pending: boolean;
}

/** What an entry does to the balance; `points` is signed: above zero adds, below zero takes. */
export type Change = Pick<LoyaltyEntryRow, "points" | "pendingDelta" | "activeDelta">;

export const emptyBalance: Balance = { pending: 0, active: 0, earned: 0, spent: 0, expired: 0 };

/**
 * Applies one movement. SPEND and EXPIRE take no more than is active, ACTIVATE no more than is pending: else
 * INSUFFICIENT_POINTS. REVERSE follows the return policy "unlimited": it takes pending points first, since those of a
 * fresh purchase still are, then active ones, below zero where they were already spent. ADJUST is never refused.
 */
export function changeOf(
  balance: Balance,
  { kind, points, pending }: Movement,
): Change | { refusal: Refusal } {
  switch (kind) {
    case "EARN":
      return pending ? change(points, points, 0) : change(points, 0, points);
    case "ACTIVATE":
      return points > balance.pending ? insufficient("pending") : change(points, -points, points);
    case "SPEND":
    case "EXPIRE":
      return points > balance.active ? insufficient("active") : change(-points, 0, -points);
    case "REVERSE": {
      const fromPending = Math.min(points, balance.pending);
      return change(-points, fromPending === 0 ? 0 : -fromPending, fromPending - points);
    }
    case "ADJUST":
      return change(points, 0, points);
  }
}

/**
 * The balance after a change. `earned` is what was ever earned: EARN, pending or not, less REVERSE; neither ADJUST nor
 * what becomes of the points later counts.
 */
export function balanceAfter(balance: Balance, kind: LoyaltyEntryRow["kind"], change: Change): Balance {
  const { points } = change;
  return {
    pending: balance.pending + change.pendingDelta,
    active: balance.active + change.activeDelta,
    earned: balance.earned + (kind === "EARN" || kind === "REVERSE" ? points : 0),
    spent: balance.spent - (kind === "SPEND" ? points : 0),
    expired: balance.expired - (kind === "EXPIRE" ? points : 0),
  };
}

/** The highest tier that so many earned points reach; the lowest one where they reach none. Tiers come by rank. */
export function tierFor(earned: number, tiers: readonly LoyaltyTierRow[]): LoyaltyTierRow {
  const tier = tiers.findLast((candidate) => candidate.earnedFrom <= earned) ?? tiers[0];
  if (!tier) throw new Error("a loyalty programme needs a tier to start from");
  return tier;
}

/** The tier above this one; null at the top. Tiers come by rank. */
export function tierAbove(code: string, tiers: readonly LoyaltyTierRow[]): LoyaltyTierRow | null {
  const at = tiers.findIndex((tier) => tier.code === code);
  return tiers[at + 1] ?? null;
}

/** How many points are still to be earned to reach a tier. */
export function pointsMissing(earned: number, tier: LoyaltyTierRow): number {
  return Math.max(0, tier.earnedFrom - earned);
}

function change(points: number, pendingDelta: number, activeDelta: number): Change {
  return { points, pendingDelta, activeDelta };
}

function insufficient(where: "active" | "pending"): { refusal: Refusal } {
  const message = `points is more than the account has ${where}.`;
  return { refusal: { code: "INSUFFICIENT_POINTS", field: "points", message } };
}
