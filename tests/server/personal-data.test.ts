import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Client } from "graphql-ws";
import { maxWithheldErrors } from "../../src/platform/limits.js";
import { startTestApp, type TestApp } from "../support/app.js";
import { askBothWays } from "../support/both-ways.js";
import { givenKey } from "../support/live.js";

/** Stands in every personal value of the data set, so that no answer can hold one unnoticed. */
const secret = "Geheimnis";
const mail = `${secret}@example.com`.toLowerCase();
const occurredAt = "2026-11-01T10:00:00Z";
const customer = { sourceRef: "p1" };
const reading = [
  "customers:read",
  "interactions:read",
  "purchases:read",
  "loyalty:read",
  "tickets:read",
  "feedback:read",
  "consent:read",
  "events:read",
];

let app: TestApp;
let resolvers: TestApp;
/** Reads everything, but not who the customers are. */
let analyst: string;
let integrator: string;
let ids: Record<string, string>;
let start: string;
beforeAll(async () => {
  app = await startTestApp();
  resolvers = await startTestApp({ on: app, compiledReads: false });
  analyst = (await givenKey(app, reading)).key;
  integrator = (await givenKey(app, [...reading, "pii:read"])).key;
  ids = await seed();
});
afterAll(async () => {
  await resolvers.stop();
  await app.stop();
});

const contact = (sourceRef: string) => ({
  sourceRef,
  customer,
  channel: "chat",
  direction: "INBOUND",
  initiative: "UNSOLICITED",
  kind: "message",
  occurredAt,
  summary: secret,
  body: secret,
  attributes: { note: secret },
  conversationRef: "c1",
});

const SEED = `mutation ($p: UpsertProfilesInput!, $i: RecordInteractionsInput!, $t: RecordTicketEventsInput!,
    $f: RecordFeedbackInput!, $l: RecordLoyaltyEntriesInput!, $o: RecordPurchasesInput!) {
  upsertProfiles(input: $p) { results { error { message } customer { id liveCursor } } }
  recordInteractions(input: $i) { results { error { message } interaction { id conversation { id } } } }
  recordTicketEvents(input: $t) { results { error { message } ticket { id } ticketEvent { id } } }
  recordFeedback(input: $f) { results { error { message } feedback { id } } }
  recordLoyaltyEntries(input: $l) { results { error { message } entry { id } } }
  recordPurchases(input: $o) { results { error { message } purchase { id } purchaseReturn { id } } }
}`;

const input = () => {
  const name = {
    displayName: secret,
    givenName: secret,
    familyName: secret,
    email: mail,
    phone: "+4930901820",
  };
  const place = { addressLines: [secret], postalCode: secret, city: secret, birthDate: "1970-01-01" };
  const profile = { sourceRef: "p1", ...name, ...place, traits: { note: secret } };
  const item = { sku: "a", quantity: 1, unitPrice: "1.00" };
  const ticket = { ticketRef: "T1", customer, occurredAt, subject: secret, assignee: secret };
  const order = { customer, currency: "EUR", occurredAt, items: [item] };
  return {
    p: { source: "crm", profiles: [profile] },
    i: { source: "crm", interactions: [contact("i1")] },
    t: {
      source: "crm",
      events: [{ ...ticket, sourceRef: "t1", kind: "OPENED", actor: secret, note: secret }],
    },
    f: {
      source: "crm",
      feedback: [
        { sourceRef: "f1", customer, kind: "CSAT", score: 4, comment: secret, answeredAt: occurredAt },
      ],
    },
    l: {
      source: "crm",
      entries: [{ sourceRef: "l1", customer, kind: "EARN", points: 5, reason: secret, occurredAt }],
    },
    o: {
      source: "crm",
      purchases: [
        { ...order, sourceRef: "o1" },
        { ...order, sourceRef: "r1", kind: "RETURN", returnOf: "o1", reason: secret },
      ],
    },
  };
};

async function seed(): Promise<Record<string, string>> {
  const { data, errors } = await app.execute(SEED, input());
  expect(errors).toBeUndefined();
  const first = (name: string) => data[name].results[0];
  start = first("upsertProfiles").customer.liveCursor;
  const { interaction } = first("recordInteractions");
  const { ticket, ticketEvent } = first("recordTicketEvents");
  return {
    Customer: first("upsertProfiles").customer.id,
    Interaction: interaction.id,
    Conversation: interaction.conversation.id,
    Ticket: ticket.id,
    TicketEvent: ticketEvent.id,
    Feedback: first("recordFeedback").feedback.id,
    LoyaltyEntry: first("recordLoyaltyEntries").entry.id,
    PurchaseReturn: data.recordPurchases.results[1].purchaseReturn.id,
  };
}

