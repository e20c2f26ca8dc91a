import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import type { GraphQLSchema } from "graphql";
import { scopes } from "../../src/platform/access/scopes.js";
import { builtSchema } from "../../src/server/build-schema.js";
import { reads } from "../../src/server/reads.js";
import { limitedKey } from "../domains/loyalty/limited-key.js";
import { startTestApp, type TestApp } from "../support/app.js";
import { askBothWays, type BothWays } from "../support/both-ways.js";
import { documents } from "../support/documents/documents.js";
import { givenEdgeCases } from "../support/documents/edge-cases.js";
import { givenRealData, realDataFolder } from "../support/documents/real-data.js";
import { type World, worldOf } from "../support/documents/world.js";
import { type Reading, readingsOf } from "../support/readings.js";

/** Documents per data set: a few hundred on every commit, thousands where somebody asks for them. */
const runs = Number(process.env.DIFFERENTIAL_RUNS ?? 300);
const { DIFFERENTIAL_SEED: chosenSeed } = process.env;
/** The same documents on every commit; others in long runs. */
const seed = chosenSeed ? Number(chosenSeed) : process.env.DIFFERENTIAL_RUNS ? Date.now() % 2 ** 31 : 1;
/** On a busy machine fewer documents are compared rather than more time spent. */
const budgetMs = process.env.DIFFERENTIAL_RUNS ? runs * 1_000 : 15_000;
const timeoutMs = 60_000 + budgetMs * 2;
/** Most generated documents are meant to be one statement: else little would be compared. */
const leastCompiled = 0.6;

/** What only a mistake of the generator leads to. */
const invalid = ["GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"];
const readScopes = scopes.filter((scope) => scope.endsWith(":read"));
/** More digits than a mutation can send: only SQL writes them. Within the range of a double, so that no reader gets none. */
const numbers =
  '{"a": 1.0, "b": 1e21, "c": 12345678901234567890, "d": 0.1000000000000000055511151231257827, "e": -0.0, "f": 1.7976931348623157e308, "g": 1e-400}';

/** Documents that the two ways once answered differently. */
const onceDifferent: [name: string, query: string, variables?: object][] = [
  ["a count on a row that is not looked up", "{ purchases { nodes { customer { id openTicketCount } } } }"],
  ["a live cursor on a row that is not looked up", "{ purchases { nodes { customer { id liveCursor } } } }"],
  ["an amount of a row that is not looked up", "{ returns { nodes { purchase { id total { amount } } } } }"],
  [
    "the points of an account that may not be there",
    "{ customers { nodes { loyalty { points { active } } } } }",
  ],
  ["nothing but the type of what may not be there", "{ customers { nodes { loyalty { __typename } } } }"],
  [
    "lines that show only what their order tells",
    "{ purchases { nodes { items { unitPrice { currency } } } } }",
  ],
  ["a count of a page read backward", "{ purchases(last: 2) { totalCount pageInfo { hasNextPage } } }"],
  [
    "one page read backward that is empty",
    '{ customers { nodes { purchases(last: 1, where: {sku: {eq: "?"}}) { totalCount } } } }',
  ],
  [
    "null for a directive",
    "query ($on: Boolean = true) { customers { totalCount @include(if: $on) } }",
    { on: null },
  ],
  [
    "null for an argument that cannot be",
    'query ($id: ID = "cus_x") { customer(id: $id) { id } }',
    { id: null },
  ],
  [
    "null inside an argument",
    "query ($o: SortOrder = ASC) { customers(sort: [{field: STAGE, order: $o}]) { totalCount } }",
    { o: null },
  ],
];

/** What no generated document holds. */
const besides: [name: string, sent: { query: string; variables?: object; operationName?: string }][] = [
  [
    "a variable of another type",
    { query: "query ($n: Int) { customers(first: $n) { totalCount } }", variables: { n: "x" } },
  ],
  ["a variable that is missing", { query: "query ($id: ID!) { customer(id: $id) { id } }" }],
  ["introspection", { query: "{ __schema { queryType { name } } customers { totalCount } }" }],
  ["introspection of one type", { query: '{ __type(name: "Customer") { name } customers { totalCount } }' }],
  [
    "one of several operations",
    { query: "query A { customers { totalCount } } query B { tickets { totalCount } }", operationName: "B" },
  ],
  [
    "several operations, none named",
    { query: "query A { customers { totalCount } } query B { tickets { totalCount } }" },
  ],
  ["an operation that is not there", { query: "query A { customers { totalCount } }", operationName: "C" }],
  ["a root of which everything is skipped", { query: "{ customers @skip(if: true) { totalCount } }" }],
  ["a page of which everything is skipped", { query: "{ customers { nodes @skip(if: true) { id } } }" }],
  ["rows of which everything is skipped", { query: "{ customers { nodes { id @skip(if: true) } } }" }],
  ["a subscription", { query: 'subscription { customerChanged(id: "cus_x") { cursor } }' }],
  [
    "an empty mutation",
    { query: 'mutation { recordPurchases(input: {source: "x", purchases: []}) { results { index } } }' },
  ],
];

