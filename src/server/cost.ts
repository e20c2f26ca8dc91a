import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
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
  type SelectionSetNode,
  valueFromASTUntyped,
} from "graphql";
import { ApiError } from "../platform/errors.js";
import { defaultPageSize, maxCost, maxNodeIds, maxPageSize } from "../platform/limits.js";

/** Lists without a page (items of an order, identities) have about as many members. */
const listSize = 10;

/** Refuses an operation that could answer more objects than one answer may hold. Throws TOO_EXPENSIVE. */
export function checkCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): void {
  const cost = costOf(schema, document, operation, variables);
  if (cost <= maxCost) return;
  const message = `This operation could answer ${cost} objects; ${maxCost} are allowed. Ask for smaller pages or fewer levels.`;
  throw new ApiError("TOO_EXPENSIVE", message, { cost, maxCost, http: { status: 400 } });
}

/** The objects that an operation can answer at most: each page with its size, times what hangs on each member. */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): number {
  const defaults = (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
    defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)]] : [],
  );
  const walk = new CostWalk(schema, document, { ...Object.fromEntries(defaults), ...variables });
  const root = schema.getRootType(operation.operation);
  return root ? walk.selections(root, operation.selectionSet) : 0;
}

class CostWalk {
  private readonly fragments: Map<string, FragmentDefinitionNode>;
  /** What one use of a fragment costs: each is walked once, however often it is spread. */
  private readonly known = new Map<string, number>();

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly variables: Readonly<Record<string, unknown>>,
  ) {
    this.fragments = new Map(
      document.definitions.flatMap((node) =>
        node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
      ),
    );
  }

  selections(parent: GraphQLCompositeType, set: SelectionSetNode): number {
    let cost = 0;
    for (const node of set.selections) {
      if (node.kind === Kind.FIELD) cost += this.field(parent, node);
      else if (node.kind === Kind.INLINE_FRAGMENT) {
        cost += this.inside(parent, node.typeCondition?.name.value, node.selectionSet);
      } else cost += this.fragment(parent, node.name.value);
    }
    return cost;
  }

  private field(parent: GraphQLCompositeType, node: FieldNode): number {
    const field =
      isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[node.name.value] : undefined;
    const type = field && getNamedType(field.type);
    if (!field || !node.selectionSet || !isCompositeType(type)) return 0;
    return this.size(parent, field, node) * (1 + this.selections(type, node.selectionSet));
  }

  private size(parent: GraphQLCompositeType, field: GraphQLField<unknown, unknown>, node: FieldNode): number {
    if (field.args.some(({ name }) => name === "first")) {
      const asked = this.argument(node, "first") ?? this.argument(node, "last") ?? defaultPageSize;
      return Math.min(Math.max(Number(asked) || 0, 1), maxPageSize);
    }
    // A connection's members are counted with the connection.
    if (!isListType(getNullableType(field.type)) || parent.name.endsWith("Connection")) return 1;
    return field.args.some(({ name }) => name === "ids") ? maxNodeIds : listSize;
  }

  private argument(node: FieldNode, name: string): unknown {
    const argument: ArgumentNode | undefined = node.arguments?.find((given) => given.name.value === name);
    return argument && valueFromASTUntyped(argument.value, this.variables);
  }

  private fragment(parent: GraphQLCompositeType, name: string): number {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const fragment = this.fragments.get(name);
    const cost = fragment ? this.inside(parent, fragment.typeCondition.name.value, fragment.selectionSet) : 0;
    this.known.set(name, cost);
    return cost;
  }

  private inside(parent: GraphQLCompositeType, typeName: string | undefined, set: SelectionSetNode): number {
    const type = typeName ? this.schema.getType(typeName) : parent;
    return isCompositeType(type) ? this.selections(type, set) : 0;
  }
}
