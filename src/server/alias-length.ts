import { GraphQLError, type ValidationRule } from "graphql";

/** Refuses an alias of more characters than `most`: an answer repeats it for every object, whatever that costs. */
export function maxAliasLengthRule(most: number): ValidationRule {
  return (context) => ({
    Field({ alias }) {
      if (!alias || alias.value.length <= most) return;
      const message = `An alias may have at most ${most} characters; one has ${alias.value.length}.`;
      context.reportError(
        new GraphQLError(message, { nodes: alias, extensions: { limit: "ALIAS_TOO_LONG" } }),
      );
    },
  });
}
