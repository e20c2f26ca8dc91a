import { expect, test } from "@jest/globals";
import type { GraphQLObjectType } from "graphql";
import { builtSchema } from "../../src/server/build-schema.js";

/** How every root field of a schema answers under a purpose that needs consent. */
function answersOf(root: GraphQLObjectType): Record<string, string[]> {
  const found: Record<string, string[]> = { consenting: [], open: [], refused: [] };
  for (const { name, extensions } of Object.values(root.getFields()).toSorted(byName))
    found[String(extensions.underPurpose ?? "refused")]?.push(name);
  return found;
}

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

test("these root fields answer under a purpose; whoever adds one decides, and until then it is refused", async () => {
  expect(answersOf((await builtSchema()).getQueryType() as GraphQLObjectType)).toEqual({
    consenting: [
      "customer",
      "customerByIdentity",
      "customers",
      "feedback",
      "interactions",
      "node",
      "nodes",
      "purchaseSummary",
      "purchases",
      "returns",
      "tickets",
      "topCustomers",
    ],
    open: ["loyaltyTiers", "rateLimit", "rewards", "viewer"],
    refused: [
      "apiKeys",
      "auditEntries",
      "feedCursor",
      "privacyRequest",
      "privacyRequests",
      "webhook",
      "webhookDelivery",
      "webhooks",
    ],
  });
});

test("nothing that changes or follows things answers under a purpose", async () => {
  const schema = await builtSchema();
  for (const root of [schema.getMutationType(), schema.getSubscriptionType()]) {
    const { consenting, open } = answersOf(root as GraphQLObjectType);
    expect([consenting, open]).toEqual([[], []]);
  }
});

test("descriptions of root fields say how they answer under a purpose, and only theirs", async () => {
  const schema = await builtSchema();
  const query = schema.getQueryType() as GraphQLObjectType;
  const told = Object.values(query.getFields())
    .filter(({ description }) => description?.includes("Under a purpose:"))
    .map(({ name }) => name);
  const { consenting = [], open = [] } = answersOf(query);
  expect(told.toSorted()).toEqual([...consenting, ...open].toSorted());
  expect(query.description).toContain("`x-purpose`");
});