/** Everything personal of each type that is a node. */
const personal: Record<string, string> = {
  Customer: `displayName givenName familyName email phone identities { kind value }
    profiles { sourceRef displayName givenName familyName email phone birthDate addressLines postalCode city traits country }`,
  Interaction: "summary body attributes kind",
  Conversation: "subject startedAt",
  Ticket: "subject assignee status",
  TicketEvent: "subject assignee actor note kind",
  Feedback: "comment score",
  LoyaltyEntry: "reason points",
  PurchaseReturn: "reason returnNumber",
};

const nested = `id ${personal.Customer}
  interactions { nodes { ${personal.Interaction} conversation { subject } } } conversations { nodes { subject } }
  tickets { nodes { ${personal.Ticket} events { nodes { ${personal.TicketEvent} } } } }
  feedback { nodes { comment } } loyalty { ledger { nodes { reason } } } returns { nodes { reason } }`;

const timeline = `timeline { nodes { __typename occurredAt ... on Interaction { summary body attributes }
  ... on TicketEvent { subject actor x: note } ... on Feedback { x: comment } ... on LoyaltyEntry { x: reason } ... on PurchaseReturn { x: reason } } }`;

const documents: [name: string, query: string, variables: () => object][] = [
  ["a customer", `query ($id: ID!) { customer(id: $id) { ${nested} } }`, () => ({ id: ids.Customer })],
  [
    "a list of customers",
    `{ customers(first: 1) { nodes { ${personal.Customer} tickets(first: 1) { nodes { subject } } } edges { node { email } cursor } } }`,
    () => ({}),
  ],
  ["a timeline", `query ($id: ID!) { customer(id: $id) { ${timeline} } }`, () => ({ id: ids.Customer })],
  [
    "lists of everything",
    `{ interactions { nodes { ${personal.Interaction} customer { email } } } tickets { nodes { ${personal.Ticket} } }
      feedback { nodes { comment } } returns { nodes { reason } } }`,
    () => ({}),
  ],
  [
    "nodes of every type",
    `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ${Object.entries(personal)
      .map(
        ([type, fields]) =>
          `... on ${type} { ${type}: id ${fields.replace(/\b(subject|assignee|reason|kind)\b/g, (f) => `${type}_${f}: ${f}`)} }`,
      )
      .join(" ")} } }`,
    () => ({ ids: Object.values(ids) }),
  ],
  ["the best customers", '{ topCustomers(currency: "EUR") { customer { displayName email } } }', () => ({})],
];

const holdsSecret = (value: unknown) => {
  const text = JSON.stringify(value).toLowerCase();
  return text.includes(secret.toLowerCase()) || text.includes("4930901820") || text.includes("1970-01-01");
};

/** Paths of all nulls, as errors name them. */
function nullsIn(value: unknown, path: (string | number)[] = []): string[] {
  if (value === null) return [JSON.stringify(path)];
  if (typeof value !== "object") return [];
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value as object);
  return entries.flatMap(([key, inner]) => nullsIn(inner, [...path, key]));
}

describe("without pii:read", () => {
  test.each(documents)(
    "%s shows nothing personal, and an error at each place",
    async (_name, query, variables) => {
      const sent = { query, variables: variables() };
      const open = await askBothWays(app, resolvers, sent, integrator);
      expect([open.errors, open.difference, holdsSecret(open.data)]).toEqual([undefined, null, true]);
      const { data, errors = [], difference } = await askBothWays(app, resolvers, sent, analyst);
      expect(difference).toBeNull();
      expect(holdsSecret({ data, errors })).toBe(false);
      const known = new Set(nullsIn(open.data));
      const kept = nullsIn(data).filter((path) => !known.has(path));
      expect(
        errors
          .map((error) => JSON.stringify((error as { path?: unknown }).path))
          .filter((path) => !known.has(path)),
      ).toEqual(kept);
      expect(kept.length).toBeGreaterThan(0);
      for (const { extensions, message } of errors) {
        const { field } = extensions as unknown as { field: string };
        expect(extensions).toMatchObject({ code: "FORBIDDEN", scope: "pii:read" });
        expect(message).toBe(`${field} needs the scope pii:read.`);
      }
    },
  );

  test("a compiled read does not even ask for the value", async () => {
    app.statements.length = 0;
    const { data, extensions } = await app.execute(
      "{ customers { nodes { id email country } } }",
      {},
      { key: analyst },
    );
    expect(extensions.read).toEqual({ compiled: true });
    expect(data.customers.nodes).toEqual([{ id: ids.Customer, email: null, country: null }]);
    expect(app.statements.filter((text) => text.includes('"customers"."email"'))).toEqual([]);
  });

  test("every value that is not personal is answered as before", async () => {
    const { data, errors } = await app.execute(
      "{ customers { nodes { id stage locale identities { kind verified source { code } } } totalCount } tickets { nodes { status } } }",
      {},
      { key: analyst },
    );
    expect(errors).toBeUndefined();
    expect(data.tickets.nodes).toEqual([{ status: "NEW" }]);
  });

  test("errors stop at a bound, and the last one counts the rest", async () => {
    const names = "abcdefghijklmnopqrst"
      .split("")
      .map((alias) => `${alias}: summary`)
      .join(" ");
    const many = Array.from({ length: 40 }, (_, n) => contact(`many-${n}`));
    await app.execute(
      "mutation ($i: RecordInteractionsInput!) { recordInteractions(input: $i) { results { outcome } } }",
      {
        i: { source: "crm", interactions: many },
      },
    );
    const { errors } = await app.execute(
      `{ interactions(first: 40) { nodes { ${names} } } }`,
      {},
      { key: analyst },
    );
    expect(errors).toHaveLength(maxWithheldErrors);
    expect(errors?.at(-1).extensions.alsoWithheld).toBe(40 * 20 - maxWithheldErrors);
    expect(errors?.at(-2).extensions.alsoWithheld).toBeUndefined();
  });
});

