import { randomUUID } from "node:crypto";
import {
  createSourceEventStream,
  type ExecutionResult,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from "graphql";
import { LRUCache } from "lru-cache";
import { LiveSubscription } from "../../cross-domain/live/live-subscription.js";
import { ApiError } from "../../platform/errors.js";
import { FieldCollector, fragmentsOf } from "../../platform/graphql/selected-fields.js";
import { coerceVariables } from "../../platform/graphql/variables.js";
import { graphqlError } from "../operation.js";
import type { Entry } from "./answers.js";
import { Group, type GroupOptions } from "./group.js";
import { type LiveRequest, sharingKey } from "./live-request.js";
import { Member, type Outlet } from "./member.js";
import { NotShared } from "./shared-context.js";

/** Answers kept for those who resume a moment later: 5,000 clients of a node that was restarted. */
const maxRecentBytes = 32 * 1024 * 1024;
/** They are of their moment: kept no longer than a storm of reconnections takes. */
const recentMs = 5_000;

/** A subscription that runs. */
export interface Following {
  /** The subscriber goes; the outlet hears nothing more. */
  leave(): void;
  /** The feed's position of what was sent last; null when nothing was. */
  readonly sentUpTo: number | null;
}

/** Every live subscription of this node, whatever transport it came by. */
export class Hub {
  private readonly groups = new Map<string, Group>();
  /** Operations whose answers depend on who asks, found out by the guard. */
  private readonly personal = new WeakSet<OperationDefinitionNode>();
  private readonly options: GroupOptions;

  constructor(options: Omit<GroupOptions, "recent">) {
    const recent = new LRUCache<string, Entry>({ maxSize: maxRecentBytes, ttl: recentMs });
    this.options = { ...options, recent };
  }

  /** Subscriptions that run. */
  get followerCount(): number {
    let count = 0;
    for (const group of this.groups.values()) count += group.memberCount;
    return count;
  }

  /** Begins a subscription, or tells why it cannot be. `signal` ends it before it has begun. */
  async follow(
    request: LiveRequest,
    outlet: Outlet,
    signal: AbortSignal,
  ): Promise<Following | ExecutionResult> {
    const { schema, contextOf, onFollowed } = this.options;
    try {
      if (isLeftOut(schema, request)) throw leftOut();
      const started = await createSourceEventStream({
        schema,
        document: request.document,
        operationName: request.operation.name?.value ?? null,
        variableValues: request.variables,
        contextValue: contextOf(request, randomUUID(), { left: false }),
      });
      if (!(started instanceof LiveSubscription)) throw (started as ExecutionResult).errors?.[0];
      const place = await started.source.start(request.after ?? started.after, signal);
      onFollowed?.(request, started.source);
      return new Member(this.groupOf(request), place, outlet, () => this.alone(request));
    } catch (error) {
      return { errors: [graphqlError(error)] };
    }
  }

  private groupOf(request: LiveRequest): Group {
    const { operation } = request;
    if (this.personal.has(operation)) return this.alone(request);
    const key = sharingKey(request);
    const known = this.groups.get(key);
    if (known) return known;
    const group = new Group(request, this.options, true, (fault) => {
      if (fault instanceof NotShared) this.personal.add(operation);
      if (this.groups.get(key) === group) this.groups.delete(key);
    });
    this.groups.set(key, group);
    return group;
  }

  private alone(request: LiveRequest): Group {
    return new Group(request, this.options, false, () => {});
  }
}

/** Whether @skip or @include takes away the one field of a subscription: graphql-js fails where it looks for it. */
function isLeftOut(schema: GraphQLSchema, { document, operation, variables }: LiveRequest): boolean {
  const root = schema.getSubscriptionType();
  const coerced = coerceVariables(schema, operation, variables);
  if (!root || !coerced) return false;
  return new FieldCollector(schema, fragmentsOf(document), coerced).fieldsOf(root, [operation]).size === 0;
}

function leftOut(): ApiError {
  return new ApiError("BAD_USER_INPUT", "A directive leaves out the field that is to be followed.");
}
