import {
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInputType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  separateOperations,
  TypeInfo,
  typeFromAST,
  visit,
  visitWithTypeInfo,
} from "graphql";
import type { Caller } from "../platform/access/caller.js";
import { ApiError } from "../platform/errors.js";
import { isPersonal, personalScope } from "../platform/graphql/personal.js";

/** By input type or enum, which of its fields or values some callers may not use. */
export type KeptInputs = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Refuses an operation that filters or sorts by what its caller may not see: which rows come, and in which order, tells it
 * as well as the field does. Looks at the document and at the variables, before anything runs. Throws FORBIDDEN.
 */
export function checkPersonalInputs(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  caller: Pick<Caller, "scopes">,
): void {
  if (caller.scopes.has(personalScope)) return;
  const field = keptInput(personalInputsOf(schema), schema, document, operation, variables);
  if (field === null) return;
  throw new ApiError("FORBIDDEN", `${field} needs the scope ${personalScope}.`, {
    scope: personalScope,
    field,
    http: { status: 403 },
  });
}

/** The first of these inputs that an operation gives, in its document or in the variables as the client sent them; or null. */
export function keptInput(
  kept: KeptInputs,
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): string | null {
  const { written, given } = inputsOf(kept, schema, document, operation);
  let found = written;
  for (const { name, type } of given) found ??= keptIn(kept, type, variables[name]);
  return found;
}

interface Inputs {
  /** The first kept input that the document itself holds. */
  written: string | null;
  /** Variables in which one can come. */
  given: readonly { name: string; type: GraphQLInputType }[];
}

const known = new WeakMap<KeptInputs, WeakMap<OperationDefinitionNode, Inputs>>();

function inputsOf(
  kept: KeptInputs,
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Inputs {
  const ofKept = known.get(kept) ?? new WeakMap<OperationDefinitionNode, Inputs>();
  known.set(kept, ofKept);
  let inputs = ofKept.get(operation);
  if (!inputs) {
    const own = separateOperations(document)[operation.name?.value ?? ""] ?? document;
    const given = (operation.variableDefinitions ?? []).flatMap(({ variable, type: node }) => {
      const type = typeFromAST(schema, node as never);
      return isInputType(type) && leadsTo(kept, type) ? [{ name: variable.name.value, type }] : [];
    });
    inputs = { written: writtenIn(kept, schema, own), given };
    ofKept.set(operation, inputs);
  }
  return inputs;
}

function writtenIn(kept: KeptInputs, schema: GraphQLSchema, document: DocumentNode): string | null {
  const types = new TypeInfo(schema);
  let found: string | null = null;
  const note = (type: { name: string } | undefined, name: string) => {
    if (type && kept.get(type.name)?.has(name)) found ??= `${type.name}.${name}`;
  };
  visit(
    document,
    visitWithTypeInfo(types, {
      ObjectField({ name, value }) {
        // Null compares with nothing: such a field is no condition.
        if (value.kind !== Kind.NULL) note(getNamedType(types.getParentInputType()), name.value);
      },
      EnumValue: ({ value }) => note(getNamedType(types.getInputType()), value),
    }),
  );
  return found;
}

/** The first kept input in the value of a variable, as the client sent it. */
function keptIn(kept: KeptInputs, of: GraphQLInputType, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const type = getNamedType(of);
  const own = kept.get(type.name);
  for (const item of Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : [value]) {
    if (isEnumType(type) && own?.has(item)) return `${type.name}.${item}`;
    if (!isInputObjectType(type) || typeof item !== "object" || item === null) continue;
    for (const field of Object.values(type.getFields())) {
      const inner: unknown = item[field.name];
      if (inner === null || inner === undefined) continue;
      if (own?.has(field.name)) return `${type.name}.${field.name}`;
      const found = leadsTo(kept, field.type) ? keptIn(kept, field.type, inner) : null;
      if (found !== null) return found;
    }
  }
  return null;
}

const personalInputs = new WeakMap<GraphQLSchema, KeptInputs>();

/**
 * By input type or enum, which of its fields or values speak of a personal field: `Customer.displayName` makes
 * `CustomerFilter.displayName` and `CustomerSortField.DISPLAY_NAME` personal.
 */
export function personalInputsOf(schema: GraphQLSchema): KeptInputs {
  let inputs = personalInputs.get(schema);
  if (!inputs) {
    const found = new Map<string, ReadonlySet<string>>();
    for (const type of Object.values(schema.getTypeMap())) {
      if (!isObjectType(type)) continue;
      const fields = Object.values(type.getFields()).filter(isPersonal);
      if (fields.length === 0) continue;
      found.set(`${type.name}Filter`, new Set(fields.map(({ name }) => name)));
      found.set(`${type.name}SortField`, new Set(fields.map(({ name }) => enumNameOf(name))));
    }
    inputs = found;
    personalInputs.set(schema, inputs);
  }
  return inputs;
}

/** `displayName` as the values of enums are written: `DISPLAY_NAME`. */
export function enumNameOf(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** A filter holds itself, in `and`, `or` and `not`: the types on the way are not followed again. */
function leadsTo(kept: KeptInputs, of: GraphQLInputType, on: ReadonlySet<unknown> = new Set()): boolean {
  const type = getNamedType(of);
  if (kept.has(type.name)) return true;
  if (!isInputObjectType(type) || on.has(type)) return false;
  const way = new Set([...on, type]);
  return Object.values(type.getFields()).some((field) => leadsTo(kept, field.type, way));
}