const like = { contains: "G" };
const probes: [name: string, query: string, variables?: object][] = [
  ["a filter", '{ customers(where: {email: {eq: "a"}}) { totalCount } }'],
  [
    "a filter in a variable",
    "query ($w: CustomerFilter) { customers(where: $w) { totalCount } }",
    { w: { email: like } },
  ],
  [
    "deep in a variable",
    "query ($w: CustomerFilter) { customers(where: $w) { totalCount } }",
    { w: { or: [{ not: { and: [{ phone: like }] } }] } },
  ],
  [
    "a part of a literal in a variable",
    "query ($w: CustomerFilter!) { customers(where: {and: [{stage: {eq: LEAD}}, $w]}) { totalCount } }",
    { w: { givenName: like } },
  ],
  [
    "one in the place of a list",
    "query ($w: CustomerFilter) { customers(where: $w) { totalCount } }",
    { w: { and: { familyName: like } } },
  ],
  [
    "a comparator in a variable",
    "query ($c: StringComparator) { customers(where: {displayName: $c}) { totalCount } }",
    { c: like },
  ],
  [
    "the default of a variable",
    "query ($w: CustomerFilter = {not: {email: {isNull: true}}}) { customers(where: $w) { totalCount } }",
  ],
  ["a sort", "{ customers(sort: [{field: DISPLAY_NAME}]) { totalCount } }"],
  [
    "a sort in a variable",
    "query ($s: [CustomerSort!]) { customers(sort: $s) { totalCount } }",
    { s: [{ field: "STAGE" }, { field: "DISPLAY_NAME" }] },
  ],
  [
    "one sort in the place of a list",
    "query ($s: [CustomerSort!]) { customers(sort: $s) { totalCount } }",
    { s: { field: "DISPLAY_NAME" } },
  ],
  [
    "a key of a sort in a variable",
    "query ($f: CustomerSortField!) { customers(sort: [{field: $f}]) { totalCount } }",
    { f: "DISPLAY_NAME" },
  ],
  ["in a fragment", '{ ...f } fragment f on Query { tickets(where: {assignee: {eq: "a"}}) { totalCount } }'],
  [
    "on an edge",
    '{ customers { nodes { interactions(where: {summary: {contains: "G"}}) { totalCount } } } }',
  ],
  ["feedback by its comment", '{ feedback(where: {comment: {contains: "G"}}) { totalCount } }'],
  ["returns by their reason", '{ returns(where: {reason: {contains: "G"}}) { totalCount } }'],
  [
    "a ledger by its reasons",
    '{ customers { nodes { loyalty { ledger(where: {reason: {contains: "G"}}) { totalCount } } } } }',
  ],
  [
    "skipped",
    '{ customers { totalCount } tickets(where: {subject: {contains: "G"}}) @skip(if: true) { totalCount } }',
  ],
  ["an identity", `{ customerByIdentity(kind: EMAIL, value: "${mail}") { id } }`],
];

