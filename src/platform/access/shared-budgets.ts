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
    if (points !== 0) void this.change(caller, allowance, points, false).catch(this.onFault);
    return statusOf(allowance, Math.min(known + points, allowance.maximum));
  }

  async status(caller: Caller): Promise<BudgetStatus | null> {
    const allowance = allowanceOf(caller, this.standard);
    if (!allowance) return null;
    return statusOf(allowance, (await this.change(caller, allowance, 0, false)) ?? allowance.maximum);
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
