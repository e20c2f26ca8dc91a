import { databaseErrorIn } from "../../platform/database/errors.js";
import type { Complete, Target } from "./complete.js";
import type { FieldPlan, Plan } from "./plan.js";

/** The data of an answer that was planned, and how many objects it holds, the root left out. */
export class PlannedAnswer {
  constructor(
    readonly data: Record<string, unknown>,
    readonly objects: number,
  ) {}
}

/** One execution of a plan. It ends with all fields completed, or at the first error. */
export class Run {
  /** Objects made so far, those inside of scalars too. */
  objects = 0;
  private readonly given: Record<string, unknown>[] = [];
  private waiting = 0;
  private ended = false;
  private data: Target | null = null;
  private tell: ((answer: PlannedAnswer | null) => void) | undefined;
  private fail: ((fault: unknown) => void) | undefined;

  constructor(
    readonly context: unknown,
    private readonly variables: Record<string, unknown>,
  ) {}

  /** Null at the first error. Rejects with faults of the database: asking it again would not help. */
  async start(plan: Plan, rootValue: unknown): Promise<PlannedAnswer | null> {
    try {
      this.data = this.fields(plan.root, rootValue);
    } catch {
      this.ended = true;
      return null;
    }
    if (this.waiting === 0) return this.answer();
    return new Promise((resolve, reject) => {
      this.tell = resolve;
      this.fail = reject;
    });
  }

  fields(plans: readonly FieldPlan[], source: unknown): Target {
    this.objects++;
    const target: Target = {};
    for (let i = 0; i < plans.length; i++) {
      const plan = plans[i] as FieldPlan;
      const value = plan.resolve
        ? plan.resolve(source, this.argumentsOf(plan), this.context, plan.info)
        : this.property(source, plan);
      this.put(value, plan.complete, target, plan.key);
    }
    return target;
  }

  /** Puts a value into its place, now or when its promise is kept. */
  put(value: unknown, complete: Complete, target: Target, key: string | number): void {
    if (!isPromise(value)) {
      complete(this, value, target, key);
      return;
    }
    this.waiting++;
    target[key] = undefined; // keeps the place among the others
    value.then(
      (kept) => {
        if (this.ended) return disregard(kept);
        try {
          complete(this, kept, target, key);
          if (--this.waiting === 0) this.endWith(true);
        } catch {
          this.endWith(false);
        }
      },
      (error: unknown) => {
        if (!this.ended && databaseErrorIn(error)) this.fail?.(error);
        this.endWith(false);
      },
    );
  }

  private endWith(isWhole: boolean): void {
    if (this.ended) return;
    this.ended = true;
    this.tell?.(isWhole ? this.answer() : null);
  }

  private answer(): PlannedAnswer {
    return new PlannedAnswer(this.data as Target, this.objects - 1);
  }

  private argumentsOf(plan: FieldPlan): Record<string, unknown> {
    if (plan.fixed) return plan.fixed;
    let given = this.given[plan.index];
    if (!given) {
      given = plan.read(this.variables);
      this.given[plan.index] = given;
    }
    return given;
  }

  /** What graphql-js's default resolver gives. */
  private property(source: unknown, plan: FieldPlan): unknown {
    if ((typeof source !== "object" && typeof source !== "function") || source === null) return undefined;
    const value = (source as Record<string, unknown>)[plan.name];
    if (typeof value !== "function") return value;
    return value.call(source, this.argumentsOf(plan), this.context, plan.info);
  }
}

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | null | undefined)?.then === "function";
}

/** Promises in a list that nobody looks at any more: one that is broken would otherwise end the process as unhandled. */
export function disregard(list: unknown, from = 0): void {
  if (!Array.isArray(list)) return;
  for (let i = from; i < list.length; i++) if (isPromise(list[i])) list[i].then(undefined, () => {});
}