interface Given {
  compiled: TestApp;
  resolvers: TestApp;
  world: World;
}

let schema: GraphQLSchema;
let readings: Map<string, Reading>;
let rare: ReadonlySet<string>;
beforeAll(async () => {
  schema = await builtSchema();
  readings = readingsOf(schema, reads);
  rare = new Set([...readings].filter(([, { how }]) => how === "computed").map(([field]) => field));
});

async function given(fill: (app: TestApp) => Promise<string[]>): Promise<Given> {
  const compiled = await startTestApp({ audit: "all" });
  try {
    const customerIds = await fill(compiled);
    const resolvers = await startTestApp({ on: compiled, compiledReads: false, audit: "all" });
    return { compiled, resolvers, world: await worldOf(schema, resolvers, customerIds) };
  } catch (error) {
    await compiled.stop();
    throw error;
  }
}

async function end(place: Given | undefined): Promise<void> {
  await place?.resolvers.stop();
  await place?.compiled.stop();
}

/** Fails with a document whose two answers differ, the smallest that was found. */
async function compareGenerated(
  { compiled, resolvers, world }: Given,
  key = compiled.key,
  masked = false,
): Promise<void> {
  const tally = { all: 0, compiled: 0, refused: 0, masked: 0 };
  const all = documents({ schema, world, rare, scopes: null });
  await fc.assert(
    fc.asyncProperty(all, async (document) => {
      const { difference, read, errors, data } = await askBothWays(compiled, resolvers, document, key);
      tally.all++;
      if (errors) tally.refused++;
      if (errors && data && read?.compiled) tally.masked++;
      if (read?.compiled) tally.compiled++;
      if (difference) throw new Error(difference);
      if (data && !read?.compiled && !read?.reason)
        throw new Error("it does not say why it was not compiled");
      const code = errors?.[0]?.extensions.code ?? "";
      if (invalid.includes(code))
        throw new Error(`the generator made a wrong document: ${errors?.[0]?.message}`);
    }),
    { numRuns: runs, interruptAfterTimeLimit: budgetMs, seed },
  );
  if (process.env.DIFFERENTIAL_REPORT) console.log(tally);
  if (key !== compiled.key && masked) expect(tally.masked).toBeGreaterThan(0);
  else expect(tally.compiled / tally.all).toBeGreaterThanOrEqual(leastCompiled);
}

/** Everything but who the customers are. */
const withoutPersonal = readScopes.filter((scope) => scope !== "pii:read");

async function same(place: Given, query: string, variables: object = {}): Promise<BothWays> {
  const answer = await askBothWays(place.compiled, place.resolvers, { query, variables });
  expect(answer.difference).toBeNull();
  return answer;
}

