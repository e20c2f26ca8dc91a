import { createHash } from "node:crypto";
import { type DocumentNode, Kind, type OperationDefinitionNode, visit } from "graphql";
import { accessClassOf, type Caller } from "../../platform/access/caller.js";
import { ApiError } from "../../platform/errors.js";
import { maxLiveVariablesLength } from "../../platform/limits.js";

/** One subscriber's operation: checked, and not yet begun. */
export interface LiveRequest {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>>;
  caller: Caller;
  /** Objects that one event may answer. */
  cost: number;
  /** Where to begin, said by the transport; goes before the argument. */
  after?: string | null;
}

/** The variables of a subscription, which are kept as long as it lives: those that it declares. Throws PAYLOAD_TOO_LARGE. */
export function keptVariables(
  { variableDefinitions = [] }: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const names = variableDefinitions.map(({ variable }) => variable.name.value);
  const declared = names.filter((name) => Object.hasOwn(given, name));
  const variables = Object.fromEntries(declared.map((name) => [name, given[name]]));
  if (JSON.stringify(variables).length <= maxLiveVariablesLength) return variables;
  const message = `The variables of a subscription may have at most ${maxLiveVariablesLength} characters.`;
  throw new ApiError("PAYLOAD_TOO_LARGE", message);
}

/** The argument of every live field that says where to begin. */
const cursorArgument = "after";

let documentCount = 0;
const known = new WeakMap<OperationDefinitionNode, { id: number; cursorVariable: string | undefined }>();

/** Requests with the same key get the same events and the same answers from any place on: cursors are no part of it. */
export function sharingKey({ document, operation, variables, caller }: LiveRequest): string {
  let shape = known.get(operation);
  if (!shape) {
    shape = { id: ++documentCount, cursorVariable: cursorVariableOf(document, operation) };
    known.set(operation, shape);
  }
  const { [shape.cursorVariable ?? ""]: _, ...others } = variables;
  const asked = JSON.stringify([shape.id, sorted(others), accessClassOf(caller)]);
  return createHash("sha256").update(asked).digest("base64");
}

/** The variable that is given as cursor and for nothing else. */
function cursorVariableOf(document: DocumentNode, operation: OperationDefinitionNode): string | undefined {
  const [root] = operation.selectionSet.selections;
  if (root?.kind !== Kind.FIELD) return undefined;
  const value = root.arguments?.find(({ name }) => name.value === cursorArgument)?.value;
  if (value?.kind !== Kind.VARIABLE) return undefined;
  let uses = 0;
  visit(document, {
    Variable({ name }) {
      if (name.value === value.name.value) uses++;
    },
  });
  return uses === 2 ? value.name.value : undefined; // its definition, and this use
}

/** The same value with the fields of every object in one order. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}
