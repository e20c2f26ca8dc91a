import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { maxBodyBytes, maxDocumentBytes } from "../../src/platform/limits.js";
import { startTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

async function post(body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${app.key}`, ...headers },
    body,
  });
  return { status: response.status, text: await response.text() };
}

/** Status, code and the promise that nothing of our inside is shown. */
function refusal({ status, text }: { status: number; text: string }) {
  expect(text).not.toMatch(/\bat .+:\d+:\d+|node_modules|select |\.ts\b/);
  return [status, JSON.parse(text).errors[0].extensions.code];
}

const query = (document: string, variables: object = {}) => JSON.stringify({ query: document, variables });

test.each([
  ["malformed JSON", "{ not json", 400, "BAD_REQUEST"],
  ["an empty body", "", 400, "BAD_REQUEST"],
  ["a syntax error", query("{ customers {"), 400, "GRAPHQL_PARSE_FAILED"],
  ["an unknown field", query("{ customers { nodes { shoeSize } } }"), 400, "GRAPHQL_VALIDATION_FAILED"],
  ["a missing variable", query("query ($id: ID!) { customer(id: $id) { id } }"), 400, "BAD_USER_INPUT"],
  ["too many tokens", query(`{ ${"a ".repeat(3000)} }`), 400, "TOO_MANY_TOKENS"],
  [
    "too deep",
    query(
      `{ customers { nodes { interactions { nodes { customer { ${"interactions { nodes { customer { ".repeat(5)} id ${"} } }".repeat(5)} } } } } } }`,
    ),
    400,
    "TOO_DEEP",
  ],
  [
    "too many aliases",
    query(`{ ${Array.from({ length: 40 }, (_, i) => `a${i}: __typename`).join(" ")} }`),
    400,
    "TOO_MANY_ALIASES",
  ],
  [
    "too many directives",
    query(`{ __typename ${"@skip(if: true) ".repeat(31)} }`),
    400,
    "TOO_MANY_DIRECTIVES",
  ],
  [
    "too many root fields, in a fragment",
    query(
      `{ ...f } fragment f on Query { ${Array.from({ length: 21 }, (_, i) => `a${i}: __typename`).join(" ")} }`,
    ),
    400,
    "TOO_MANY_ROOT_FIELDS",
  ],
  ["a long alias", query(`{ ${"a".repeat(101)}: __typename }`), 400, "ALIAS_TOO_LONG"],
  ["too many repeats", query(`{ ${"__typename ".repeat(21)} }`), 400, "TOO_MANY_REPEATS"],
  ["a batch of operations", `[${query("{ __typename }")}]`, 400, "BAD_REQUEST"],
])("%s is refused with a code", async (_name, body, status, code) => {
  expect(refusal(await post(body))).toEqual([status, code]);
});

test.each([
  ["a malformed id", `{ customer(id: "17") { id } }`, "BAD_ID"],
  ["an id of another type", `{ customer(id: "int_01939c5e-7d3a-7cc2-9d1f-0c6a3a1b2c3d") { id } }`, "BAD_ID"],
  ["an id of no type", `{ node(id: "xyz_01939c5e-7d3a-7cc2-9d1f-0c6a3a1b2c3d") { id } }`, "BAD_ID"],
  ["a huge page", "{ customers(first: 101) { nodes { id } } }", "PAGE_TOO_LARGE"],
  ["an empty page", "{ customers(first: 0) { nodes { id } } }", "BAD_USER_INPUT"],
  ["both ends of a page", "{ customers(first: 1, last: 1) { nodes { id } } }", "BAD_USER_INPUT"],
  ["a bad cursor", `{ customers(after: "bm9uc2Vuc2U") { nodes { id } } }`, "BAD_CURSOR"],
  [
    "a NUL in a filter",
    `{ customers(where: { displayName: { contains: "\\u0000" } }) { nodes { id } } }`,
    "BAD_USER_INPUT",
  ],
  ["a foreign id in a filter", `{ customers(where: { id: { eq: "tkt_1" } }) { nodes { id } } }`, "BAD_ID"],
  [
    "too many sort keys",
    "{ customers(sort: [{ field: STAGE }, { field: STAGE }, { field: STAGE }, { field: STAGE }]) { nodes { id } } }",
    "BAD_USER_INPUT",
  ],
  ["a bad identity", `{ customerByIdentity(kind: EMAIL, value: "\\u0000") { id } }`, "BAD_USER_INPUT"],
])("%s is refused with a code", async (_name, document, code) => {
  expect(refusal(await post(query(document)))).toEqual([200, code]);
});

test.each([
  "2026-02-30T00:00:00Z",
  "2026-01-01",
  "yesterday",
  "2026-01-01T25:00:00Z",
  "2026-01-01T00:00:00",
  "+P1X",
  "-P99999999Y",
])("the time %s is refused", async (time) => {
  const answer = await post(
    query(
      `query ($t: DateTimeOrDuration!) { customers(where: { createdAt: { gt: $t } }) { nodes { id } } }`,
      { t: time },
    ),
  );
  expect(refusal(answer)).toEqual([400, "BAD_USER_INPUT"]);
});

test("a relative time is taken: the customers of the last 30 days", async () => {
  const { data, errors } = await app.execute(
    `{ customers(where: { createdAt: { gt: "-P30D" } }) { totalCount } }`,
  );
  expect({ data, errors }).toEqual({ data: { customers: { totalCount: 0 } }, errors: undefined });
});

test("a document or a body that is too large is refused before it is parsed", async () => {
  expect(refusal(await post(query(`{ __typename } #${" ".repeat(maxDocumentBytes)}`)))).toEqual([
    413,
    "PAYLOAD_TOO_LARGE",
  ]);
  expect(refusal(await post(" ".repeat(maxBodyBytes + 1)))).toEqual([413, "PAYLOAD_TOO_LARGE"]);
});

