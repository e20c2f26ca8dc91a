import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  visit,
} from "graphql";
// Not of graphql's public surface, but the rules themselves: copies of them would drift. Its version is pinned.
import { collectSubfields } from "graphql/execution/collectFields.js";

export type Fragments = Record<string, FragmentDefinitionNode>;
/** An operation, or the nodes that share one response key. */
export type Selecting = readonly (FieldNode | OperationDefinitionNode)[];
/** By response key in the order of first mention; several mentions bring several nodes. */
export type SelectedFields = ReadonlyMap<string, readonly FieldNode[]>;

/** Collects fields as graphql-js does, for one document and one combination of @skip and @include. */
export class FieldCollector {
  constructor(
    readonly schema: GraphQLSchema,
    readonly fragments: Fragments,
    /** Coerced. Only those that decide about fields are looked at. */
    private readonly variables: Readonly<Record<string, unknown>>,
  ) {}

  /** What these nodes select on an object of this type. */
  fieldsOf(type: GraphQLObjectType, nodes: Selecting): SelectedFields {
    // Of a node it looks at the selection set alone, which an operation has too.
    return collectSubfields(this.schema, this.fragments, this.variables, type, nodes as readonly FieldNode[]);
  }
}

export function fragmentsOf(document: DocumentNode): Fragments {
  const fragments: Fragments = Object.create(null);
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments[node.name.value] = node;
  return fragments;
}

/** The variables that decide about fields, in @skip and @include. */
export function decidingVariables(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive(node) {
      for (const { value } of node.arguments ?? [])
        if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}
