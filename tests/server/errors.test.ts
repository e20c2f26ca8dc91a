import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { createClient } from "graphql-sse";
import { errorCodes, faultCode, protocolCodes } from "../../src/platform/errors.js";
import { startTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const documented = [...readFileSync("docs/errors.md", "utf8").matchAll(/^\| `([A-Z_]+)` \|/gm)].map(
  ([, code]) => code,
);

test("docs/errors.md explains every code of a top-level error, and no other", () => {
  expect(documented.toSorted()).toEqual([...errorCodes, ...protocolCodes, faultCode].toSorted());
});

test("every code of our own is used", () => {
  const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && file !== "platform/errors.ts")
    .map((file) => readFileSync(`src/${file}`, "utf8"))
    .join("\n");
  expect(errorCodes.filter((code) => !sources.includes(`"${code}"`))).toEqual([]);
});

const key = () => ({ authorization: `Bearer ${app.key}` });
const json = () => ({ ...key(), "content-type": "application/json" });
const post = (body: unknown) => () => ({ method: "POST", headers: json(), body: JSON.stringify(body) });

test.each<[string, string, () => RequestInit, number, string]>([
  ["an unknown path", "/nothing", () => ({}), 404, "NOT_FOUND"],
  ["a stranger", "/graphql", () => ({ method: "POST", body: "{}" }), 401, "UNAUTHENTICATED"],
  ["a stranger's GET", "/graphql?query={__typename}", () => ({}), 401, "UNAUTHENTICATED"],
  ["figures for a stranger", "/metrics", () => ({}), 401, "UNAUTHENTICATED"],
  ["another method", "/graphql", () => ({ method: "PUT", headers: json(), body: "{}" }), 405, "BAD_REQUEST"],
  ["no document", "/graphql", post({}), 400, "BAD_REQUEST"],
  ["a batch", "/graphql", post([{ query: "{ __typename }" }]), 400, "BAD_REQUEST"],
  ["a document that is no text", "/graphql", post({ query: 17 }), 400, "BAD_REQUEST"],
  ["variables as text", "/graphql", post({ query: "{ __typename }", variables: "{}" }), 400, "BAD_REQUEST"],
  [
    "an operation that is not there",
    "/graphql",
    post({ query: "query a { __typename }", operationName: "b" }),
    400,
    "OPERATION_RESOLUTION_FAILURE",
  ],
  ["a syntax error", "/graphql", post({ query: "{" }), 400, "GRAPHQL_PARSE_FAILED"],
  ["an unknown field", "/graphql", post({ query: "{ shoeSize }" }), 400, "GRAPHQL_VALIDATION_FAILED"],
  [
    "a mutation by GET",
    "/graphql?query=mutation{recordFeedback(input:{source:%22x%22,feedback:[]}){results{index}}}",
    () => ({ headers: key() }),
    405,
    "BAD_REQUEST",
  ],
  [
    "another media type",
    "/graphql",
    () => ({ method: "POST", headers: { ...key(), "content-type": "text/plain" }, body: "{}" }),
    400,
    "BAD_REQUEST",
  ],
])(
  "%s is refused with a code, and the id that the header names too",
  async (_name, path, init, status, code) => {
    const response = await fetch(`${app.url}${path}`, init());
    const { errors } = (await response.json()) as { errors: { extensions: object }[] };
    const requestId = response.headers.get("x-request-id");
    expect(requestId).toMatch(uuid);
    expect([response.status, errors.map(({ extensions }) => extensions)]).toEqual([
      status,
      errors.map(() => expect.objectContaining({ code, requestId })),
    ]);
  },
);

test("a GET that carries a key is answered, as some clients ask by default", async () => {
  const answer = await fetch(`${app.url}/graphql?query={__typename}`, { headers: key() });
  expect([answer.status, await answer.json()]).toEqual([
    200,
    expect.objectContaining({ data: { __typename: "Query" } }),
  ]);
});

interface SocketAnswer {
  data?: unknown;
  errors?: readonly { message: string; extensions: Record<string, unknown> }[];
}

/** The first answer over WebSocket; errors before execution come alone. */
function overSocket(query: string, variables: Record<string, unknown> = {}): Promise<SocketAnswer> {
  return new Promise((resolve, reject) => {
    app.socket().subscribe(
      { query, variables },
      {
        next: (answer) => resolve(answer as SocketAnswer),
        error: (error) => (Array.isArray(error) ? resolve({ errors: error }) : reject(error)),
        complete: () => {},
      },
    );
  });
}

/** The same as server-sent events. */
function overEvents(query: string, variables: Record<string, unknown> = {}): Promise<SocketAnswer> {
  const client = createClient({ url: `${app.url}/graphql`, headers: key(), retryAttempts: 0 });
  return new Promise((resolve, reject) => {
    const leave = client.subscribe(
      { query, variables },
      {
        next: (answer) => {
          resolve(answer as SocketAnswer);
          leave();
        },
        error: reject,
        complete: () => {},
      },
    );
  });
}

const someId = "cus_01939c5e-7d3a-7cc2-9d1f-0c6a3a1b2c3d";
test.each([
  ["a variable", "query ($v: ID!) { customer(id: $v) { id } }"],
  ["an argument", `query ($v: ID = "${someId}") { customer(id: $v) { id } }`],
  ["an argument of a required field", "query ($v: [ID!] = []) { nodes(ids: $v) { id } }"],
  [
    "a member of an argument",
    "query ($v: SortOrder = ASC) { customers(sort: [{ field: STAGE, order: $v }]) { totalCount } }",
  ],
  ["a directive at the root", "query ($v: Boolean = true) { customers @include(if: $v) { totalCount } }"],
  ["a directive below", "query ($v: Boolean = true) { customers { totalCount @include(if: $v) } }"],
  [
    "a mutation's argument",
    `mutation ($v: String = "x") { recordFeedback(input: { source: $v, feedback: [] }) { results { index } } }`,
  ],
])("null where %s takes none is bad input on every transport", async (_name, document) => {
  const http = await app.execute(document, { v: null });
  const socket = await overSocket(document, { v: null });
  const events = await overEvents(document, { v: null });
  for (const { errors } of [http, socket, events]) {
    expect(errors?.map(({ extensions }) => extensions)).toEqual([
      { code: "BAD_USER_INPUT", requestId: expect.stringMatching(uuid) },
    ]);
  }
});

