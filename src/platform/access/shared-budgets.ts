import { sql } from "drizzle-orm";
import { LRUCache } from "lru-cache";
import { budgets } from "#schema/access.js";
import type { Database } from "../database/database.js";
import {
  type Allowance,
  allowanceOf,
  type BudgetStatus,
  type Budgets,
  statusOf,
  throttled,
} from "./budget.js";
import type { Caller } from "./caller.js";

/** Callers whose last known points a node remembers, to tell them with an answer. */
const maxSeen = 100_000;

/** Budgets that all nodes share: one atomic statement per charge, so that two nodes never hand out the same points. */
export class SharedBudgets implements Budgets {
  private readonly seen = new LRUCache<string, number>({ max: maxSeen });
  /** Points to give back or to take behind answers, by caller; what comes while a caller's are written goes together. */
  private readonly owed = new Map<string, number>();

  constructor(
    private readonly database: Database,
    private readonly standard: Allowance,
    private readonly onFault: (error: unknown) => void,
  ) {}

  async take(caller: Caller, points: number): Promise<BudgetStatus | null> {
    const allowance = allowanceOf(caller, this.standard);
    if (!allowance) return null;
    if (points > allowance.maximum) throw throttled(points, statusOf(allowance, allowance.maximum));
    const left = await this.change(caller, allowance, -points, true);
    if (left !== null) return statusOf(allowance, left);
    throw throttled(points, statusOf(allowance, (await this.change(caller, allowance, 0, false)) ?? 0));
  }

  /** Written behind the answer; what is told is what this node knows. */
  settle(caller: Caller, points: number): BudgetStatus | null {
    const allowance = allowanceOf(caller, this.standard);
    if (!allowance) return null;
    const known = this.seen.get(caller.keyId) ?? allowance.maximum;
    if (points !== 0) this.owe(caller, allowance, points);
    return statusOf(allowance, Math.min(known + points, allowance.maximum));
  }

  async status(caller: Caller): Promise<BudgetStatus | null> {
    const allowance = allowanceOf(caller, this.standard);
    if (!allowance) return null;
    return statusOf(allowance, (await this.change(caller, allowance, 0, false)) ?? allowance.maximum);
  }

  private owe(caller: Caller, allowance: Allowance, points: number): void {
    const owed = this.owed.get(caller.keyId);
    this.owed.set(caller.keyId, (owed ?? 0) + points);
    if (owed === undefined) void this.pay(caller, allowance);
  }

  /** One transaction at a time: a client that sends thousands of refused operations does not fill the pool. */
  private async pay(caller: Caller, allowance: Allowance): Promise<void> {
    for (let points = this.owed.get(caller.keyId); points; points = this.owed.get(caller.keyId)) {
      this.owed.set(caller.keyId, 0);
      await this.change(caller, allowance, points, false).catch(this.onFault);
    }
    this.owed.delete(caller.keyId);
  }

  /** The points after the change; null where it would have needed more than there were. */
  private async change(
    { keyId }: Caller,
    { maximum, restoreRate }: Allowance,
    points: number,
    mustHave: boolean,
  ): Promise<number | null> {
    const b = budgets;
    const change = sql`${points}::float8`;
    const most = sql`${maximum}::float8`;
    const filled = sql`least(${b.points} + ${restoreRate}::float8
      * extract(epoch from clock_timestamp() - ${b.filledAt})::float8, ${most})`;
    const [row] = await this.database.transaction((tx) =>
      tx.execute<{ points: number }>(sql`
        insert into ${b} (caller_id, points, filled_at)
        values (${keyId}, least(${most} + ${change}, ${most}), clock_timestamp())
        on conflict (caller_id) do update
          set points = least(${filled} + ${change}, ${most}), filled_at = clock_timestamp()
          where not ${mustHave}::boolean or ${filled} + ${change} >= 0
        returning points`),
    );
    if (!row) return null;
    this.seen.set(keyId, Number(row.points));
    return Number(row.points);
  }
}