test("without a valid key every operation is refused, introspection and unknown paths too", async () => {
  for (const authorization of [
    "",
    "Bearer wrong-key",
    `Basic ${app.key}`,
    `Bearer c360_live_${"0".repeat(32)}_${"a".repeat(30)}`,
  ]) {
    for (const document of [
      "{ __typename }",
      "{ __schema { types { name } } }",
      "{ customers { totalCount } }",
      "{ nonsense",
    ]) {
      expect(refusal(await post(query(document), { authorization }))).toEqual([401, "UNAUTHENTICATED"]);
    }
  }
  const page = await fetch(`${app.url}/nothing`);
  expect([
    page.status,
    ((await page.json()) as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions.code,
  ]).toEqual([404, "NOT_FOUND"]);
});

test("a subscription by POST is refused in words that name the right transport", async () => {
  const answer = await post(query("subscription { interactionRecorded { cursor } }"));
  expect(refusal(answer)).toEqual([400, "BAD_REQUEST"]);
  expect(answer.text).toContain("WebSocket");
});

test("health says whether the process lives and whether it can serve, without a key", async () => {
  const answers = await Promise.all(["live", "ready"].map((what) => fetch(`${app.url}/health/${what}`)));
  expect(answers.map((answer) => answer.status)).toEqual([200, 200]);
});

test("a page of a foreign origin is not let in, one of this machine is", async () => {
  const from = (origin: string) =>
    fetch(`${app.url}/graphql`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
  expect((await from("https://evil.example")).headers.get("access-control-allow-origin")).toBeNull();
  expect((await from("http://localhost:5173")).headers.get("access-control-allow-origin")).toBe(
    "http://localhost:5173",
  );
});

test("a lone surrogate is refused, in a variable and in the document", async () => {
  const filter =
    "query ($name: String) { customers(where: { displayName: { eq: $name } }) { nodes { id } } }";
  expect(refusal(await post(query(filter, { name: "\ud800" })))).toEqual([200, "BAD_USER_INPUT"]);
  expect(refusal(await post(query('{ customerByIdentity(kind: EMAIL, value: "\\ud800") { id } }')))).toEqual([
    400,
    "GRAPHQL_PARSE_FAILED",
  ]);
});

const hostile = (order: string, ...values: unknown[]) =>
  Buffer.from(JSON.stringify([order, ...values])).toString("base64url");
const someId = "cus_01939c5e-7d3a-7cc2-9d1f-0c6a3a1b2c3d";

test.each([
  ["a day that does not exist", hostile("createdAt+,id+", "2026-02-30T00:00:00Z", someId)],
  ["the year 0", hostile("createdAt+,id+", "0000-01-01T00:00:00Z", someId)],
  ["an endless fraction", hostile("createdAt+,id+", `2026-01-01T00:00:00.${"1".repeat(4000)}Z`, someId)],
  [
    "an id of no type",
    hostile("createdAt+,id+", "2026-01-01T00:00:00Z", "x_01939c5e-7d3a-7cc2-9d1f-0c6a3a1b2c3d"),
  ],
])("a cursor made by hand with %s is refused as one", async (_name, after) => {
  const answer = await post(
    query(
      "query ($after: String) { customers(after: $after, sort: [{ field: CREATED_AT }]) { nodes { id } } }",
      { after },
    ),
  );
  expect(refusal(answer)).toEqual([200, "BAD_CURSOR"]);
});

test("a filter of empty groups, and one nested without end, is refused without work", async () => {
  const filtered = "query ($where: CustomerFilter) { customers(where: $where) { nodes { id } } }";
  const empty = await post(query(filtered, { where: { and: Array.from({ length: 50_000 }, () => ({})) } }));
  expect(refusal(empty)).toEqual([200, "BAD_USER_INPUT"]);
  const deep = `${'{"not":'.repeat(20_000)}{}${"}".repeat(20_000)}`;
  expect(refusal(await post(`{"query":${JSON.stringify(filtered)},"variables":{"where":${deep}}}`))).toEqual([
    400,
    "BAD_REQUEST",
  ]);
});

test("a profile with an impossible day or bottomless traits is refused alone", async () => {
  let traits: object = {};
  for (let i = 0; i < 50; i++) traits = { a: traits };
  const { data } = await app.execute(
    "mutation ($input: UpsertProfilesInput!) { upsertProfiles(input: $input) { results { outcome error { code field } } } }",
    {
      input: {
        source: "crm",
        profiles: [
          { sourceRef: "1" },
          { sourceRef: "2", birthDate: "0000-01-01" },
          { sourceRef: "3", traits },
        ],
      },
    },
  );
  expect(data.upsertProfiles.results).toEqual([
    { outcome: "RECORDED", error: null },
    { outcome: "REJECTED", error: { code: "INVALID_DATE", field: "birthDate" } },
    { outcome: "REJECTED", error: { code: "TOO_DEEP", field: "traits" } },
  ]);
});
