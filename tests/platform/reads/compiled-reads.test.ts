import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { getOperationAST, parse } from "graphql";
import { scopes } from "../../../src/platform/access/scopes.js";
import { encoded } from "../../../src/platform/byte-text.js";
import { AnswerText } from "../../../src/platform/reads/answer-text.js";
import { CompiledReads } from "../../../src/platform/reads/compiled-reads.js";
import { builtSchema } from "../../../src/server/build-schema.js";
import { reads } from "../../../src/server/reads.js";
import { startTestApp, type TestApp } from "../../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

/** Answers a document as the pipeline would after its checks. */
async function answer(compiled: CompiledReads, text: string, variables: object = {}) {
  const document = parse(text);
  const operation = getOperationAST(document);
  if (!operation) throw new Error("the document has one operation");
  return compiled.answer({
    document,
    operation,
    variables: { ...variables },
    scopes: new Set(scopes),
    audience: { left: false },
    context: { phoneRegion: null },
  });
}

test("statements are kept up to the bound, whatever shapes of filters come", async () => {
  const compiled = new CompiledReads(await builtSchema(), reads, app.database, { statementsMax: 3 });
  for (const field of ["givenName", "familyName", "email", "phone", "locale"]) {
    const where = { [field]: { eq: "x" } };
    const document = "query ($where: CustomerFilter) { customers(where: $where) { nodes { id } } }";
    expect(await answer(compiled, document, { where })).toStrictEqual(
      new AnswerText(encoded(`{"data":{"customers":{"nodes":[]}}}`)),
    );
  }
  expect(compiled.size).toBe(3);
});

test("statements are kept up to a length together", async () => {
  const compiled = new CompiledReads(await builtSchema(), reads, app.database, {
    statementsLengthMax: 2_000,
  });
  for (let n = 0; n < 20; n++) await answer(compiled, `{ customers { nodes { a${n}: id } } }`);

  expect(compiled.size).toBeGreaterThan(0);
  expect(compiled.size).toBeLessThan(20);
});

test("equal shapes of arguments share a statement; only their values differ", async () => {
  const compiled = new CompiledReads(await builtSchema(), reads, app.database);
  const document = parse(
    "query ($name: String, $first: Int) { customers(first: $first, where: { displayName: { eq: $name } }) { nodes { id } } }",
  );
  const operation = getOperationAST(document);
  app.statements.length = 0;
  for (const [name, first] of [
    ["Mina", 1],
    ["O'Brien", 20],
    ['a"b\\c', 100],
  ] as const) {
    const variables = { name, first };
    const audience = { left: false };
    const context = { phoneRegion: null };
    await compiled.answer({
      document,
      operation: operation as never,
      variables,
      scopes: new Set(scopes),
      audience,
      context,
    });
  }
  expect(compiled.size).toBe(1);
  expect(new Set(app.statements).size).toBe(1);
});

test.each([
  [
    "a mutation",
    'mutation { recordInteractions(input: { source: "s", interactions: [] }) { results { outcome } } }',
    "only queries are compiled",
  ],
  ["an interface", '{ node(id: "x") { id } }', "Query.node is computed"],
  [
    "a computed field",
    "{ customers { nodes { purchaseSummary { currency } } } }",
    "Customer.purchaseSummary is computed",
  ],
  ["introspection", "{ __schema { queryType { name } } }", "Query.__schema belongs to introspection"],
  ["a refused argument", "{ customers(first: 0) { nodes { id } } }", "an argument is refused"],
  ["a malformed id", '{ customer(id: "nobody") { id } }', "an argument is refused"],
])("%s is left to the resolvers, with the reason", async (_name, document, reason) => {
  const compiled = new CompiledReads(await builtSchema(), reads, app.database);
  expect(await answer(compiled, document)).toEqual({ reason });
  expect(compiled.size).toBe(0);
});

test("a document that unfolds to very many fields is not compiled, and unfolding stops at the bound", async () => {
  const levels = 12;
  const fragments = Array.from({ length: levels }, (_, i) => {
    const inner = i === levels - 1 ? "id" : `...F${i + 1}`;
    const edge =
      i % 2 === 0 ? "interactions { nodes { customer { %s } } }" : "purchases { nodes { customer { %s } } }";
    return `fragment F${i} on Customer { a: ${edge.replace("%s", inner)} b: ${edge.replace("%s", inner)} }`;
  });
  const compiled = new CompiledReads(await builtSchema(), reads, app.database);
  const document = `{ customers { nodes { ...F0 } } } ${fragments.join(" ")}`;
  expect(await answer(compiled, document)).toEqual({ reason: "it selects more than 400 fields" });
});

test("a document whose filters would make an enormous statement is left to the resolvers before any SQL is made", async () => {
  const compiled = new CompiledReads(await builtSchema(), reads, app.database);
  const pages = Array.from(
    { length: 20 },
    (_, i) => `p${i}: purchases(where: $where) { totalCount nodes { id } }`,
  );
  const document = `query ($where: PurchaseFilter) { ${pages.join(" ")} }`;
  const where = { or: Array.from({ length: 30 }, (_, i) => ({ sku: { eq: `A-${i}` } })) };
  expect(await answer(compiled, document, { where })).toEqual({ reason: "its filters are too long" });
  expect(compiled.size).toBe(0);
});

test("what would answer too much is refused by its cost before it is compiled", async () => {
  const edges = Array.from({ length: 20 }, (_, i) => `a${i}: interactions(first: 100) { nodes { id } }`).join(
    " ",
  );
  app.statements.length = 0;
  const { errors } = await app.execute(`{ customers(first: 100) { nodes { ${edges} } } }`);
  expect(errors?.map(({ extensions }) => extensions.code)).toEqual(["TOO_EXPENSIVE"]);
  expect(app.statements).toEqual([]);
  const { text } = await fetchMetrics();
  expect(text).not.toContain('reason="it selects');
});

async function fetchMetrics() {
  const response = await fetch(`${app.url}/metrics`, { headers: { authorization: `Bearer ${app.key}` } });
  return { text: await response.text() };
}

test("a plan never serves callers who may see less", async () => {
  const compiled = new CompiledReads(await builtSchema(), reads, app.database);
  const document = parse("{ customers { nodes { id interactions { nodes { id } } } } }");
  const operation = getOperationAST(document) as never;
  const ask = (held: string[]) =>
    compiled.answer({
      document,
      operation,
      variables: {},
      scopes: new Set(held) as never,
      audience: { left: false },
      context: {},
    });
  expect(await ask(["customers:read", "interactions:read"])).toBeInstanceOf(AnswerText);
  expect(await ask(["customers:read"])).toEqual({
    reason: "Customer.interactions needs the scope interactions:read",
  });
});