describe("on rows with every edge case", () => {
  let edge: Given;
  beforeAll(async () => {
    edge = await given(givenEdgeCases);
  }, timeoutMs);
  afterAll(() => end(edge));

  test("generated documents have the same answer both ways", () => compareGenerated(edge), timeoutMs);

  test(
    "generated documents have the same answer and the same errors both ways for a key without pii:read",
    async () => compareGenerated(edge, await limitedKey(edge.compiled, withoutPersonal), true),
    timeoutMs,
  );

  test(
    "generated documents have the same answer both ways under a purpose, which shows some customers and not others",
    async () => {
      const key = await limitedKey(edge.compiled, [...readScopes], "MARKETING");
      await compareGenerated(edge, key);
      const counted = "{ customers { totalCount } }";
      const [all, some] = [edge.compiled.key, key].map((key) => edge.compiled.execute(counted, {}, { key }));
      expect((await some)?.data.customers.totalCount).toBe(4);
      expect((await all)?.data.customers.totalCount).toBeGreaterThan(4);
    },
    timeoutMs,
  );

  test("a document with a computed field goes to the resolvers, and names it", async () => {
    for (const field of rare) {
      const { read } = await same(edge, readings.get(field)?.document ?? "");
      expect([field, read]).toEqual([field, { compiled: false, reason: `${field} is computed` }]);
    }
  });

  test("a document with any other field is one statement", async () => {
    for (const [field, { how, document }] of readings) {
      if (how === "computed") continue;
      const { read, errors } = await same(edge, document);
      expect([field, read, errors]).toEqual([field, { compiled: true }, undefined]);
    }
  });

  test.each(onceDifferent)("%s", async (_name, query, variables = {}) => {
    await same(edge, query, variables);
  });

  test.each(besides)("%s: the same both ways", async (_name, sent) => {
    const { difference } = await askBothWays(edge.compiled, edge.resolvers, sent);
    expect(difference).toBeNull();
  });

  test("numbers in free attributes read the same, also where SQL wrote more digits than a double has", async () => {
    const { id } = (await same(edge, "{ interactions(first: 1) { nodes { id } } }")).data.interactions
      .nodes[0];
    await edge.compiled.database.transaction((tx) =>
      tx.execute(sql`update interactions set attributes = ${numbers}::jsonb where id = ${id.slice(4)}::uuid`),
    );
    const query = "query ($id: ID!) { interactions(where: {id: {eq: $id}}) { nodes { attributes } } }";
    const { read } = await same(edge, query, { id });
    expect(read).toEqual({ compiled: true });
  });

  test("readers of many customers at once, who share statements, each get their own answer", async () => {
    const query =
      "query ($id: ID!) { customer(id: $id) { id displayName liveCursor loyalty { points { active } } } }";
    const { Customer: ids = [] } = edge.world.ids;
    const unknown = Array.from({ length: 60 }, (_, n) => `cus_000000${n + 10}-0000-7000-8000-000000000000`);
    const answers = await Promise.all([...ids, ...unknown, ...ids].map((id) => same(edge, query, { id })));
    expect(answers.filter(({ read }) => !read?.compiled)).toEqual([]);
    const shown = answers.filter(({ data }) => data.customer !== null);
    expect(shown).toHaveLength(2 * ids.length);
  });

  test(
    "equal documents of callers with different scopes keep apart, in any order",
    async () => {
      const classes = [
        ...readScopes.map((scope) => [scope]),
        ...pairsOf(readScopes),
        [...readScopes],
        withoutPersonal,
        [...readScopes],
      ];
      // The third from the end holds everything as the last does, for another purpose.
      const purposeOf = (i: number) => (i === classes.length - 3 ? "MARKETING" : null);
      const keys = await Promise.all(
        classes.map((scopes, i) => limitedKey(edge.compiled, scopes, purposeOf(i))),
      );
      const one = fc.nat(classes.length - 1);
      const plan = fc.tuple(one, one).chain(([a, b]) => {
        const own = documents({ schema, world: edge.world, rare, scopes: new Set(classes[a]) });
        return own.map((document) => ({
          document,
          turns: [a, b, classes.length - 3, classes.length - 2, classes.length - 1, a],
        }));
      });
      const seen = { open: 0, refused: 0 };
      await fc.assert(
        fc.asyncProperty(plan, async ({ document, turns }) => {
          for (const turn of turns) {
            const { difference, errors } = await askBothWays(
              edge.compiled,
              edge.resolvers,
              document,
              keys[turn],
            );
            if (difference) throw new Error(`with ${classes[turn]}: ${difference}`);
            if (errors?.[0]?.extensions.code === "FORBIDDEN") seen.refused++;
            else seen.open++;
          }
        }),
        { numRuns: Math.ceil(runs / 5), interruptAfterTimeLimit: budgetMs / 2, seed },
      );
      expect(seen.open).toBeGreaterThan(0);
      expect(seen.refused).toBeGreaterThan(0);
    },
    timeoutMs,
  );
});

const realDataIsThere = existsSync(realDataFolder);
describe(realDataIsThere ? "on real data" : `SKIPPED: no real data in ${realDataFolder}`, () => {
  let real: Given | undefined;
  beforeAll(async () => {
    if (realDataIsThere) real = await given(givenRealData);
  }, timeoutMs);
  afterAll(() => end(real));

  (realDataIsThere ? test : test.skip)(
    "generated documents have the same answer both ways",
    () => compareGenerated(real as Given),
    timeoutMs,
  );
});

function pairsOf<T>(list: readonly T[]): T[][] {
  return list.flatMap((a, i) => list.slice(i + 1).map((b) => [a, b]));
}
