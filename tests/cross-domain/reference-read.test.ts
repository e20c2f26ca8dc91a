import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { startTestApp, type TestApp } from "../support/app.js";

const document = (name: string) => readFileSync(`tests/operations/${name}.graphql`, "utf8");
const customerCount = 100;

let app: TestApp;
/** The same data, read by the resolvers alone. */
let resolvers: TestApp;
let ids: string[];
beforeAll(async () => {
  app = await startTestApp();
  resolvers = await startTestApp({ on: app, compiledReads: false });
  ids = await seed();
});
afterAll(async () => {
  await resolvers.stop();
  await app.stop();
});

/** A hundred customers, each with something in every domain. */
async function seed(): Promise<string[]> {
  const people = Array.from({ length: customerCount }, (_, i) => i);
  const customer = (i: number) => ({ sourceRef: `p${i}` });
  const at = (day: number) => `2026-0${1 + (day % 9)}-1${day % 9}T08:00:00.000${100 + day}Z`;
  const batch = async (mutation: string, type: string, list: string, items: object[]) => {
    const query = `mutation ($input: ${type}!) { ${mutation}(input: $input) { results { outcome error { code field message } } } }`;
    const { data, errors } = await app.execute(query, { input: { source: "crm", [list]: items } });
    expect(errors).toBeUndefined();
    expect(
      data[mutation].results.filter((result: { outcome: string }) => result.outcome !== "RECORDED"),
    ).toEqual([]);
  };
  await batch(
    "upsertProfiles",
    "UpsertProfilesInput",
    "profiles",
    people.map((i) => ({
      sourceRef: `p${i}`,
      givenName: `Given ${i}`,
      familyName: `Family ${i}`,
      email: `p${i}@example.com`,
      stage: "CUSTOMER",
    })),
  );
  await batch(
    "recordInteractions",
    "RecordInteractionsInput",
    "interactions",
    people.flatMap((i) =>
      Array.from({ length: 5 }, (_, n) => ({
        sourceRef: `i${i}-${n}`,
        customer: customer(i),
        channel: n % 2 ? "phone" : "chat",
        direction: "INBOUND",
        initiative: "UNSOLICITED",
        kind: "message",
        occurredAt: at(n),
        summary: `Contact ${n}`,
      })),
    ),
  );
  await batch(
    "recordPurchases",
    "RecordPurchasesInput",
    "purchases",
    people.flatMap((i) =>
      Array.from({ length: 3 }, (_, n) => ({
        sourceRef: `o${i}-${n}`,
        customer: customer(i),
        occurredAt: at(n),
        currency: "EUR",
        channel: "web",
        items: [
          { sku: "A", name: "Apple", quantity: 2, unitPrice: "1.50" },
          { sku: "B", name: "Pear", quantity: 1, unitPrice: "0.4" },
        ],
      })),
    ),
  );
  await batch(
    "recordLoyaltyEntries",
    "RecordLoyaltyEntriesInput",
    "entries",
    people.map((i) => ({
      sourceRef: `l${i}`,
      customer: customer(i),
      kind: "EARN",
      points: 1200,
      reason: "Welcome",
      occurredAt: at(1),
    })),
  );
  await batch(
    "recordTicketEvents",
    "RecordTicketEventsInput",
    "events",
    people.map((i) => ({
      sourceRef: `t${i}`,
      ticketRef: `T-${i}`,
      customer: customer(i),
      kind: "OPENED",
      status: "OPEN",
      priority: "HIGH",
      subject: "Broken",
      channel: "phone",
      occurredAt: at(2),
    })),
  );
  const { data } = await app.execute("{ customers(first: 100) { nodes { id } } }");
  return data.customers.nodes.map((node: { id: string }) => node.id);
}

/** Statements of the reference read: customer, identities, and one for each edge and level. */
const statementsOfOne = 8;