test.each(probes)(
  "%s is refused without pii:read, and answered with it",
  async (_name, query, variables = {}) => {
    const refused = await app.execute(query, variables, { key: analyst });
    expect([refused.status, refused.data]).toEqual([403, undefined]);
    expect(refused.errors?.[0].extensions).toMatchObject({ code: "FORBIDDEN", scope: "pii:read" });
    expect(holdsSecret(refused.errors)).toBe(false);
    expect((await app.execute(query, variables, { key: integrator })).errors).toBeUndefined();
    expect(await onSocket(app.socket(analyst), query, variables)).toMatchObject([
      { extensions: { code: "FORBIDDEN" } },
    ]);
  },
);

test("another operation of the document, or a null in the place of a condition, is no probe", async () => {
  const both =
    'query A { customers { totalCount } } query B { customers(where: {email: {eq: "a"}}) { totalCount } }';
  const response = await fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${analyst}` },
    body: JSON.stringify({ query: both, operationName: "A" }),
  });
  expect(((await response.json()) as { data: unknown }).data).toEqual({ customers: { totalCount: 1 } });
  const nothing =
    "query ($w: CustomerFilter) { customers(where: $w) { totalCount } a: customers(where: {email: null}) { totalCount } }";
  const { errors } = await app.execute(nothing, { w: { email: null } }, { key: analyst });
  expect(errors).toBeUndefined();
});

describe("on live connections", () => {
  const changes = `subscription ($id: ID!, $after: Cursor) { customerChanged(id: $id, after: $after, types: [INTERACTION_RECORDED]) {
    customer { email } subject { ... on Interaction { summary body } } } }`;

  test("a subscriber without pii:read gets events with nulls and errors; one with it, at the same time, the values", async () => {
    const variables = { id: ids.Customer, after: start };
    const [masked, open] = await Promise.all([
      first(app.socket(analyst), changes, variables),
      first(app.socket(integrator), changes, variables),
    ]);
    expect(open.data.customerChanged).toEqual({
      customer: { email: mail },
      subject: { summary: secret, body: secret },
    });
    expect(open.errors).toBeUndefined();
    expect(masked.data.customerChanged).toEqual({
      customer: { email: null },
      subject: { summary: null, body: null },
    });
    expect(masked.errors?.map(({ path }) => path?.join("."))).toEqual([
      "customerChanged.customer.email",
      "customerChanged.subject.summary",
      "customerChanged.subject.body",
    ]);
    expect(masked.errors?.[0]).toMatchObject({ extensions: { code: "FORBIDDEN", scope: "pii:read" } });
  });

  test("a subscription is not filtered by what its reader may not see", async () => {
    const query = "subscription ($w: InteractionFilter) { interactionRecorded(where: $w) { cursor } }";
    expect(await onSocket(app.socket(analyst), query, { w: { not: { summary: like } } })).toMatchObject([
      { extensions: { code: "FORBIDDEN", field: "InteractionFilter.summary" } },
    ]);
  });

  test("queries on a socket and over server-sent events are masked like those over HTTP", async () => {
    const query = "{ customers { nodes { id email } } }";
    const overSocket = await first(app.socket(analyst), query, {});
    const response = await fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "text/event-stream",
        authorization: `Bearer ${analyst}`,
      },
      body: JSON.stringify({ query }),
    });
    const event = /data: (.+)/.exec(await response.text())?.[1] ?? "";
    for (const { data, errors } of [overSocket, JSON.parse(event)]) {
      expect(data).toEqual({ customers: { nodes: [{ id: ids.Customer, email: null }] } });
      expect(errors).toMatchObject([
        {
          path: ["customers", "nodes", 0, "email"],
          extensions: { code: "FORBIDDEN", field: "Customer.email" },
        },
      ]);
    }
  });
});

test("what a write answers is masked too", async () => {
  const { key } = await givenKey(app, ["customers:read", "interactions:read", "interactions:write"]);
  const { data, errors } = await app.execute(
    "mutation ($i: RecordInteractionsInput!) { recordInteractions(input: $i) { results { outcome interaction { summary customer { email } } } } }",
    { i: { source: "crm", interactions: [contact("own")] } },
    { key },
  );
  expect(data.recordInteractions.results).toEqual([
    { outcome: "RECORDED", interaction: { summary: null, customer: { email: null } } },
  ]);
  expect(errors).toHaveLength(2);
});

// biome-ignore lint/suspicious/noExplicitAny: an answer's shape is what each test is about
type Result = { data: any; errors?: { path?: (string | number)[]; extensions?: object }[] };

async function first(client: Client, query: string, variables: object): Promise<Result> {
  for await (const result of client.iterate({ query, variables: { ...variables } }))
    return result as unknown as Result;
  throw new Error("nothing came");
}

async function onSocket(client: Client, query: string, variables: object): Promise<unknown> {
  return first(client, query, variables).then(
    () => [],
    (errors: unknown) => errors,
  );
}
