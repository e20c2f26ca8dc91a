import { LRUCache } from "lru-cache";
import { ApiError } from "../errors.js";
import type { Caller } from "./caller.js";

/** A bucket of points: what it holds at most, and what flows back into it each second. */
export interface Allowance {
  readonly maximum: number;
  readonly restoreRate: number;
}

/** What clients are told of their bucket. Below zero: an answer was larger than its operation was priced. */
export interface BudgetStatus extends Allowance {
  readonly available: number;
}

/** A bucket per caller, charged before an operation runs. The key of the environment has none. */
export interface Budgets {
  /** Takes points, or throws THROTTLED and takes nothing. Null: the caller is not limited. */
  take(caller: Caller, points: number): BudgetStatus | null | Promise<BudgetStatus | null>;
  /** Gives points back; a negative number takes more, whether or not they are there. */
  settle(caller: Caller, points: number): BudgetStatus | null;
  status(caller: Caller): BudgetStatus | null | Promise<BudgetStatus | null>;
}

/** Buckets of one node. Beyond it the longest unused is forgotten, which by then is full again. */
const maxBuckets = 100_000;

interface Bucket {
  points: number;
  atMs: number;
}

/** Budgets in the memory of one node: exact there, and each node of several has its own. */
export class NodeBudgets implements Budgets {
  private readonly buckets = new LRUCache<string, Bucket>({ max: maxBuckets });

  constructor(
    private readonly standard: Allowance,
    private readonly now: () => number = () => performance.now(),
  ) {}

  take(caller: Caller, points: number): BudgetStatus | null {
    const allowance = allowanceOf(caller, this.standard);
    if (!allowance) return null;
    const bucket = this.filled(caller, allowance);
    if (bucket.points < points) throw throttled(points, statusOf(allowance, bucket.points));
    bucket.points -= points;
    return statusOf(allowance, bucket.points);
  }

  settle(caller: Caller, points: number): BudgetStatus | null {
    const allowance = allowanceOf(caller, this.standard);
    if (!allowance) return null;
    const bucket = this.filled(caller, allowance);
    bucket.points = Math.min(bucket.points + points, allowance.maximum);
    return statusOf(allowance, bucket.points);
  }

  status(caller: Caller): BudgetStatus | null {
    return this.settle(caller, 0);
  }

  private filled(caller: Caller, { maximum, restoreRate }: Allowance): Bucket {
    const atMs = this.now();
    let bucket = this.buckets.get(caller.keyId);
    if (!bucket) {
      bucket = { points: maximum, atMs };
      this.buckets.set(caller.keyId, bucket);
    }
    bucket.points = Math.min(bucket.points + ((atMs - bucket.atMs) / 1_000) * restoreRate, maximum);
    bucket.atMs = atMs;
    return bucket;
  }
}

/** Null for a caller who is not limited. */
export function allowanceOf({ keyId, allowance }: Caller, standard: Allowance): Allowance | null {
  if (keyId === "admin") return null;
  return allowance ? { ...standard, ...allowance } : standard;
}

export function statusOf({ maximum, restoreRate }: Allowance, points: number): BudgetStatus {
  return { maximum, available: Math.floor(points), restoreRate };
}

/** The refusal, with the time at which the same operation fits; one that never does is too expensive. */
export function throttled(points: number, { maximum, available, restoreRate }: BudgetStatus): ApiError {
  if (points > maximum) {
    const message = `This operation costs ${points} points; the budget of this key holds ${maximum}.`;
    return new ApiError("TOO_EXPENSIVE", message, { cost: points, maxCost: maximum, http: { status: 400 } });
  }
  const retryAfterMs = Math.ceil(((points - available) / restoreRate) * 1_000);
  const retryAfterSeconds = Math.ceil(retryAfterMs / 1_000);
  const message = `The budget of this key is used up: ${points} points are asked for, ${available} are there. Try again in ${retryAfterSeconds} s.`;
  return new ApiError("THROTTLED", message, {
    requested: points,
    available,
    maximum,
    restoreRate,
    retryAfterMs,
    http: { status: 429, headers: new Map([["retry-after", String(retryAfterSeconds)]]) },
  });
}
