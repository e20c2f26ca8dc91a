import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  valueFromASTUntyped,
} from "graphql";
import { ApiError } from "../platform/errors.js";
import { type Fragments, fragmentsOf } from "../platform/graphql/selected-fields.js";
import { defaultPageSize, maxBatchItems, maxCost, maxPageSize } from "../platform/limits.js";
import { rootFieldsOf } from "./root-fields.js";
import type { Price } from "./spending.js";

/** Lists without a page (items of an order, identities) have about as many members; what goes beyond is charged after. */
const listSize = 10;
/** What one may ask without paying for it: what one may still spend. */
const freeFields: readonly string[] = ["rateLimit", "__typename"];

/** What an operation is charged before it runs. Throws TOO_EXPENSIVE. */
export function priceOf(...asked: Parameters<typeof checkCost>): Price {
  const [, document, operation] = asked;
  let shape = shapes.get(operation);
  if (!shape) {
    const names = rootFieldsOf(document, operation.selectionSet).map(({ name }) => name.value);
    shape = {
      isFixed: operation.operation === OperationTypeNode.MUTATION,
      // Once: each that is asked may be a transaction (shared-budgets.ts).
      isFree:
        names.filter((name) => name === "rateLimit").length === 1 &&
        names.every((name) => freeFields.includes(name)),
    };
    shapes.set(operation, shape);
  }
  return { cost: checkCost(...asked), ...shape };
}

const shapes = new WeakMap<OperationDefinitionNode, Omit<Price, "cost">>();

/** The cost of an operation. Throws TOO_EXPENSIVE for one that could answer more objects than one answer may hold. */
export function checkCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): number {
  const cost = costOf(schema, document, operation, variables);
  if (cost <= maxCost) return cost;
  const message = `This operation could answer ${cost} objects; ${maxCost} are allowed. Ask for smaller pages or fewer levels.`;
  throw new ApiError("TOO_EXPENSIVE", message, { cost, maxCost, http: { status: 400 } });
}

/** What is not sent is not there: a variable may be called like a method of objects. */
type Variables = Readonly<Record<string, unknown>>;
/** A cost, or how it follows from the variables. */
type Cost = number | ((given: Given) => number);

interface Given {
  variables: Variables;
  /** What one use of a fragment costs with these variables: each is worked out once, however often it is spread. */
  fragments: Map<string, number>;
}

interface KnownCost {
  defaults: Variables;
  cost: Cost;
}

const known = new WeakMap<OperationDefinitionNode, KnownCost>();

/** The objects that an operation can answer at most: each page with its size, times what hangs on each member. */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): number {
  let worked = known.get(operation);
  if (!worked) {
    worked = { defaults: defaultsOf(operation), cost: formulaOf(schema, document, operation) };
    known.set(operation, worked);
  }
  const { defaults, cost } = worked;
  return typeof cost === "number"
    ? cost
    : cost({ variables: Object.assign(Object.create(null), defaults, variables), fragments: new Map() });
}

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Variables {
  return Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)]] : [],
    ),
  );
}

