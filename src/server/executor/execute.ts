import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  OperationTypeNode,
} from "graphql";
import { LRUCache } from "lru-cache";
import type { RequestContext } from "../../context.js";
import { decidingVariables } from "../../platform/graphql/selected-fields.js";
import { coerceVariables } from "../../platform/graphql/variables.js";
import { selectsPersonal, withheldErrors } from "../withheld.js";
import { Plan } from "./plan.js";
import { type PlannedAnswer, Run } from "./run.js";

interface KnownOperation {
  id: number;
  /** Variables that decide about fields. */
  deciding: readonly string[];
}

/** Fields of all plans together; one takes one to two kilobytes. The bound is against made-up documents and variants. */
const maxPlannedFields = 30_000;
const unplanned = Symbol("cannot be planned");

/** By operation and combination of @skip and @include. */
const plans = new LRUCache<string, Plan | typeof unplanned>({ maxSize: maxPlannedFields });
let operationCount = 0;

const operations = new WeakMap<OperationDefinitionNode, KnownOperation>();

export interface Asked {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>> | null | undefined;
  context: unknown;
  rootValue?: unknown;
}

/**
 * The answer to a query, or to one event of a subscription, by a plan that is made once per document; null for whatever has
 * an error, or is no such thing. The loaders keep what was read, so that graphql-js can then run it again for little, and
 * tell the errors in its own words. Rejects with faults of the database.
 */
export async function plannedAnswer(asked: Asked): Promise<PlannedAnswer | null> {
  const { schema, operation, context } = asked;
  if (operation.operation === OperationTypeNode.MUTATION) return null;
  const coerced = coerceVariables(schema, operation, asked.variables ?? {});
  if (!coerced) return null;
  const { key, plan } = planOf(asked, coerced);
  if (!plan) return null;
  const known = plan.count;
  try {
    return await new Run(context, coerced).start(plan, asked.rootValue);
  } finally {
    // A plan grows as far as answers reach. Taken out first: the cache keeps the size of a value that stays the same.
    if (plan.count > known) {
      plans.delete(key);
      plans.set(key, plan, { size: plan.count });
    }
  }
}

/** Like graphql-js's own `execute`, which it is where the plan cannot answer; with the errors of what is kept back. */
export async function executePlanned(args: ExecutionArgs): Promise<ExecutionResult> {
  const { schema, document, variableValues: variables, contextValue: context, rootValue } = args;
  const operation = getOperationAST(document, args.operationName);
  const asked = operation && { schema, document, operation, variables, context, rootValue };
  const answer = asked && (await plannedAnswer(asked).catch(() => null));
  const result = answer ? { data: answer.data } : await execute(args);
  if (!asked || !selectsPersonal(schema, document)) return result;
  const withheld = withheldErrors(
    { ...asked, caller: (context as RequestContext).caller },
    () => result.data,
  );
  return withheld.length ? { ...result, errors: [...(result.errors ?? []), ...withheld] } : result;
}

function planOf({ schema, document, operation }: Asked, variables: Record<string, unknown>) {
  let known = operations.get(operation);
  if (!known) {
    operationCount++;
    known = { id: operationCount, deciding: decidingVariables(document) };
    operations.set(operation, known);
  }
  const key = `${known.id}|${known.deciding.map((name) => String(variables[name])).join()}`;
  let plan = plans.get(key);
  if (!plan) {
    const deciding = Object.fromEntries(known.deciding.map((name) => [name, variables[name]]));
    plan = tryPlan(() => new Plan(schema, document, operation, deciding)) ?? unplanned;
    plans.set(key, plan, { size: plan === unplanned ? 1 : plan.count + 1 });
  }
  return { key, plan: plan === unplanned ? null : plan };
}

function tryPlan(make: () => Plan): Plan | null {
  try {
    return make();
  } catch {
    return null;
  }
}
