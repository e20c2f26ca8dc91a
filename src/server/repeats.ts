import { type FieldNode, GraphQLError, Kind, type ValidationRule } from "graphql";

/**
 * Refuses a selection that names one field more often than `most`: each repetition is compared with all others before it
 * is thrown away.
 */
export function maxRepeatsRule(most: number): ValidationRule {
  return (context) => ({
    SelectionSet({ selections }) {
      const repeats = new Map<string, number>();
      for (const node of selections) {
        if (node.kind !== Kind.FIELD) continue;
        const count = (repeats.get(keyOf(node)) ?? 0) + 1;
        repeats.set(keyOf(node), count);
        if (count <= most) continue;
        const message = `A selection may name one field at most ${most} times.`;
        return context.reportError(
          new GraphQLError(message, { nodes: node, extensions: { limit: "TOO_MANY_REPEATS" } }),
        );
      }
    },
  });
}

function keyOf({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}