test("the reference read shows the whole customer", async () => {
  const { data, errors } = await app.execute(document("customer-360"), { id: ids[0] });
  expect(errors).toBeUndefined();
  expect(data.customer).toMatchObject({
    displayName: "Given 99 Family 99",
    email: "p99@example.com",
    stage: "CUSTOMER",
    identities: [
      { kind: "EMAIL", value: "p99@example.com", verified: false, source: { code: "crm" } },
      { kind: "EXTERNAL_ID", value: "crm:p99", verified: true, source: { code: "crm" } },
    ],
    purchases: {
      nodes: [
        {
          status: "PLACED",
          total: { amount: "3.40", currency: "EUR" },
          items: [
            { sku: "A", name: "Apple", quantity: 2, unitPrice: { amount: "1.50", currency: "EUR" } },
            { sku: "B", name: "Pear", quantity: 1, unitPrice: { amount: "0.40", currency: "EUR" } },
          ],
        },
        {},
        {},
      ],
    },
    loyalty: {
      tier: { code: "silver" },
      points: { active: 1200, pending: 0 },
      ledger: { nodes: [{ kind: "EARN", points: 1200 }] },
    },
    tickets: { nodes: [{ number: "T-99", status: "OPEN", priority: "HIGH", subject: "Broken" }] },
  });
  expect(data.customer.interactions.nodes.map((node: { summary: string }) => node.summary)).toEqual([
    "Contact 4",
    "Contact 3",
    "Contact 2",
    "Contact 1",
    "Contact 0",
  ]);
});

test("each reference read is one statement, and its answer is what the resolvers answer", async () => {
  for (const [name, variables] of [
    ["customer-360", { id: ids[0] }],
    ["customer-list", { first: 100 }],
  ] as const) {
    app.statements.length = 0;
    const answer = await app.execute(document(name), variables);
    expect(answer.extensions.read).toEqual({ compiled: true });
    expect(app.statements).toHaveLength(1);
    expect(answer.data).toEqual((await resolvers.execute(document(name), variables)).data);
  }
});

test("without explanations the bytes of the statement are the answer, whole and of the length that is told", async () => {
  const plain = await startTestApp({ on: app, explainReads: false });
  const body = JSON.stringify({ query: document("customer-list"), variables: { first: 100 } });
  const headers = { "content-type": "application/json", authorization: `Bearer ${plain.key}` };
  const response = await fetch(`${plain.url}/graphql`, { method: "POST", headers, body });
  const text = await response.text();
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(response.headers.get("content-length")).toBe(String(Buffer.byteLength(text)));
  const { data, extensions } = await resolvers.execute(document("customer-list"), { first: 100 });
  const { cost } = extensions;
  expect(text).toBe(JSON.stringify({ data, extensions: { cost } }));
  await plain.stop();
});

test("reads of the same turn share one statement, and each gets its own customer", async () => {
  app.statements.length = 0;
  const answers = await Promise.all(
    ids.slice(0, 10).map((id) => app.execute("query ($id: ID!) { customer(id: $id) { id } }", { id })),
  );
  expect(answers.map(({ data }) => data.customer.id)).toEqual(ids.slice(0, 10));
  expect(app.statements.length).toBeLessThan(10);
});

test(`by resolvers the reference read costs ${statementsOfOne} statements, for 1 customer as for 100`, async () => {
  resolvers.statements.length = 0;
  await resolvers.execute(document("customer-360"), { id: ids[0] });
  expect(resolvers.statements).toHaveLength(statementsOfOne);

  const [, selection] = /customer\(id: \$id\) (\{[\s\S]*\})\s*\}\s*$/.exec(
    document("customer-360"),
  ) as unknown as [string, string];
  resolvers.statements.length = 0;
  const { data, errors } = await resolvers.execute(`{ customers(first: 100) { nodes ${selection} } }`);
  expect(errors).toBeUndefined();
  expect(data.customers.nodes).toHaveLength(100);
  expect(data.customers.nodes[57].tickets.nodes).toHaveLength(1);
  expect(resolvers.statements).toHaveLength(statementsOfOne);
});

