import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from "graphql";
import type { LRUCache } from "lru-cache";
import type { RequestContext } from "../../context.js";
import type { LiveSource, Place, Step } from "../../cross-domain/live/live-source.js";
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
}

/** Who stands somewhere in a group and waits for what follows. */
export interface Follower {
  take(entry: Entry): void;
  /** Nothing follows: the source is over, or has failed. */
  end(fault?: unknown): void;
}

export interface GroupOptions {
  schema: GraphQLSchema;
  logger: Logger;
  contextOf(request: LiveRequest, requestId: string, audience: Audience): RequestContext;
  /** Somebody begins to follow a source: for the audit. */
  onFollowed?(request: LiveRequest, source: LiveSource): void;
  /** Entries of all groups, by group and place: who resumes among many does not cost an execution. */
  recent: LRUCache<string, Entry>;
}

/** How long an event is held back while the database is away, before its failure is delivered as it is. */
const maxHeldMs = 60_000;
const retryMs = 250;

/**
 * Subscribers who asked for the same, and may see the same. A follower is only a place: whatever comes after a place is read
 * and executed once, however many stand there.
 */
export class Group {
  private readonly audience = { left: false };
  private readonly leaving = new AbortController();
  private readonly waiting = new Map<number, Set<Follower>>();
  private readonly id = randomUUID();
  private opened: Promise<LiveSubscription> | undefined;
  private members = 0;

  constructor(
    private readonly request: LiveRequest,
    private readonly options: GroupOptions,
    /** False: it has one member only, and the answers may depend on who that is. */
    private readonly shared: boolean,
    /** Nobody may join any more: it is empty, its source is over, or its answers turned out not to be for all. */
    private readonly onRetired: (fault?: unknown) => void,
  ) {}

  get memberCount(): number {
    return this.members;
  }

  join(): void {
    this.members++;
  }

  leave(follower: Follower, { at }: Place): void {
    this.waiting.get(at)?.delete(follower);
    if (--this.members > 0) return;
    this.audience.left = true;
    this.leaving.abort();
    this.onRetired();
  }

  /** Gives the follower what comes after its place, soon or when it happens. */
  ask(follower: Follower, place: Place): void {
    const known = this.options.recent.get(this.keyOf(place));
    const waiting = this.waiting.get(place.at);
    if (known) queueMicrotask(() => follower.take(known));
    else if (waiting) waiting.add(follower);
    else {
      const first = new Set([follower]);
      this.waiting.set(place.at, first);
      void this.produce(place, first);
    }
  }

  private async produce(place: Place, waiting: Set<Follower>): Promise<void> {
    try {
      const entry = await this.entryAfter(place);
      this.waiting.delete(place.at);
      if (!entry) return this.retire(waiting);
      this.options.recent.set(this.keyOf(place), entry, { size: entry.bytes + 1 });
      for (const follower of waiting) follower.take(entry);
    } catch (fault) {
      this.waiting.delete(place.at);
      this.retire(waiting, fault);
    }
  }

  private retire(waiting: ReadonlySet<Follower>, fault?: unknown): void {
    this.onRetired(fault);
    for (const follower of [...waiting]) follower.end(fault);
  }

  /** A database that is away for a while delays events; it does not turn them into errors. */
  private async entryAfter(place: Place): Promise<Entry | null> {
    const { signal } = this.leaving;
    const givenUpAt = Date.now() + maxHeldMs;
    for (;;) {
      try {
        const subscription = await this.open();
        const step = await subscription.source.step(place, this.stepSize(subscription), signal);
        return step && (await this.execute(subscription, step, Date.now() < givenUpAt));
      } catch (fault) {
        if (signal.aborted) return null;
        if (!isPassing(fault) || Date.now() >= givenUpAt) throw fault;
        await pause(retryMs, undefined, { ref: false });
      }
    }
  }

  /** A step's answers together hold no more objects than one answer may. */
  private stepSize({ stepSize }: LiveSubscription): number {
    return Math.max(1, Math.min(stepSize, Math.floor(maxCost / Math.max(1, this.request.cost))));
  }

  private open(): Promise<LiveSubscription> {
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

  /** All events of a step are answered in one context: what they have in common is read once. */
  private execute(subscription: LiveSubscription, step: Step, mayWait: boolean): Promise<Entry> {
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

  private keyOf({ at }: Place): string {
    return `${this.id}:${at}`;
  }
}

function isPassing(fault: unknown): boolean {
  const found = databaseErrorIn(fault);
  return found !== undefined && passingFaults.has(found.code);
}
