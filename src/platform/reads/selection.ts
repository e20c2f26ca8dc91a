import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  isAbstractType,
  Kind,
  type SelectionSetNode,
} from "graphql";

/** Why a document is left to the resolvers. Holds names of the schema, never values. */
export class NotCompiled extends Error {}

/** Fields of one statement: a few times the widest document of our own. Planning a wider one would cost more than it saves. */
const maxFields = 400;

export interface SelectionContext {
  schema: GraphQLSchema;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Coerced; they decide about @skip and @include. Null: nothing is left out. */
  variables: Readonly<Record<string, unknown>> | null;
}

/** Collects fields as GraphQL does. Throws NotCompiled for a document with too many. */
export class Selection {
  private fieldCount = 0;

  constructor(private readonly context: SelectionContext) {}

  /** One entry per response key, in the order of first mention; several mentions bring several selection sets. */
  fieldsOf<T>(
    type: GraphQLObjectType,
    sets: readonly SelectionSetNode[],
    make: (key: string, name: string, nodes: readonly FieldNode[]) => T,
  ): T[] {
    const byKey = new Map<string, FieldNode[]>();
    const seen = new Set<string>();
    for (const set of sets) this.collect(type, set, byKey, seen);
    this.fieldCount += byKey.size;
    if (this.fieldCount > maxFields) throw new NotCompiled(`it selects more than ${maxFields} fields`);
    return [...byKey].map(([key, nodes]) => make(key, (nodes[0] as FieldNode).name.value, nodes));
  }

  private collect(
    type: GraphQLObjectType,
    set: SelectionSetNode,
    byKey: Map<string, FieldNode[]>,
    seen: Set<string>,
  ): void {
    for (const node of set.selections) {
      if (!this.included(node)) continue;
      if (node.kind === Kind.FIELD) {
        const key = node.alias?.value ?? node.name.value;
        const known = byKey.get(key);
        if (known) known.push(node);
        else byKey.set(key, [node]);
        continue;
      }
      const fragment =
        node.kind === Kind.INLINE_FRAGMENT ? node : this.context.fragments.get(node.name.value);
      if (node.kind === Kind.FRAGMENT_SPREAD) {
        if (seen.has(node.name.value)) continue;
        seen.add(node.name.value);
      }
      if (fragment && this.applies(fragment.typeCondition?.name.value, type))
        this.collect(type, fragment.selectionSet, byKey, seen);
    }
  }

  private included(node: SelectionSetNode["selections"][number]): boolean {
    const { variables } = this.context;
    if (!node.directives?.length || !variables) return true;
    const skip = getDirectiveValues(GraphQLSkipDirective, node, variables);
    const include = getDirectiveValues(GraphQLIncludeDirective, node, variables);
    return skip?.if !== true && include?.if !== false;
  }

  private applies(condition: string | undefined, type: GraphQLObjectType): boolean {
    if (condition === undefined || condition === type.name) return true;
    const { schema } = this.context;
    const named = schema.getType(condition);
    return isAbstractType(named) && schema.isSubType(named, type);
  }
}
