import { randomUUID } from "node:crypto";
import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from "graphql";
import type { RequestContext } from "../../context.js";
import type { Place, Step } from "../../cross-domain/live/live-source.js";
import { LiveSubscription } from "../../cross-domain/live/live-subscription.js";
import type { Audience } from "../../platform/database/audience.js";
import { databaseErrorIn, passingFaults } from "../../platform/database/errors.js";
import { maxCost } from "../../platform/limits.js";
import type { Logger } from "../../platform/log.js";
import { executePlanned } from "../executor/execute.js";
import { clientError } from "../operation.js";
import type { LiveRequest } from "./live-request.js";
import { guardedContext, NotShared } from "./shared-context.js";

/** One answer of a subscription, ready to be sent to any number of subscribers. */
export interface LiveResult {
  /** JSON of the execution result. */
  readonly payload: Buffer;
  /** Where to resume after it. */
  readonly cursor: string;
  readonly pos: number;
}

/** What follows one place. */
export interface Entry {
  readonly results: readonly LiveResult[];
  readonly place: Place;
  readonly bytes: number;
  /** There was nothing more to be read. */
  readonly isLatest: boolean;
}

export interface AnswerOptions {
  schema: GraphQLSchema;
  logger: Logger;
  contextOf(request: LiveRequest, requestId: string, audience: Audience): RequestContext;
}

/** What one subscription document answers to events, for one subscriber or for all of an access class. */
export class Answers {
  private opened: Promise<LiveSubscription> | undefined;

  constructor(
    private readonly request: LiveRequest,
    private readonly options: AnswerOptions,
    /** True: whatever belongs to one caller only is kept from resolvers, and ends in NotShared. */
    private readonly shared: boolean,
    private readonly audience: Audience,
  ) {}

  /** The subscription, begun once; after a failure it is begun again. */
  open(): Promise<LiveSubscription> {
    this.opened ??= this.underGuard(async (contextValue) => {
      const opened = await createSourceEventStream({ ...this.args, contextValue });
      if (opened instanceof LiveSubscription) return opened;
      throw (opened as ExecutionResult).errors?.[0] ?? new Error("not a live field");
    });
    this.opened.catch(() => {
      this.opened = undefined;
    });
    return this.opened;
  }

  /** A step's answers together hold no more objects than one answer may. */
  stepSize({ stepSize }: LiveSubscription): number {
    return Math.max(1, Math.min(stepSize, Math.floor(maxCost / Math.max(1, this.request.cost))));
  }

  /**
   * The answers of a step, all in one context: what they have in common is read once. Throws a fault of the database that
   * passes, while `mayWait` says that there is time to ask again.
   */
  of(subscription: LiveSubscription, step: Step, mayWait: boolean): Promise<Entry> {
    return this.underGuard(async (contextValue, requestId) => {
      const results = await Promise.all(
        subscription.roots(step).map(async ({ value, last }): Promise<LiveResult> => {
          const result = await executePlanned({ ...this.args, rootValue: value, contextValue });
          const passing = mayWait && result.errors?.find((error) => isPassing(error));
          if (passing) throw passing;
          return { payload: this.shown(result, requestId), cursor: last.cursor, pos: last.pos };
        }),
      );
      return {
        results,
        place: step.place,
        isLatest: step.events.length < this.stepSize(subscription),
        bytes: results.reduce((sum, { payload }) => sum + payload.length, 0),
      };
    });
  }

  private async underGuard<T>(run: (context: RequestContext, requestId: string) => Promise<T>): Promise<T> {
    const requestId = randomUUID();
    const context = this.options.contextOf(this.request, requestId, this.audience);
    if (!this.shared) return run(context, requestId);
    const guarded = guardedContext(context);
    try {
      return await run(guarded.context, requestId);
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: whatever came out may hold what belongs to one caller
      if (guarded.tripped) throw new NotShared();
    }
  }

  private shown(result: ExecutionResult, requestId: string): Buffer {
    const errors = result.errors?.map((error) => clientError(this.options.logger, requestId, error));
    return Buffer.from(JSON.stringify(errors ? { ...result, errors } : result));
  }

  private get args(): ExecutionArgs {
    const { document, operation, variables } = this.request;
    return {
      schema: this.options.schema,
      document,
      operationName: operation.name?.value ?? null,
      variableValues: variables,
    };
  }
}

/** A fault of the database that passes by itself. */
export function isPassing(fault: unknown): boolean {
  const found = databaseErrorIn(fault);
  return found !== undefined && passingFaults.has(found.code);
}
