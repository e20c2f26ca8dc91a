import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { isIntrospectionType, isObjectType, type OperationDefinitionNode, parse } from "graphql";
import { roles } from "../../src/platform/access/roles.js";
import { isScope } from "../../src/platform/access/scopes.js";
import { requirementsOf } from "../../src/server/access.js";
import { builtSchema } from "../../src/server/build-schema.js";
import { startTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
let ids: Record<string, string>;
beforeAll(async () => {
  app = await startTestApp();
  ids = await seed();
});
afterAll(() => app.stop());

/** A key that holds just these scopes. */
async function keyWith(...scopes: string[]): Promise<string> {
  const id = randomBytes(16).toString("hex");
  const key = `c360_live_${id}_${randomBytes(20).toString("hex")}`;
  const hash = createHash("sha256").update(key).digest("hex");
  await app.database.transaction((tx) =>
    tx.execute(sql`insert into api_keys (id, name, secret_hash, scopes)
      values (${id}::uuid, 'test', decode(${hash}, 'hex'), ${sql.param(scopes)}::text[])`),
  );
  return key;
}

async function seed() {
  const customer = { sourceRef: "p1" };
  const occurredAt = "2026-11-01T10:00:00Z";
  const contact = {
    sourceRef: "i1",
    customer,
    channel: "chat",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "message",
    occurredAt,
  };
  const { data, errors } = await app.execute(
    `mutation ($i: RecordInteractionsInput!, $t: RecordTicketEventsInput!) {
      recordInteractions(input: $i) { results { interaction { id customer { id } } } }
      recordTicketEvents(input: $t) { results { ticket { id } ticketEvent { id } } } }`,
    {
      i: { source: "crm", interactions: [contact] },
      t: {
        source: "crm",
        events: [{ sourceRef: "t1", ticketRef: "T1", customer, kind: "OPENED", occurredAt }],
      },
    },
  );
  expect(errors).toBeUndefined();
  const { interaction } = data.recordInteractions.results[0];
  const { ticket, ticketEvent } = data.recordTicketEvents.results[0];
  return {
    customer: interaction.customer.id,
    interaction: interaction.id,
    ticket: ticket.id,
    event: ticketEvent.id,
  };
}

const TIMELINE =
  "query ($id: ID!) { customer(id: $id) { timeline { totalCount nodes { __typename id occurredAt } } } }";

test("a timeline shows and counts only the domains that the key may read", async () => {
  const ofAll = await app.execute(TIMELINE, { id: ids.customer });
  expect(ofAll.data.customer.timeline.totalCount).toBe(2);
  const none = await app.execute(TIMELINE, { id: ids.customer }, { key: await keyWith("customers:read") });
  expect(none).toMatchObject({
    errors: undefined,
    data: { customer: { timeline: { totalCount: 0, nodes: [] } } },
  });
  const contacts = await app.execute(
    TIMELINE,
    { id: ids.customer },
    { key: await keyWith("customers:read", "interactions:read") },
  );
  expect(contacts.data.customer.timeline).toEqual({
    totalCount: 1,
    nodes: [{ __typename: "Interaction", id: ids.interaction, occurredAt: "2026-11-01T10:00:00Z" }],
  });
});

test("a node that the key may not read answers as one that is not there", async () => {
  const key = await keyWith("customers:read");
  const missing = "tkt_00000000-0000-7000-8000-000000000000";
  const { data, errors } = await app.execute(
    "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }",
    { ids: [ids.ticket, missing, ids.customer, ids.event] },
    { key },
  );
  expect({ data, errors }).toEqual({
    data: { nodes: [null, null, { __typename: "Customer", id: ids.customer }, null] },
    errors: undefined,
  });
});

test("not yours and not there are the same answer, for the same statements", async () => {
  const missing = {
    customer: "cus_00000000-0000-7000-8000-000000000000",
    ticket: "tkt_00000000-0000-7000-8000-000000000000",
  };
  const asked = async (document: string, id: string | undefined, key: string) => {
    await app.execute("{ __typename }", {}, { key }); // the key itself is looked up once in a second
    app.statements.length = 0;
    const { data, errors } = await app.execute(document, { id }, { key });
    return { data, errors, statements: app.statements.filter((text) => !text.includes("api_keys")).length };
  };
  const node = "query ($id: ID!) { node(id: $id) { __typename id } }";
  const stranger = await keyWith("customers:read");
  const nothing = { data: { node: null }, errors: undefined, statements: 0 };
  for (const id of [ids.ticket, missing.ticket, ids.event, ids.interaction])
    expect(await asked(node, id, stranger)).toEqual(nothing);
  const reader = await keyWith("customers:read", "tickets:read");
  expect(await asked(node, ids.ticket, reader)).toEqual({
    data: { node: { __typename: "Ticket", id: ids.ticket } },
    errors: undefined,
    statements: 1,
  });
  expect(await asked(node, missing.ticket, reader)).toEqual({ ...nothing, statements: 1 });
  // A document that needs more than the caller holds is refused before its ids are looked at.
  const guarded = "query ($id: ID!) { customer(id: $id) { openTicketCount } }";
  const [there, gone] = [
    await asked(guarded, ids.customer, stranger),
    await asked(guarded, missing.customer, stranger),
  ];
  expect([there.statements, gone.statements]).toEqual([0, 0]);
  expect(there.errors?.[0].message).toBe(gone.errors?.[0].message);
});

test("every declaration is asked for: at every root field, in every guarded type, at every guarded field", async () => {
  const schema = await builtSchema();
  const missed: string[] = [];
  const look = (name: string, text: string, scope: unknown) => {
    const document = parse(text);
    const needed = requirementsOf(schema, document, document.definitions[0] as OperationDefinitionNode);
    if (isScope(String(scope)) && !needed.some((need) => need.scope === scope)) missed.push(name);
  };
  for (const operation of ["query", "mutation", "subscription"] as const) {
    for (const { name, extensions } of Object.values(
      schema.getRootType(operation as never)?.getFields() ?? {},
    ))
      look(name, `${operation} { ${name} { __typename } }`, extensions.scope);
  }
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    look(type.name, `{ node { ... on ${type.name} { __typename } } }`, type.extensions.scope);
    for (const { name, extensions } of Object.values(type.getFields()))
      look(`${type.name}.${name}`, `{ node { ... on ${type.name} { ${name} } } }`, extensions.scope);
  }
  expect(missed).toEqual([]);
});

