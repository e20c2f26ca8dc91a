import type { ExecutionResult } from "graphql";
import type { RequestContext } from "../context.js";
import type { BudgetStatus } from "../platform/access/budget.js";
import { countObjects } from "./count-objects.js";

/** What `extensions.cost` tells of every answer; see docs/limits.md. */
export interface AnswerCost {
  /** What was charged before the operation ran. */
  requested: number;
  /** What remains charged, after it: the objects answered. */
  actual: number;
  /** The caller's bucket after this; null: the caller is not limited. */
  throttleStatus: BudgetStatus | null;
}

/** What every operation costs at least; asking what one may still spend costs nothing. */
const minCost = 1;

export interface Price {
  cost: number;
  /** Asks for nothing but what may still be spent. */
  isFree: boolean;
  /** A mutation's price stands: its items were written, whatever was answered. */
  isFixed: boolean;
}

/** Charges an operation before it runs. Throws THROTTLED. */
export async function spend(context: RequestContext, price: Price): Promise<void> {
  const requested = price.isFree ? 0 : Math.max(price.cost, minCost);
  context.charge = { requested, isFixed: price.isFixed };
  try {
    const taken = context.budgets.take(context.caller, requested);
    if (taken instanceof Promise) await taken;
  } catch (refusal) {
    context.charge = { requested: 0, isFixed: false };
    throw refusal;
  }
}

/**
 * Settles what an operation really cost, and tells it. An answer may hold more than was charged, in lists without pages:
 * that is charged too, and the bucket may go below zero. What never ran, because it was wrong, costs the least.
 */
export function settle(context: RequestContext, objects: number | null): AnswerCost {
  const { budgets, caller, charge } = context;
  context.charge = null;
  if (!charge)
    return { requested: minCost, actual: minCost, throttleStatus: budgets.settle(caller, -minCost) };
  const { requested, isFixed } = charge;
  const actual = !isFixed && objects !== null && requested > 0 ? Math.max(objects, minCost) : requested;
  return { requested, actual, throttleStatus: budgets.settle(caller, requested - actual) };
}

/** What is refused before it is charged costs the least. */
export function chargeRefused(context: RequestContext): AnswerCost {
  return settle(context, null);
}

/** The same for a result that is handed on as a value. */
export function withCost(context: RequestContext, result: ExecutionResult): ExecutionResult {
  const cost = settle(context, objectsIn(result.data));
  return { ...result, extensions: { ...result.extensions, cost } };
}

/** Objects below the root of an answer's data. */
export function objectsIn(data: unknown): number {
  return Math.max(countObjects(data) - 1, 0);
}