function formulaOf(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Cost {
  const items =
    operation.operation === OperationTypeNode.MUTATION
      ? rootFieldsOf(document, operation.selectionSet).map(itemsOf)
      : [];
  const walk = new CostWalk(schema, document, items);
  const root = schema.getRootType(operation.operation);
  return root ? sum([walk.selections(root, operation.selectionSet), ...items]) : 0;
}

/** Works the cost out as far as it does not depend on variables. */
class CostWalk {
  private readonly fragments: Fragments;
  /** What one use of a fragment costs: each is walked once, however often it is spread. */
  private readonly known = new Map<string, Cost>();

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    /** What the fields of a mutation write. */
    private readonly items: readonly Cost[] = [],
  ) {
    this.fragments = fragmentsOf(document);
  }

  selections(parent: GraphQLCompositeType, set: SelectionSetNode): Cost {
    return sum(
      set.selections.map((node) => {
        if (node.kind === Kind.FIELD) return this.field(parent, node);
        if (node.kind === Kind.FRAGMENT_SPREAD) return this.fragment(parent, node.name.value);
        return this.inside(parent, node.typeCondition?.name.value, node.selectionSet);
      }),
    );
  }

  private field(parent: GraphQLCompositeType, node: FieldNode): Cost {
    const field = this.definitionOf(parent, node.name.value);
    const type = field && getNamedType(field.type);
    if (!field || !node.selectionSet || !isCompositeType(type)) return 0;
    const size = isResults(parent, field) ? greatest(this.items) : sizeOf(parent, field, node);
    const member = this.selections(type, node.selectionSet);
    if (typeof size === "number" && typeof member === "number") return size * (1 + member);
    return (given) => costWith(size, given) * (1 + costWith(member, given));
  }

  /** Introspection costs like everything else. */
  private definitionOf(
    parent: GraphQLCompositeType,
    name: string,
  ): GraphQLField<unknown, unknown> | undefined {
    if (parent === this.schema.getQueryType()) {
      if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
      if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
    }
    return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
  }

  private fragment(parent: GraphQLCompositeType, name: string): Cost {
    const walked = this.known.get(name);
    if (walked !== undefined) return walked;
    const fragment = this.fragments[name];
    const cost = fragment ? this.inside(parent, fragment.typeCondition.name.value, fragment.selectionSet) : 0;
    const once = typeof cost === "number" ? cost : workedOutOnce(name, cost);
    this.known.set(name, once);
    return once;
  }

  private inside(parent: GraphQLCompositeType, typeName: string | undefined, set: SelectionSetNode): Cost {
    const type = typeName ? this.schema.getType(typeName) : parent;
    return isCompositeType(type) ? this.selections(type, set) : 0;
  }
}

function sizeOf(parent: GraphQLCompositeType, field: GraphQLField<unknown, unknown>, node: FieldNode): Cost {
  if (field.args.some(({ name }) => name === "first")) {
    const [first, last] = [argumentOf(node, "first"), argumentOf(node, "last")];
    const size = (variables: Variables) => {
      const asked = first(variables) ?? last(variables);
      // Anything else is refused before it is read.
      return typeof asked === "number" ? Math.min(Math.max(asked, 1), maxPageSize) : defaultPageSize;
    };
    const varies = node.arguments?.some(
      ({ name, value }) => /^(first|last)$/.test(name.value) && value.kind === Kind.VARIABLE,
    );
    return varies ? ({ variables }) => size(variables) : size({});
  }
  // A connection's members are counted with the connection.
  if (!isListType(getNullableType(field.type)) || parent.name.endsWith("Connection")) return 1;
  const named = field.args.find(({ name }) => name === "ids" || name === "representations");
  if (!named) return listSize;
  const members = argumentOf(node, named.name);
  return ({ variables }) => [members(variables)].flat().length;
}

/** The list of a mutation's payload that says of each item what became of it. */
function isResults(parent: GraphQLCompositeType, { name, type }: GraphQLField<unknown, unknown>): boolean {
  return name === "results" && parent.name.endsWith("Payload") && isListType(getNullableType(type));
}

/** How many items one field of a mutation writes: the longest list of its input, or the input itself. */
function itemsOf(node: FieldNode): Cost {
  const input = argumentOf(node, "input");
  return ({ variables }) => {
    const lists = Object.values(Object(input(variables))).filter(Array.isArray);
    // A longer batch is refused by its own bound, which tells the client more.
    return Math.min(Math.max(1, ...lists.map(({ length }) => length)), maxBatchItems);
  };
}

function argumentOf(node: FieldNode, name: string): (variables: Variables) => unknown {
  const argument: ArgumentNode | undefined = node.arguments?.find((given) => given.name.value === name);
  return (variables) => argument && valueFromASTUntyped(argument.value, variables);
}

function sum(costs: readonly Cost[]): Cost {
  const fixed = costs.reduce<number>((all, cost) => all + (typeof cost === "number" ? cost : 0), 0);
  const others = costs.filter((cost) => typeof cost === "function");
  if (others.length === 0) return fixed;
  return (given) => others.reduce((all, cost) => all + cost(given), fixed);
}

function greatest(costs: readonly Cost[]): Cost {
  return (given) => Math.max(1, ...costs.map((cost) => costWith(cost, given)));
}

function workedOutOnce(fragment: string, cost: (given: Given) => number): Cost {
  return (given) => {
    const known = given.fragments.get(fragment) ?? cost(given);
    given.fragments.set(fragment, known);
    return known;
  };
}

function costWith(cost: Cost, given: Given): number {
  return typeof cost === "number" ? cost : cost(given);
}