/** One document for each scope of an area, and which roles it is answered for. */
test.each([
  ["AGENT", { read: 200, record: 200, manage: 403, purchase: 200 }],
  ["ANALYST", { read: 200, record: 403, manage: 403, purchase: 200 }],
  ["INTEGRATOR", { read: 200, record: 200, manage: 403, purchase: 200 }],
  ["PARTNER", { read: 403, record: 403, manage: 403, purchase: 200 }],
  ["ADMIN", { read: 200, record: 200, manage: 200, purchase: 200 }],
])("the role %s opens what it is for, and nothing else", async (role, statuses) => {
  const { data } = await app.execute(
    "mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }",
    { input: { name: role, role, partner: role === "PARTNER" ? "acme" : null } },
  );
  const { key } = data.createApiKey;
  const documents = {
    read: "{ customers { totalCount } }",
    record: `mutation { recordInteractions(input: { source: "crm", interactions: [] }) { results { index } } }`,
    manage: "{ apiKeys { totalCount } }",
    purchase: "{ purchases { totalCount } }",
  };
  const answered = Object.entries(documents).map(async ([name, document]) => {
    const { status } = await app.execute(document, {}, { key });
    return [name, status] as const;
  });
  expect(Object.fromEntries(await Promise.all(answered))).toEqual(statuses);
});

test("personal data is a scope of its own, which only those who serve or feed customers hold", () => {
  const holders = Object.entries(roles).filter(([, own]) => own.includes("pii:read"));
  expect(holders.map(([role]) => role)).toEqual(["AGENT", "INTEGRATOR", "ADMIN"]);
});