test.each([
  [
    "an enum",
    "query ($v: CustomerSortField!) { customers(sort: [{ field: $v }]) { totalCount } }",
    "NO_SUCH",
  ],
  ["a number", "query ($v: Int) { customers(first: $v) { totalCount } }", "many"],
  ["an object", "query ($v: CustomerFilter) { customers(where: $v) { totalCount } }", { noSuchField: 1 }],
  [
    "deep in a filter",
    "query ($v: CustomerFilter) { customers(where: $v) { totalCount } }",
    { and: [{ stage: { eq: "?" } }] },
  ],
  [
    "a subscription's filter",
    "subscription ($v: TicketFilter) { ticketChanged(where: $v) { cursor } }",
    { status: { eq: "?" } },
  ],
])("a variable that does not fit %s is bad input on every transport", async (_name, document, value) => {
  const answers = [await overSocket(document, { v: value }), await overEvents(document, { v: value })];
  if (!document.startsWith("subscription")) answers.push(await app.execute(document, { v: value }));
  for (const { errors } of answers) {
    expect(errors?.map(({ extensions }) => extensions)).toEqual([
      { code: "BAD_USER_INPUT", requestId: expect.stringMatching(uuid) },
    ]);
  }
});

test.each([
  ["by itself", "subscription { events @include(if: false) { cursor } }"],
  ["by a variable", "subscription ($v: Boolean!) { events @skip(if: $v) { cursor } }"],
  [
    "in a fragment",
    "subscription { ...f @include(if: false) } fragment f on Subscription { events { cursor } }",
  ],
])("a subscription whose field is left out %s is bad input, no fault", async (_name, document) => {
  for (const { errors } of [
    await overSocket(document, { v: true }),
    await overEvents(document, { v: true }),
  ]) {
    expect(errors?.map(({ extensions }) => extensions)).toEqual([
      { code: "BAD_USER_INPUT", requestId: expect.stringMatching(uuid) },
    ]);
  }
});

const RECORD = `mutation ($ref: String!) { recordInteractions(input: { source: "crm", interactions: [{ sourceRef: $ref,
  customer: { sourceRef: "p1" }, channel: "chat", direction: INBOUND, initiative: UNSOLICITED, kind: "message",
  occurredAt: "2026-11-01T10:00:00Z" }] }) { results { cursor } } }`;
const OPEN_TICKET = `mutation { recordTicketEvents(input: { source: "crm", events: [{ sourceRef: "e1", ticketRef: "T1",
  customer: { sourceRef: "p1" }, kind: OPENED, occurredAt: "2026-11-01T10:00:00Z" }] }) { results { outcome } } }`;
const FOLLOW =
  "subscription ($after: Cursor) { interactionRecorded(after: $after) { interaction { customer { openTicketCount } } } }";
const TICKETS = "{ tickets { nodes { number } } }";

test("a fault shows nothing of itself, in a query, a mutation and an event, on every transport", async () => {
  const { data } = await app.execute(RECORD, { ref: "start" });
  await app.execute(RECORD, { ref: "next" });
  await app.database.transaction((tx) => tx.execute(sql`alter table tickets rename to tickets_away`));
  try {
    const faults = [
      await app.execute(TICKETS),
      await app.execute("{ customers { nodes { openTicketCount } } }"),
      await app.execute(OPEN_TICKET),
      await overSocket(TICKETS),
      await overSocket(OPEN_TICKET),
      await overSocket(FOLLOW, { after: data.recordInteractions.results[0].cursor }),
      await overEvents(TICKETS),
      await overEvents(OPEN_TICKET),
      await overEvents(FOLLOW, { after: data.recordInteractions.results[0].cursor }),
    ];
    for (const { errors } of faults) {
      expect(errors).toEqual([
        expect.objectContaining({
          message: "Something went wrong on our side.",
          extensions: { code: "INTERNAL_SERVER_ERROR", requestId: expect.stringMatching(uuid) },
        }),
      ]);
    }
  } finally {
    await app.database.transaction((tx) => tx.execute(sql`alter table tickets_away rename to tickets`));
  }
});

test("where the database is away and no data came, the answer is 503 with the time to ask again", async () => {
  const away = await startTestApp();
  await away.database.close();
  for (const document of [TICKETS, '{ topCustomers(currency: "EUR") { customer { id } } }', OPEN_TICKET]) {
    const answer = await fetch(`${away.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${away.key}` },
      body: JSON.stringify({ query: document }),
    });
    const { data, errors } = (await answer.json()) as SocketAnswer;
    expect([answer.status, answer.headers.get("retry-after"), data, errors?.[0]?.extensions]).toEqual([
      503,
      "5",
      null,
      { code: "UNAVAILABLE", requestId: answer.headers.get("x-request-id") },
    ]);
  }
  const lookup = await away.execute(TICKETS, {}, { key: `c360_live_${"0".repeat(32)}_${"a".repeat(40)}` });
  expect([lookup.status, lookup.errors?.[0].extensions.code]).toEqual([503, "UNAVAILABLE"]);
  await away.stop();
});
