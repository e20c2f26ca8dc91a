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
import { decidingVariables, maxVariants } from "../../platform/graphql/selected-fields.js";
import { coerceVariables } from "../../platform/graphql/variables.js";
import { Plan } from "./plan.js";
import { Run } from "./run.js";

interface KnownOperation {
  /** Variables that decide about fields. */
  deciding: readonly string[];
  /** By combination; null where it cannot be planned. */
  plans: Map<string, Plan | null>;
}

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
 * The data of a query, or of one event of a subscription, by a plan that is made once per document; null for whatever has
 * an error, or is no such thing. The loaders keep what was read, so that graphql-js can then run it again for little, and
 * tell the errors in its own words. Rejects with faults of the database.
 */
export async function plannedData(asked: Asked): Promise<Record<string, unknown> | null> {
  const { schema, operation, context } = asked;
  if (operation.operation === OperationTypeNode.MUTATION) return null;
  const coerced = coerceVariables(schema, operation, asked.variables ?? {});
  const plan = coerced && planOf(asked, coerced);
  return plan ? new Run(context, coerced).start(plan, asked.rootValue) : null;
}

/** Like graphql-js's own `execute`, which it is where the plan cannot answer. */
export async function executePlanned(args: ExecutionArgs): Promise<ExecutionResult> {
  const { schema, document, variableValues: variables, contextValue: context, rootValue } = args;
  const operation = getOperationAST(document, args.operationName);
  const asked = operation && { schema, document, operation, variables, context, rootValue };
  const data = asked && (await plannedData(asked).catch(() => null));
  return data ? { data } : execute(args);
}

function planOf({ schema, document, operation }: Asked, variables: Record<string, unknown>): Plan | null {
  let known = operations.get(operation);
  if (!known) {
    known = { deciding: decidingVariables(document), plans: new Map() };
    operations.set(operation, known);
  }
  const variant = known.deciding.map((name) => String(variables[name])).join();
  let plan = known.plans.get(variant);
  if (plan === undefined && known.plans.size < maxVariants) {
    const deciding = Object.fromEntries(known.deciding.map((name) => [name, variables[name]]));
    plan = tryPlan(() => new Plan(schema, document, operation, deciding));
    known.plans.set(variant, plan);
  }
  return plan ?? null;
}

function tryPlan(make: () => Plan): Plan | null {
  try {
    return make();
  } catch {
    return null;
  }
}