test.each([
  ["a root list", "{ tickets { totalCount } }"],
  ["an edge", "{ customers { nodes { tickets { totalCount } } } }"],
  ["a count on a customer", "{ customers { nodes { openTicketCount } } }"],
  ["a fragment on an interface", "query ($id: ID!) { node(id: $id) { ... on Ticket { number } } }"],
  [
    "a named fragment inside another",
    "query ($id: ID!) { node(id: $id) { ...a } } fragment a on Node { ...b } fragment b on Node { ... on Ticket { number } }",
  ],
  [
    "a field that a directive leaves out",
    "{ customers { nodes { tickets @skip(if: true) { totalCount } } } }",
  ],
  ["an alias", "{ mine: tickets { nodes { number: id } } }"],
  [
    "the payload of a mutation",
    `mutation { recordTicketEvents(input: { source: "x", events: [] }) { results { ticket { number } } } }`,
  ],
])("%s needs the scope of what it shows, and the refusal names it", async (_name, document) => {
  const key = await keyWith("customers:read", "interactions:read", "tickets:write");
  const { status, data, errors } = await app.execute(document, { id: ids.ticket }, { key });
  expect([status, data, errors?.[0].extensions.code, errors?.[0].extensions.scope]).toEqual([
    403,
    undefined,
    "FORBIDDEN",
    "tickets:read",
  ]);
});

test("a cursor of a write names the customer, so a key that only writes may not ask for it", async () => {
  const key = await keyWith("interactions:write", "purchases:write");
  for (const mutation of [
    'recordInteractions(input: { source: "x", interactions: [] })',
    'recordPurchases(input: { source: "x", purchases: [] })',
  ]) {
    const { errors } = await app.execute(
      `mutation { ${mutation} { results { outcome cursor } } }`,
      {},
      { key },
    );
    expect(errors?.[0].extensions).toMatchObject({ code: "FORBIDDEN", scope: "events:read" });
    expect(
      (await app.execute(`mutation { ${mutation} { results { outcome } } }`, {}, { key })).errors,
    ).toBeUndefined();
  }
});

test("a key without the write scope writes nothing", async () => {
  const key = await keyWith("customers:read", "interactions:read");
  const { errors } = await app.execute(
    `mutation { recordInteractions(input: { source: "crm", interactions: [] }) { results { index } } }`,
    {},
    { key },
  );
  expect(errors?.[0].extensions).toMatchObject({ code: "FORBIDDEN", scope: "interactions:write" });
});

test("a revoked and an expired key answer like an unknown one", async () => {
  const [revoked, expired] = [await keyWith("customers:read"), await keyWith("customers:read")];
  const idOf = (key: string) => key.split("_")[2];
  await app.database.transaction(async (tx) => {
    await tx.execute(sql`update api_keys set revoked_at = now() where id = ${idOf(revoked)}::uuid`);
    await tx.execute(
      sql`update api_keys set expires_at = now() - interval '1 second' where id = ${idOf(expired)}::uuid`,
    );
  });
  for (const key of [revoked, expired, `${revoked}x`]) {
    const { status, errors } = await app.execute("{ __typename }", {}, { key });
    expect([status, errors?.[0].extensions.code]).toEqual([401, "UNAUTHENTICATED"]);
  }
});

test("an operation that could answer too many objects is refused before it runs, on both transports, variables counted", async () => {
  const document = `query ($n: Int = 50) { customers(first: $n) { nodes { tickets(first: 100) { nodes { customer { tickets(first: 100) { nodes { id } } } } } } } }`;
  for (const variables of [{}, { n: 20 }]) {
    app.statements.length = 0;
    const { status, errors } = await app.execute(document, variables);
    expect([status, errors?.[0].extensions.code, app.statements.length]).toEqual([400, "TOO_EXPENSIVE", 0]);
  }
  expect((await app.execute(document, { n: 1 })).errors).toBeUndefined();

  const doubled = Array.from(
    { length: 20 },
    (_, i) => `fragment f${i} on Customer { ...f${i + 1} ...f${i + 1} }`,
  ).join(" ");
  const nested = await app.execute(
    `{ customers(first: 1) { nodes { ...f0 } } } ${doubled} fragment f20 on Customer { tickets { totalCount } }`,
  );
  expect(nested.errors?.[0].extensions.code).toMatch(/TOO_EXPENSIVE|GRAPHQL_VALIDATION_FAILED/);
});
