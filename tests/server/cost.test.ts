import { beforeAll, expect, test } from "@jest/globals";
import { type GraphQLSchema, getIntrospectionQuery, getOperationAST, parse } from "graphql";
import { maxCost } from "../../src/platform/limits.js";
import { builtSchema } from "../../src/server/build-schema.js";
import { costOf } from "../../src/server/cost.js";

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await builtSchema();
});

function cost(text: string, variables: Record<string, unknown> = {}): number {
  const document = parse(text);
  const operation = getOperationAST(document);
  if (!operation) throw new Error("one operation");
  const first = costOf(schema, document, operation, variables);
  expect(costOf(schema, document, operation, variables)).toBe(first); // the formula that was kept says the same
  return first;
}

test("a page costs its size, times what hangs on each member; its nodes are counted with it", () => {
  expect(cost("{ __typename }")).toBe(0);
  expect(cost("{ customers { pageInfo { hasNextPage } } }")).toBe(100);
  expect(cost("{ customers(first: 10) { nodes { id } } }")).toBe(20);
  expect(cost("{ customers(first: 10) { nodes { interactions(last: 5) { nodes { id } } } } }")).toBe(120);
  expect(cost("{ customers(first: 1000000) { nodes { id } } }")).toBe(200);
});

test("a variable costs what a literal costs, and its default where it is left out", () => {
  const document = "query ($n: Int = 7) { customers(first: $n) { nodes { id } } }";
  expect(cost(document, { n: 10 })).toBe(20);
  expect(cost(document)).toBe(14);
  expect(cost(document, { n: 1e9 })).toBe(200);
  // Refused before anything is read, so never cheaper than what could be.
  expect(cost(document, { n: "many" })).toBe(100);
});

test("a variable that is not sent costs what is read without it, also where it is called like a method of objects", () => {
  for (const name of ["n", "constructor", "toString", "__proto__"]) {
    const document = `query ($${name}: Int) { customers(first: $${name}) { nodes { id } } }`;
    expect([name, cost(document)]).toEqual([name, 100]);
    expect([name, cost(document, JSON.parse(`{"${name}": 3}`))]).toEqual([name, 6]);
  }
  const odd = { n: { valueOf: null, toString: null } };
  expect(cost("query ($n: Int) { customers(first: $n) { nodes { id } } }", odd)).toBe(100);
});

test("ids cost as many as are asked for, and introspection costs like everything else", () => {
  expect(cost("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", { ids: ["a", "b", "c"] })).toBe(3);
  expect(cost('{ nodes(ids: ["a", "b"]) { id } }')).toBe(2);
  expect(cost('{ __type(name: "Query") { fields { name } } }')).toBe(11);
  expect(cost(getIntrospectionQuery())).toBeGreaterThan(10_000);
  expect(cost(getIntrospectionQuery())).toBeLessThan(maxCost);
});

test("a mutation costs its items, and what is asked of each", () => {
  const document = `mutation ($input: RecordInteractionsInput!) { recordInteractions(input: $input) { results {
    outcome interaction { id } } } }`;
  const input = (count: number) => ({ source: "s", interactions: Array.from({ length: count }, () => ({})) });
  expect(cost(document, { input: input(1) })).toBe(1 + 1 + 2);
  expect(cost(document, { input: input(1_000) })).toBe(1_000 + 1 + 2_000);
  expect(cost(document, { input: input(5_000) })).toBe(1_000 + 1 + 2_000);
  expect(cost('mutation { revokeApiKey(id: "key_1") { userErrors { code } } }')).toBe(1 + 1 + 10);
});

test("the same document with other variables has another cost", () => {
  const document = parse("query ($n: Int) { customers(first: $n) { nodes { id } } }");
  const operation = getOperationAST(document);
  if (!operation) throw new Error("one operation");
  expect(costOf(schema, document, operation, { n: 1 })).toBe(2);
  expect(costOf(schema, document, operation, { n: 9 })).toBe(18);
});

test("fragments that spread each other twice are each worked out once", () => {
  const levels = Array.from(
    { length: 60 },
    (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`,
  );
  const last = "fragment F60 on Query { customers(first: $n) { nodes { id } } }";
  expect(cost(`query ($n: Int) { ...F0 } ${levels.join(" ")} ${last}`, { n: 1 })).toBe(2 * 2 ** 60);
});
