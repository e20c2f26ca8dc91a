import { composeServices } from "@apollo/composition";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { graphql, parse } from "graphql";
import { maxReferences } from "../../src/platform/limits.js";
import { builtSchema } from "../../src/server/build-schema.js";
import { startTestApp, type TestApp } from "../support/app.js";
import { givenKey } from "../support/live.js";

let app: TestApp;
/** Five customers; four have an e-mail address, and the first has a ticket. */
let ids: string[];
let ticketId: string;
beforeAll(async () => {
  app = await startTestApp({ federation: true });
  const profiles = Array.from({ length: 5 }, (_, i) => ({
    sourceRef: `p${i}`,
    displayName: `Customer ${i}`,
    ...(i < 4 && { identities: [{ kind: "EMAIL", value: `c${i}@example.com` }] }),
  }));
  const event = { sourceRef: "e1", ticketRef: "T1", customer: { sourceRef: "p0" }, kind: "OPENED" };
  const { data, errors } = await app.execute(
    `mutation ($profiles: [ProfileInput!]!, $events: [TicketEventInput!]!) {
      upsertProfiles(input: { source: "crm", profiles: $profiles }) { results { customer { id } } }
      recordTicketEvents(input: { source: "crm", events: $events }) { results { ticket { id } } } }`,
    { profiles, events: [{ ...event, occurredAt: "2026-11-01T10:00:00Z" }] },
  );
  expect(errors).toBeUndefined();
  ids = data.upsertProfiles.results.map((result: { customer: { id: string } }) => result.customer.id);
  ticketId = data.recordTicketEvents.results[0].ticket.id;
});
afterAll(() => app.stop());

const ENTITIES = `query ($representations: [_Any!]!) { _entities(representations: $representations) {
  __typename ... on Customer { id displayName } ... on Ticket { number } } }`;
const byId = (id: unknown, __typename = "Customer") => ({ __typename, id });
const byMail = (value: string) => ({ __typename: "Customer", identity: { kind: "EMAIL", value } });

