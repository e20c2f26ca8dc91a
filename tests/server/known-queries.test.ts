import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startTestApp, type TestApp } from "../support/app.js";

let compiled: TestApp;
let resolvers: TestApp;
let id: string;
beforeAll(async () => {
  compiled = await startTestApp();
  resolvers = await startTestApp({ on: compiled, compiledReads: false });
  const interaction = {
    sourceRef: "i1",
    customer: { sourceRef: "p1" },
    channel: "chat",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "message",
    occurredAt: "2026-11-01T10:00:00Z",
  };
  const { data } = await compiled.execute(
    "mutation ($i: RecordInteractionsInput!) { recordInteractions(input: $i) { results { interaction { customer { id } } } } }",
    { i: { source: "crm", interactions: [interaction] } },
  );
  id = data.recordInteractions.results[0].interaction.customer.id;
});
afterAll(async () => {
  await resolvers.stop();
  await compiled.stop();
});

interface Asked {
  query: string;
  variables?: unknown;
  operationName?: unknown;
  extensions?: unknown;
}

/** All that a client sees of an answer, but for the time and the name of the request. */
async function seen(app: TestApp, body: Asked, headers: Record<string, string> = {}) {
  const response = await fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": app.key, ...headers },
    body: JSON.stringify(body),
  });
  const requestId = response.headers.get("x-request-id") ?? "none";
  const others = [...response.headers].filter(([name]) => name !== "date" && name !== "x-request-id");
  return {
    status: response.status,
    headers: others,
    text: (await response.text()).replaceAll(requestId, "REQUEST"),
  };
}

const reference = readFileSync("tests/operations/customer-360.graphql", "utf8");
const list = readFileSync("tests/operations/customer-list.graphql", "utf8");
const two = "query A { customers { totalCount } } query B($id: ID!) { customer(id: $id) { id } }";
const unknown = "cus_01939c5e-7d3a-7cc2-9d1f-0c6a3a1b2c3d";

const cases: [name: string, asked: () => Asked][] = [
  ["the reference read", () => ({ query: reference, variables: { id } })],
  ["a list", () => ({ query: list })],
  ["nobody", () => ({ query: reference, variables: { id: unknown } })],
  ["a bad id", () => ({ query: reference, variables: { id: "17" } })],
  ["a missing variable", () => ({ query: reference })],
  ["a variable of another type", () => ({ query: list, variables: { first: "x" } })],
  ["a page too large", () => ({ query: list, variables: { first: 1000 } })],
  ["a cursor of another list", () => ({ query: list, variables: { after: "bm8" } })],
  ["one of two operations", () => ({ query: two, operationName: "B", variables: { id } })],
  ["neither of two operations", () => ({ query: two })],
  ["an operation that is not there", () => ({ query: two, operationName: "C" })],
  ["variables that are no object", () => ({ query: list, variables: [] })],
  ["an operation name that is no text", () => ({ query: list, operationName: 1 })],
  ["extensions", () => ({ query: list, extensions: { anything: 1 } })],
  [
    "null where nothing is meant",
    () => ({ query: list, variables: null, operationName: null, extensions: null }),
  ],
  [
    "the schema itself",
    () => ({ query: '{ __schema { queryType { name } } __type(name: "Money") { name } }' }),
  ],
  ["a read of many faults", () => ({ query: '{ a: customer(id: "1") { id } b: customer(id: "2") { id } }' })],
  [
    "a skipped field",
    () => ({
      query: "query ($id: ID!, $no: Boolean!) { customer(id: $id) { id email @skip(if: $no) } }",
      variables: { id, no: true },
    }),
  ],
];

test.each(cases)("%s: a known document is answered as a new one is", async (_name, asked) => {
  for (const app of [compiled, resolvers]) {
    const body = asked();
    await seen(app, body); // known from here on
    const ofKnown = await seen(app, body);
    const ofNew = await seen(app, { ...body, query: `${body.query} # ${Math.random()}` });
    const place = (text: string) => text.replace(/ # 0\.\d+/g, "");
    expect({ ...ofKnown, text: place(ofKnown.text) }).toEqual({ ...ofNew, text: place(ofNew.text) });
  }
});

test.each([
  "application/json",
  "application/graphql-response+json",
  "application/graphql-response+json, application/json;q=0.5",
  "*/*",
  "text/html",
])("the answer to a known document has the type that accept: %s asks for", async (accept) => {
  const body = { query: list };
  await seen(compiled, body, { accept });
  const ofNew = await seen(compiled, { query: `${list} # ${Math.random()}` }, { accept });
  expect(await seen(compiled, body, { accept })).toEqual(ofNew);
});

test("a known document is not answered to a stranger, nor to a key without its scopes", async () => {
  const body = { query: list };
  expect((await seen(compiled, body)).status).toBe(200);
  expect((await seen(compiled, body, { "x-api-key": "nobody" })).status).toBe(401);
  expect((await seen(compiled, body, { "content-type": "text/plain" })).status).toBe(400);
});

test("a query on a socket is answered as over HTTP", async () => {
  const client = resolvers.socket();
  const results: unknown[] = [];
  await new Promise<void>((resolve, reject) => {
    client.subscribe(
      { query: reference, variables: { id } },
      { next: (result) => results.push(result), error: reject, complete: () => resolve() },
    );
  });
  const { data } = await resolvers.execute(reference, { id });
  expect(JSON.parse(JSON.stringify(results))).toEqual([{ data }]);
});

const several =
  "{ a: customers { nodes { id } } b: customers(first: 1) { nodes { id } } tickets { nodes { id } } }";

test("while the database is away, a known document is told so once: UNAVAILABLE, to be tried again", async () => {
  for (const compiledReads of [true, false]) {
    const app = await startTestApp({ on: compiled, compiledReads });
    expect((await seen(app, { query: several })).status).toBe(200);
    await app.services.database.close();
    const { status, text } = await seen(app, { query: several });
    expect([status, JSON.parse(text)]).toEqual([
      503,
      {
        errors: [
          {
            message: "The service is not available just now. Try again: what is sent twice is recorded once.",
            extensions: { code: "UNAVAILABLE", requestId: "REQUEST" },
          },
        ],
      },
    ]);
    await app.stop();
  }
});
