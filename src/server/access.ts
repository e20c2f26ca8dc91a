import {
  type DocumentNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { publicField, type Scope } from "../platform/access/scopes.js";
import { type Fragments, fragmentsOf } from "../platform/graphql/selected-fields.js";

/** A scope that an operation needs, and the first field that needs it. */
export interface Requirement {
  scope: Scope;
  field: string;
}

const known = new WeakMap<OperationDefinitionNode, readonly Requirement[]>();

/**
 * Every scope that an operation needs: what its fields declare, and what the types declare whose fields it selects.
 * Directives are ignored, so that a variable cannot decide about access. Worked out once per document.
 */
export function requirementsOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): readonly Requirement[] {
  const cached = known.get(operation);
  if (cached) return cached;
  const walk = new Walk(schema, document);
  const root = schema.getRootType(operation.operation);
  if (root) walk.selections(root, operation.selectionSet);
  const requirements = [...walk.found].map(([scope, field]) => ({ scope, field }));
  known.set(operation, requirements);
  return requirements;
}

class Walk {
  readonly found = new Map<Scope, string>();
  private readonly fragments: Fragments;
  private readonly seen = new Set<string>();

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
  ) {
    this.fragments = fragmentsOf(document);
  }

  selections(parent: GraphQLCompositeType, set: SelectionSetNode): void {
    for (const node of set.selections) {
      if (node.kind === Kind.FIELD) {
        const field =
          isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[node.name.value] : undefined;
        this.need(parent.extensions.scope, parent.name);
        this.need(field?.extensions.scope, `${parent.name}.${node.name.value}`);
        const type = field && getNamedType(field.type);
        if (node.selectionSet && isCompositeType(type)) this.selections(type, node.selectionSet);
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        this.inside(parent, node.typeCondition?.name.value, node.selectionSet);
      } else {
        const fragment = this.fragments[node.name.value];
        if (!fragment || this.seen.has(node.name.value)) continue;
        this.seen.add(node.name.value);
        this.inside(parent, fragment.typeCondition.name.value, fragment.selectionSet);
      }
    }
  }

  private inside(parent: GraphQLCompositeType, typeName: string | undefined, set: SelectionSetNode): void {
    const type = typeName ? this.schema.getType(typeName) : parent;
    if (isCompositeType(type)) this.selections(type, set);
  }

  private need(scope: unknown, field: string): void {
    if (scope === undefined || scope === publicField || this.found.has(scope as Scope)) return;
    this.found.set(scope as Scope, field);
  }
}