/** Another team's service: it knows loans by their customers' addresses, and rates customers by id. */
const lending = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Query { loans: [Loan!]! }
  type Loan @key(fields: "id") { id: ID!  amount: Int!  customer: Customer!  ticket: Ticket }
  type Customer @key(fields: "id") @key(fields: "identity { kind value }") { id: ID!  identity: Identity  rating: String! }
  type Ticket @key(fields: "id", resolvable: false) { id: ID! }
  type Identity { kind: IdentityKind!  value: String! }
  enum IdentityKind { EMAIL PHONE LOYALTY_CARD DEVICE SOCIAL_HANDLE EXTERNAL_ID }`;
const lendingSchema = buildSubgraphSchema({
  typeDefs: parse(lending),
  resolvers: {
    Query: {
      loans: () => [
        { id: 1, amount: 100, customer: byMail(" C1@Example.com"), ticket: byId(ticketId, "Ticket") },
        { id: 2, amount: 200, customer: byMail("c0@example.com"), ticket: null },
      ],
    },
    Customer: {
      __resolveReference: ({ id }: { id: string }) => ({ id, rating: `rated ${ids.indexOf(id)}` }),
    },
  },
});

const sdlOf = async () => (await app.execute("{ _service { sdl } }")).data._service.sdl as string;

test("it composes with another team's service that refers to customers by address and by id", async () => {
  const { errors, supergraphSdl } = composeServices([
    { name: "customer360", typeDefs: parse(await sdlOf()), url: app.url },
    { name: "lending", typeDefs: parse(lending), url: "http://lending.example" },
  ]);
  expect(errors).toBeUndefined();
  expect(supergraphSdl).toContain('@join__type(graph: CUSTOMER360, key: "identity { kind value }")');
});

test("a question that begins at the other service is joined here: by address in any spelling, and by id", async () => {
  const { data } = await graphql({
    schema: lendingSchema,
    source: "{ loans { amount customer { __typename identity { kind value } } ticket { __typename id } } }",
  });
  const { loans } = JSON.parse(JSON.stringify(data));
  const representations = [loans[0].customer, loans[1].customer, loans[0].ticket];
  const joined = await app.execute(ENTITIES, { representations });
  expect({ data: joined.data, errors: joined.errors }).toEqual({
    data: {
      _entities: [
        { __typename: "Customer", id: ids[1], displayName: "Customer 1" },
        { __typename: "Customer", id: ids[0], displayName: "Customer 0" },
        { __typename: "Ticket", number: "T1" },
      ],
    },
    errors: undefined,
  });
});

test("a question that begins here is joined there, by id", async () => {
  const { data } = await app.execute(
    "{ customers(sort: [{ field: DISPLAY_NAME }]) { nodes { __typename id identity { kind value } displayName } } }",
  );
  const { nodes } = data.customers;
  expect(nodes.map(({ identity }: { identity: object }) => identity)).toEqual([
    ...[0, 1, 2, 3].map((i) => ({ kind: "EMAIL", value: `c${i}@example.com` })),
    { kind: "EXTERNAL_ID", value: "crm:p4" },
  ]);
  const there = await graphql({
    schema: lendingSchema,
    source: "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { rating } } }",
    variableValues: {
      r: nodes.map(({ __typename, id }: { __typename: string; id: string }) => ({ __typename, id })),
    },
  });
  const ratings = JSON.parse(JSON.stringify(there.data?._entities)).map(
    ({ rating }: { rating: string }) => rating,
  );
  expect(ratings).toEqual(nodes.map((_: unknown, i: number) => `rated ${i}`));
});

test("the number of statements does not grow with the references", async () => {
  const counts = [];
  for (const times of [1, 100]) {
    const representations = Array.from({ length: times }, () => [
      ...ids.map((id) => byId(id)),
      byMail("c2@example.com"),
    ]);
    app.statements.length = 0;
    const { errors } = await app.execute(
      `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Customer { displayName identities { value } } } }`,
      { representations: representations.flat() },
    );
    expect(errors).toBeUndefined();
    counts.push(app.statements.length);
  }
  // Customers by id, who holds the address, the addresses of all.
  expect(counts).toEqual([3, 3]);
});

test("what the key may not read is not there, and a field of it is refused before anything runs", async () => {
  const { key } = await givenKey(app, ["tickets:read"]);
  const representations = [byId(ids[0]), byMail("c0@example.com"), byId(ticketId, "Ticket")];
  const ask = (selection: string) =>
    app.execute(
      `query ($r: [_Any!]!) { _entities(representations: $r) { ${selection} } }`,
      { r: representations },
      { key },
    );
  expect((await ask("__typename")).data._entities).toEqual([null, null, { __typename: "Ticket" }]);
  app.statements.length = 0;
  const { status, data, errors } = await ask("... on Customer { displayName }");
  expect([status, data, errors?.[0].extensions.code, errors?.[0].extensions.scope]).toEqual([
    403,
    undefined,
    "FORBIDDEN",
    "customers:read",
  ]);
  expect(app.statements).toEqual([]);
  expect((await app.execute("{ _service { sdl } }", {}, { key: null })).status).toBe(401);
});

test("a reference that is named wrongly is refused alone, one that is not there is null", async () => {
  const missing = "cus_00000000-0000-7000-8000-000000000000";
  const representations = [
    byId(ids[0]),
    byId(missing),
    byId("17"),
    byId(ids[0], "Ticket"),
    { __typename: "Customer" },
    { __typename: "Money", id: 1 },
    byMail("no address"),
    byMail("nobody@example.com"),
    "text",
  ];
  const { data, errors } = await app.execute(ENTITIES, { representations });
  const customer = { __typename: "Customer", id: ids[0], displayName: "Customer 0" };
  expect(data._entities).toEqual([customer, null, null, null, null, null, null, null, null]);
  const refused = errors?.map(({ path, extensions }) => [path[1], extensions.code]);
  expect(refused?.sort(([a], [b]) => a - b)).toEqual([
    [2, "BAD_ID"],
    [3, "BAD_ID"],
    [4, "BAD_USER_INPUT"],
    [5, "BAD_USER_INPUT"],
    [6, "BAD_USER_INPUT"],
    [8, "BAD_USER_INPUT"],
  ]);
});

test("references are counted: more than a call may hold, and more than an answer may hold, are refused", async () => {
  const representations = Array.from({ length: maxReferences + 1 }, () => byId(ids[0]));
  app.statements.length = 0;
  expect((await app.execute(ENTITIES, { representations })).errors?.[0].extensions.code).toBe(
    "BATCH_TOO_LARGE",
  );
  const { errors } = await app.execute(
    `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Customer { tickets(first: 100) { nodes { id } } } } }`,
    { representations: representations.slice(1) },
  );
  expect(errors?.[0].extensions).toMatchObject({
    code: "TOO_EXPENSIVE",
    cost: maxReferences * (1 + 100 * 2),
  });
  expect(app.statements).toEqual([]);
});

test("a gateway that asks for a trace is told none: it would change how every later request is read", async () => {
  const response = await fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${app.key}`,
      "apollo-federation-include-trace": "ftv1",
    },
    body: JSON.stringify({ query: "{ customers { nodes { id } } }" }),
  });
  const { data, extensions } = (await response.json()) as { data: object; extensions: object };
  expect(Object.keys(extensions)).not.toContain("ftv1");
  expect(data).toEqual((await app.execute("{ customers { nodes { id } } }")).data);
});

test("without the flag nothing of it is in the schema", async () => {
  const schema = await builtSchema();
  expect(["_Any", "_Entity", "_Service"].map((name) => schema.getType(name))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(
    Object.keys(schema.getQueryType()?.getFields() ?? {}).filter((name) => name.startsWith("_")),
  ).toEqual([]);
});
