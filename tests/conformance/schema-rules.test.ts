import graphqlEslint from "@graphql-eslint/eslint-plugin";
import { expect, test } from "@jest/globals";
import { ESLint, type Linter } from "eslint";

/** Families of types that nobody fetches or caches by themselves: parts of an answer, and events, named by cursors. */
const suffixes = ["Connection", "Edge", "PageInfo", "Payload", "Result", "Change", "Recorded", "Batch"];
/** Single types without an id, each with its reason. A type that has an id, or no longer exists, may not stay here. */
const typesWithoutId: Record<string, string> = {
  Channel: "named by its code, which is data",
  Identity: "named by its kind and value; `customerByIdentity` finds it",
  ItemError: "a part of a result",
  LoyaltyAccount: "each customer has at most one",
  LoyaltyPoints: "figures of an account",
  LoyaltyTier: "named by its code, which is data",
  Money: "a value",
  PrivacyReceiptLine: "a part of a request",
  Profile: "what one source says of a customer, in the source's own terms",
  PurchaseItem: "a line of an order",
  PurchaseSummary: "figures, computed",
  PurchaseTotals: "figures, computed",
  RateLimit: "figures of the moment",
  Reward: "named by its code, which is data",
  Source: "named by its code, which is data",
  TopCustomer: "figures, computed",
  UserError: "a part of a payload",
  Viewer: "whoever asks",
};

const { configs, parser } = graphqlEslint;
const rules = {
  ...configs["flat/schema-recommended"].rules,
  ...configs["flat/schema-relay"].rules,
  // A connection lists its `nodes` beside its edges, as the large public APIs do.
  "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false }],
} as Linter.RulesRecord;

async function messagesWith(types: readonly string[]) {
  const eslint = new ESLint({
    overrideConfigFile: true,
    overrideConfig: {
      files: ["**/*.graphql"],
      plugins: { "@graphql-eslint": graphqlEslint as never },
      languageOptions: { parser, parserOptions: { graphQLConfig: { schema: "schema/api.graphql" } } },
      rules: {
        ...rules,
        "@graphql-eslint/strict-id-in-types": [
          "error",
          { exceptions: { suffixes, ...(types.length > 0 && { types }) } },
        ],
      },
    },
  });
  const results = await eslint.lintFiles(["schema/api.graphql"]);
  expect(results.map(({ filePath }) => filePath.endsWith("schema/api.graphql"))).toEqual([true]);
  return results.flatMap(({ messages }) => messages.map(({ ruleId, message }) => ({ ruleId, message })));
}

const named = Object.keys(typesWithoutId);

test("the suites schema-recommended and schema-relay of graphql-eslint find nothing in the published schema", async () => {
  expect(Object.keys(rules).length).toBeGreaterThanOrEqual(24);
  expect(await messagesWith(named)).toEqual([]);
});

test("every type without an id stands in the list for a reason that still holds", async () => {
  const without = (await messagesWith([])).map(({ message }) => /^type "(\w+)" must have/.exec(message)?.[1]);
  expect(without.sort()).toEqual([...named].sort());
});
