import {
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationRule,
} from "graphql";
import { type Fragments, fragmentsOf } from "../platform/graphql/selected-fields.js";

/** The fields at the root of an operation, those of fragments included; each fragment is looked into once. */
export function rootFieldsOf(document: DocumentNode, set: SelectionSetNode): FieldNode[] {
  const fields: FieldNode[] = [];
  collect(fragmentsOf(document), set, new Set(), fields);
  return fields;
}

function collect(fragments: Fragments, set: SelectionSetNode, seen: Set<string>, fields: FieldNode[]): void {
  for (const node of set.selections) {
    if (node.kind === Kind.FIELD) fields.push(node);
    else if (node.kind === Kind.INLINE_FRAGMENT) collect(fragments, node.selectionSet, seen, fields);
    else {
      const fragment = fragments[node.name.value];
      if (!fragment || seen.has(node.name.value)) continue;
      seen.add(node.name.value);
      collect(fragments, fragment.selectionSet, seen, fields);
    }
  }
}

/** Refuses an operation with more fields at its root than `most`: each is a read or a write of its own. */
export function maxRootFieldsRule(most: number): ValidationRule {
  return (context) => ({
    OperationDefinition(operation) {
      const fields = rootFieldsOf(context.getDocument(), operation.selectionSet);
      const { size } = new Set(fields.map(({ alias, name }) => (alias ?? name).value));
      if (size <= most) return;
      const message = `An operation may have at most ${most} fields at its root; there are ${size}.`;
      context.reportError(
        new GraphQLError(message, { nodes: operation, extensions: { limit: "TOO_MANY_ROOT_FIELDS" } }),
      );
    },
  });
}
