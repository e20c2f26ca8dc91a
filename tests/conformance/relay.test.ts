import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startTestApp, type TestApp } from "../support/app.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";

const { folder, remove } = createTemporaryFolder();
let app: TestApp;
let customerIds: string[];
beforeAll(async () => {
  app = await startTestApp();
  customerIds = await seed();
});
afterAll(async () => {
  await app.stop();
  remove();
});

/** Compiles the app in relay-app against a schema; the documents that Relay would send, by name. */
function compile(name: string, schema: string) {
  const home = path.join(folder, name, "tests/conformance/relay-app");
  cpSync("tests/conformance/relay-app", home, { recursive: true });
  mkdirSync(path.join(folder, name, "schema"));
  writeFileSync(path.join(folder, name, "schema/api.graphql"), schema);
  mkdirSync(path.join(home, "artifacts"));
  const file = path.join(home, "artifacts/documents.json");
  writeFileSync(file, "{}");
  const { status, stdout, stderr } = spawnSync(
    path.resolve("node_modules/.bin/relay-compiler"),
    ["relay.config.json"],
    { cwd: home, encoding: "utf8" },
  );
  const texts = Object.values(JSON.parse(readFileSync(file, "utf8")) as Record<string, string>);
  const documents = Object.fromEntries(texts.map((text) => [/^\w+ (\w+)/.exec(text)?.[1], text]));
  return { status, output: stdout + stderr, documents };
}

const published = readFileSync("schema/api.graphql", "utf8");
const compiled = compile("published", published);

test("Relay's compiler takes the schema: connections, pages that can be fetched again, nodes, lists to append to", () => {
  expect(compiled).toMatchObject({ status: 0, output: expect.stringContaining("16 operation text") });
  expect(Object.keys(compiled.documents).sort()).toEqual([
    "ContactsLiveSubscription",
    "ContactsRecordMutation",
    "CustomerCardRefetchQuery",
    "CustomerListPageQuery",
    "CustomerListQuery",
    "CustomerPageQuery",
    "CustomerPageTicketsQuery",
    "CustomerPageTimelineQuery",
  ]);
});

test.each([
  ["node(id:)", (schema: string) => schema.replace(/\n {2}node\([^)]*\): Node\n/, "\n"), "node"],
  ["the cursor of an edge", (schema: string) => schema.replaceAll("  cursor: String!\n", ""), "cursor"],
])("a schema without %s is refused by it", (name, without, word) => {
  const { status, output } = compile(name.replace(/\W/g, ""), without(published));
  expect([status, output.includes(word)]).toEqual([1, true]);
});

const run = async (name: string, variables: object) => {
  const { data, errors } = await app.execute(compiled.documents[name] as string, variables);
  expect(errors).toBeUndefined();
  return data;
};

test("the list and its next pages hold every customer once, in order", async () => {
  const first = (await run("CustomerListQuery", { count: 2 })).customers;
  const names = first.edges.map(({ node }: { node: { displayName: string } }) => node.displayName);
  let { pageInfo } = first;
  while (pageInfo.hasNextPage) {
    const next = (await run("CustomerListPageQuery", { count: 2, cursor: pageInfo.endCursor })).customers;
    names.push(...next.edges.map(({ node }: { node: { displayName: string } }) => node.displayName));
    pageInfo = next.pageInfo;
  }
  expect([first.totalCount, names]).toEqual([
    5,
    ["Customer 0", "Customer 1", "Customer 2", "Customer 3", "Customer 4"],
  ]);
});

test("a card is fetched again by its node's id, and a page of a node goes on in both directions", async () => {
  const [id] = customerIds;
  expect((await run("CustomerCardRefetchQuery", { id })).node).toMatchObject({
    __typename: "Customer",
    id,
    displayName: "Customer 0",
    openTicketCount: 3,
  });
  const { node } = await run("CustomerPageQuery", { id });
  const numbers = (page: { edges: { node: { number: string } }[] }) =>
    page.edges.map((edge) => edge.node.number);
  expect(numbers(node.tickets)).toEqual(["T1", "T0"]);
  const earlier = (await run("CustomerPageTicketsQuery", { id, cursor: node.tickets.pageInfo.startCursor }))
    .node;
  expect([numbers(earlier.tickets), earlier.tickets.pageInfo.hasPreviousPage]).toEqual([["T2"], false]);

  const { endCursor, hasNextPage } = node.timeline.pageInfo;
  const rest = (await run("CustomerPageTimelineQuery", { id, count: 10, cursor: endCursor })).node.timeline;
  const ids = [...node.timeline.edges, ...rest.edges].map((edge) => edge.node.id);
  expect([hasNextPage, ids.length, new Set(ids).size, rest.pageInfo.hasNextPage]).toEqual([
    true,
    3,
    3,
    false,
  ]);
});

test("what Relay sends for a mutation and a subscription runs", async () => {
  const cursor = (
    await app.execute("query ($id: ID!) { customer(id: $id) { liveCursor } }", { id: customerIds[1] })
  ).data.customer.liveCursor;
  const live = app.socket().iterate({
    query: compiled.documents.ContactsLiveSubscription as string,
    variables: { after: cursor },
  });
  const { recordInteractions } = await run("ContactsRecordMutation", {
    input: contact("relay-1", customerIds[1] as string),
  });
  expect(recordInteractions.results).toMatchObject([
    {
      outcome: "RECORDED",
      error: null,
      interaction: { summary: "A call", customer: { id: customerIds[1] } },
    },
  ]);
  const { value } = await live.next();
  expect(value.data.interactionRecorded.interaction.id).toBe(recordInteractions.results[0].interaction.id);
  await live.return?.();
});

const occurredAt = "2026-11-01T10:00:00Z";

function contact(sourceRef: string, id: string) {
  const details = {
    channel: "phone",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "call",
    summary: "A call",
  };
  return { source: "crm", interactions: [{ sourceRef, customer: { id }, occurredAt, ...details }] };
}

/** Five customers, the first with three tickets opened one after the other. */
async function seed(): Promise<string[]> {
  const profiles = Array.from({ length: 5 }, (_, i) => ({
    sourceRef: `p${i}`,
    displayName: `Customer ${i}`,
  }));
  const tickets = Array.from({ length: 3 }, (_, i) => ({
    sourceRef: `e${i}`,
    ticketRef: `T${i}`,
    customer: { sourceRef: "p0" },
    kind: "OPENED",
    occurredAt: `2026-11-0${i + 1}T10:00:00Z`,
  }));
  const { data, errors } = await app.execute(
    `mutation ($profiles: [ProfileInput!]!, $events: [TicketEventInput!]!) {
      upsertProfiles(input: { source: "crm", profiles: $profiles }) { results { customer { id } } }
      recordTicketEvents(input: { source: "crm", events: $events }) { results { outcome } } }`,
    { profiles, events: tickets },
  );
  expect(errors).toBeUndefined();
  return data.upsertProfiles.results.map((result: { customer: { id: string } }) => result.customer.id);
}