test("by resolvers the list costs five statements for a page of 10 as for one of 100", async () => {
  for (const first of [10, 100]) {
    resolvers.statements.length = 0;
    const { data, errors } = await resolvers.execute(document("customer-list"), { first });
    expect(errors).toBeUndefined();
    expect(data.customers.nodes).toHaveLength(first);
    expect(
      data.customers.nodes.every((node: { openTicketCount: number }) => node.openTicketCount === 1),
    ).toBe(true);
    expect(resolvers.statements).toHaveLength(5);
  }
});

test.each([
  ["compiled", () => app, "%asked(id)%"],
  ["resolved", () => resolvers, "%cross join lateral%"],
])("the statements of a %s read are prepared on the server", async (_name, of, text) => {
  await of().execute(document("customer-360"), { id: ids[1] });
  const prepared = () =>
    of().database.read.execute(
      sql`select 1 from pg_prepared_statements where statement like ${text} and name <> '' limit 1`,
    );
  const onEachConnection = await Promise.all(Array.from({ length: 8 }, prepared));
  expect(onEachConnection.some((rows) => rows.length === 1)).toBe(true);
});

test("the timeline holds every domain, the latest first, and pages without gap or repetition both ways", async () => {
  const all = await app.execute(document("timeline"), { id: ids[0] });
  expect(all.errors).toBeUndefined();
  const edges = all.data.customer.timeline.edges;
  const counts: Record<string, number> = {};
  for (const { node } of edges) counts[node.__typename] = (counts[node.__typename] ?? 0) + 1;
  expect(counts).toEqual({ Interaction: 5, Purchase: 3, LoyaltyEntry: 1, TicketEvent: 1 });
  const times = edges.map((edge: { node: { occurredAt: string } }) => edge.node.occurredAt);
  expect(times).toEqual(times.toSorted().reverse());

  const forward: string[] = [];
  for (let after: string | null = null; ; ) {
    const { data } = await app.execute(document("timeline"), { id: ids[0], first: 3, after });
    const page = data.customer.timeline;
    forward.push(...page.edges.map((edge: { cursor: string }) => edge.cursor));
    if (!page.pageInfo.hasNextPage) break;
    after = page.pageInfo.endCursor;
  }
  expect(forward).toEqual(edges.map((edge: { cursor: string }) => edge.cursor));
  const { data } = await app.execute(
    "query ($id: ID!, $before: String) { customer(id: $id) { timeline(last: 4, before: $before) { edges { cursor } pageInfo { hasNextPage hasPreviousPage } totalCount } } }",
    { id: ids[0], before: forward[6] },
  );
  expect(data.customer.timeline).toEqual({
    edges: forward.slice(2, 6).map((cursor) => ({ cursor })),
    pageInfo: { hasNextPage: true, hasPreviousPage: true },
    totalCount: 10,
  });
});

test("node and nodes read anything by its id, in order, null where there is nothing", async () => {
  const missing = "cus_00000000-0000-7000-8000-000000000000";
  const { data: one } = await app.execute(document("customer-360"), { id: ids[0] });
  const { interactions, purchases, tickets, loyalty } = one.customer;
  const wanted = [
    tickets.nodes[0].id,
    missing,
    ids[0],
    interactions.nodes[0].id,
    purchases.nodes[0].id,
    loyalty.ledger.nodes[0].id,
  ];
  const { data, errors } = await app.execute("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", {
    ids: wanted,
  });
  expect(errors).toBeUndefined();
  expect(data.nodes).toEqual(
    ["Ticket", null, "Customer", "Interaction", "Purchase", "LoyaltyEntry"].map(
      (__typename, i) => __typename && { __typename, id: wanted[i] },
    ),
  );
});
