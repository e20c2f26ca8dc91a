import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import type { Caller } from "../../src/platform/access/caller.js";
import { createKeyOwners } from "../../src/platform/access/key-owners.js";
import { scopes } from "../../src/platform/access/scopes.js";
import { builtSchema } from "../../src/server/build-schema.js";
import { prepareOperation } from "../../src/server/operation.js";
import { limitedKey } from "../domains/loyalty/limited-key.js";
import { startTestApp, type TestApp } from "../support/app.js";
import { connectSocket } from "../support/socket.js";

/** What each customer said of marketing, the oldest first; of everything where no channel is named. */
const said: Record<string, { status: string; channel?: string; expiresAt?: string; purpose?: string }[]> = {
  all: [{ status: "GRANTED" }],
  mail: [{ status: "GRANTED", channel: "email" }],
  back: [{ status: "REVOKED" }, { status: "GRANTED", expiresAt: "9999-01-01T00:00:00Z" }],
  notmail: [{ status: "REVOKED", channel: "email" }, { status: "GRANTED" }],
  shut: [{ status: "GRANTED", channel: "email" }, { status: "REVOKED" }],
  shutbefore: [{ status: "DENIED" }, { status: "GRANTED", channel: "email" }],
  gone: [{ status: "GRANTED" }, { status: "REVOKED" }],
  lapsed: [{ status: "GRANTED" }, { status: "GRANTED", expiresAt: "2026-03-20T00:00:00Z" }],
  other: [{ status: "GRANTED", purpose: "ANALYTICS" }],
  mute: [],
};
const people = Object.keys(said);
const marketing = ["all", "back", "mail", "notmail"];

let compiled: TestApp;
let resolvers: TestApp;
let ids: Record<string, string>;
beforeAll(async () => {
  compiled = await startTestApp({ audit: "all" });
  resolvers = await startTestApp({ on: compiled, compiledReads: false });
  await seed(compiled);
  const { data } = await compiled.execute("{ customers(first: 50) { nodes { id displayName } } }");
  ids = Object.fromEntries(
    data.customers.nodes.map(({ id, displayName }: Record<string, string>) => [displayName, id]),
  );
});
afterAll(async () => {
  await resolvers?.stop();
  await compiled?.stop();
});

let refs = 0;
async function record(app: TestApp, mutation: string, type: string, list: string, items: object[]) {
  const query = `mutation ($input: ${type}!) { ${mutation}(input: $input) { results { error { code field } } } }`;
  const { data, errors } = await app.execute(query, { input: { source: "web", [list]: items } });
  const refused = data?.[mutation].results.filter((result: { error: unknown }) => result.error);
  if (errors || refused.length) throw new Error(JSON.stringify(errors ?? refused));
}

const saying = (name: string, status: string, day: number, more: object = {}) => ({
  sourceRef: `C-${++refs}`,
  customer: { sourceRef: name },
  purpose: "MARKETING",
  occurredAt: `2026-03-${String(day).padStart(2, "0")}T10:00:00Z`,
  status,
  ...more,
});
const consent = (app: TestApp, ...items: object[]) =>
  record(app, "recordConsents", "RecordConsentsInput", "consents", items);

async function seed(app: TestApp): Promise<void> {
  const of = (name: string) => ({ sourceRef: name, customer: { sourceRef: name } });
  const occurredAt = "2026-03-01T10:00:00Z";
  const contact = { channel: "chat", direction: "INBOUND", initiative: "UNSOLICITED", kind: "message" };
  const bought = { currency: "EUR", items: [{ sku: "a", quantity: 1, unitPrice: "10.00" }] };
  const each = (item: (name: string) => object) => people.map(item);
  await record(
    app,
    "upsertProfiles",
    "UpsertProfilesInput",
    "profiles",
    each((name) => ({
      sourceRef: name,
      displayName: name,
      identities: [{ kind: "EMAIL", value: `${name}@example.com` }],
    })),
  );
  await record(
    app,
    "recordInteractions",
    "RecordInteractionsInput",
    "interactions",
    each((name) => ({ ...of(name), ...contact, occurredAt })),
  );
  await record(
    app,
    "recordPurchases",
    "RecordPurchasesInput",
    "purchases",
    each((name) => ({ ...of(name), ...bought, occurredAt })),
  );
  await record(
    app,
    "recordFeedback",
    "RecordFeedbackInput",
    "feedback",
    each((name) => ({
      ...of(name),
      kind: "CSAT",
      score: 4,
      scaleMin: 1,
      scaleMax: 5,
      answeredAt: occurredAt,
    })),
  );
  await record(
    app,
    "recordTicketEvents",
    "RecordTicketEventsInput",
    "events",
    each((name) => ({
      ...of(name),
      ticketRef: `T-${name}`,
      number: `T-${name}`,
      kind: "OPENED",
      revision: 1,
      status: "OPEN",
      occurredAt,
    })),
  );
  await consent(
    app,
    ...Object.entries(said).flatMap(([name, list]) =>
      list.map(({ status, ...more }, i) => saying(name, status, 1 + i, more)),
    ),
  );
}

const executors: [string, () => TestApp][] = [
  ["compiled statements", () => compiled],
  ["resolvers", () => resolvers],
];

async function ask(app: TestApp, purpose: string | undefined, query: string, variables: object = {}) {
  const { data, errors } = await app.execute(query, variables, purpose === undefined ? {} : { purpose });
  expect(errors).toBeUndefined();
  return data;
}

async function names(app: TestApp, purpose?: string): Promise<[string[], number]> {
  const { customers } = await ask(
    app,
    purpose,
    "{ customers(first: 50) { totalCount nodes { displayName } } }",
  );
  return [
    customers.nodes.map(({ displayName }: { displayName: string }) => displayName).sort(),
    customers.totalCount,
  ];
}

describe.each(executors)("read by %s", (_name, at) => {
  test.each([
    [undefined, people.toSorted()],
    ["service", people.toSorted()],
    ["marketing", marketing],
    [" Marketing ", marketing],
    ["marketing; channel=email", ["all", "back", "mail"]],
    ["marketing;channel=phone", ["all", "back", "notmail"]],
    ["analytics", ["other"]],
    ["analytics; channel=email", ["other"]],
    ["marketing; channel=no_such_channel", []],
  ])("under %p a page and its count hold who consented, and nobody else", async (purpose, shown) => {
    expect(await names(at(), purpose)).toEqual([shown, shown.length]);
  });

  test("one customer, by id, by address and as a node, is not there without consent", async () => {
    const query = `query ($id: ID!, $value: String!) { customer(id: $id) { displayName }
      customerByIdentity(kind: EMAIL, value: $value) { displayName } node(id: $id) { id } nodes(ids: [$id]) { id } }`;
    for (const name of people) {
      const shown = await ask(at(), "marketing", query, { id: ids[name], value: `${name}@example.com` });
      const there = marketing.includes(name);
      const [customer, node] = there ? [{ displayName: name }, { id: ids[name] }] : [null, null];
      expect([name, shown]).toEqual([name, { customer, customerByIdentity: customer, node, nodes: [node] }]);
    }
  });

  const records = ["interactions", "tickets", "purchases", "feedback"];
  test.each(records)("%s are those of who consented, with their customer", async (list) => {
    const data = await ask(
      at(),
      "marketing",
      `{ ${list}(first: 50) { totalCount nodes { id customer { displayName } } } }`,
    );
    const { totalCount, nodes } = data[list];
    expect([
      totalCount,
      nodes.map(({ customer }: { customer: Record<string, string> }) => customer.displayName).sort(),
    ]).toEqual([4, marketing]);
  });

  test.each(records)("a node of %s is there for who consented only", async (list) => {
    const all = await ask(
      at(),
      undefined,
      `{ ${list}(first: 50) { nodes { id customer { displayName } } } }`,
    );
    const { nodes } = await ask(at(), "marketing", "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {
      ids: all[list].nodes.map(({ id }: { id: string }) => id),
    });
    expect(nodes).toEqual(
      all[list].nodes.map(({ id, customer }: { id: string; customer: Record<string, string> }) =>
        marketing.includes(customer.displayName ?? "") ? { id } : null,
      ),
    );
  });

  test("figures over purchases are of who consented", async () => {
    const query = `{ purchaseSummary { purchaseCount itemCount customerCount }
      topCustomers(currency: "EUR", first: 50) { customer { displayName } } }`;
    const shown = await ask(at(), "marketing", query);
    const top = shown.topCustomers.map(({ customer }: { customer: Record<string, string> }) => customer);
    expect([
      shown.purchaseSummary,
      top.map(({ displayName }: Record<string, string>) => displayName).sort(),
    ]).toEqual([{ purchaseCount: 4, itemCount: 4, customerCount: 4 }, marketing]);
    expect((await ask(at(), undefined, query)).purchaseSummary.customerCount).toBe(people.length);
  });

  test("pages follow each other without a gap, and lead to nobody else", async () => {
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more && seen.length < 10; ) {
      const { customers } = await ask(
        at(),
        "marketing",
        "query ($after: String) { customers(first: 1, after: $after) { nodes { displayName } pageInfo { hasNextPage endCursor } } }",
        { after },
      );
      seen.push(customers.nodes[0].displayName);
      more = customers.pageInfo.hasNextPage;
      after = customers.pageInfo.endCursor;
    }
    expect(seen.sort()).toEqual(marketing);
  });

  test("what a customer says holds from the next read on, either way", async () => {
    const one = `query ($id: ID!) { customer(id: $id) { displayName } }`;
    const there = async () => (await ask(at(), "analytics", one, { id: ids.mute })).customer !== null;
    expect(await there()).toBe(false);
    await consent(at(), saying("mute", "GRANTED", 1, { purpose: "ANALYTICS" }));
    expect(await there()).toBe(true);
    await consent(at(), saying("mute", "REVOKED", 2, { purpose: "ANALYTICS" }));
    expect(await there()).toBe(false);
    await compiled.database.transaction((tx) =>
      tx.execute(
        sql`delete from consents where purpose = 'ANALYTICS' and customer_id = ${(ids.mute as string).slice(4)}::uuid`,
      ),
    );
  });

  test("requests of one turn, for other purposes and channels, each get their own answer", async () => {
    const one = `query ($id: ID!) { customer(id: $id) { displayName } }`;
    const asked = people.flatMap((name) =>
      [undefined, "marketing", "marketing; channel=email", "marketing; channel=phone", "analytics"].map(
        async (purpose) => [
          name,
          purpose,
          (await ask(at(), purpose, one, { id: ids[name] })).customer !== null,
        ],
      ),
    );
    const there = (await Promise.all(asked))
      .filter(([, , shown]) => shown)
      .map(([name, p]) => `${p}: ${name}`);
    expect(there.sort()).toEqual(
      [
        ...people.map((name) => `undefined: ${name}`),
        ...marketing.map((name) => `marketing: ${name}`),
        ...["all", "back", "mail"].map((name) => `marketing; channel=email: ${name}`),
        ...["all", "back", "notmail"].map((name) => `marketing; channel=phone: ${name}`),
        "analytics: other",
      ].sort(),
    );
  });

  test.each([
    ["{ auditEntries { totalCount } }", "Query.auditEntries"],
    ["{ feedCursor }", "Query.feedCursor"],
    [
      "query ($on: Boolean = false) { viewer { name } ...F @include(if: $on) } fragment F on Query { webhooks { totalCount } }",
      "Query.webhooks",
    ],
    [
      'mutation { recordConsents(input: { source: "web", consents: [] }) { results { index } } }',
      "Mutation.recordConsents",
    ],
  ])("%s is refused", async (query, field) => {
    const { status, data, errors } = await at().execute(query, {}, { purpose: "marketing" });
    expect([status, data, errors?.[0].extensions]).toEqual([
      403,
      undefined,
      { code: "PURPOSE_NOT_SUPPORTED", field, requestId: expect.any(String) },
    ]);
  });

  test("what is of no customer is answered as ever, and no node of the machinery", async () => {
    const { data } = await at().execute("{ auditEntries(first: 1) { nodes { id } } }");
    const entry = data.auditEntries.nodes[0].id;
    const query = `query ($entry: ID!) { viewer { purpose } loyaltyTiers { code } rewards { code } rateLimit { maximum }
      __typename __type(name: "Customer") { name } node(id: $entry) { id } }`;
    expect((await ask(at(), undefined, query, { entry })).node).toEqual({ id: entry });
    const shown = await ask(at(), "analytics", query, { entry });
    expect([shown.viewer, shown.node, shown.__type]).toEqual([
      { purpose: "ANALYTICS" },
      null,
      { name: "Customer" },
    ]);
  });
});

test.each([
  "profit",
  "",
  "marketing, analytics",
  "marketing; channel=",
  "marketing; channel=E-Mail!",
  "service; channel=email",
  "marketing; color=red",
])("the purpose %p is refused before anything is read", async (purpose) => {
  compiled.statements.length = 0;
  const { status, data, errors } = await compiled.execute("{ customers { totalCount } }", {}, { purpose });
  expect([status, data, errors?.map(({ extensions }) => extensions.code)]).toEqual([
    400,
    undefined,
    ["BAD_PURPOSE"],
  ]);
  expect(compiled.statements).toEqual([]);
});

describe("on a socket and as events", () => {
  const query = "{ customers(first: 50) { totalCount } }";
  const ofKey = (more: object) => ({ authorization: `Bearer ${compiled.key}`, ...more });

  test.each([{ purpose: "marketing" }, { "x-purpose": "marketing" }, { "X-Purpose": "Marketing" }])(
    "%j in connection_init holds for every operation",
    async (given) => {
      const { next, send, socket } = await connectSocket(compiled, ofKey(given));
      try {
        expect(await next()).toEqual({ type: "connection_ack" });
        send({ id: "1", type: "subscribe", payload: { query } });
        expect((await next()).payload.data).toEqual({ customers: { totalCount: 4 } });
        expect((await next()).type).toBe("complete");
        send({ id: "2", type: "subscribe", payload: { query: "subscription { events { cursor } }" } });
        expect((await next()).payload[0].extensions).toMatchObject({
          code: "PURPOSE_NOT_SUPPORTED",
          field: "Subscription.events",
        });
      } finally {
        socket.close();
      }
    },
  );

  test("a purpose that is none closes the socket", async () => {
    const { closed } = await connectSocket(compiled, ofKey({ purpose: ["marketing"] }));
    expect(await closed).toBe(4400);
  });

  test("a socket under a purpose stays open while keys are looked at again", async () => {
    const key = await limitedKey(compiled, ["customers:read"]);
    const { next, send, socket } = await connectSocket(compiled, {
      authorization: `Bearer ${key}`,
      purpose: "marketing",
    });
    try {
      expect((await next()).type).toBe("connection_ack");
      // All keys in use are looked at together: one that ends shows that it was done, and the second one, that it is over.
      for (const _ of ["once", "twice"]) await endedSocket();
      send({ id: "1", type: "subscribe", payload: { query } });
      expect((await next()).payload.data).toEqual({ customers: { totalCount: 4 } });
    } finally {
      socket.close();
    }
  });

  /** A socket of a key that is revoked, once it is closed. */
  async function endedSocket(): Promise<void> {
    const made = await compiled.execute(
      'mutation { createApiKey(input: { name: "brief", scopes: ["customers:read"] }) { key apiKey { id } } }',
    );
    const { key, apiKey } = made.data.createApiKey;
    const { next, closed } = await connectSocket(compiled, { authorization: `Bearer ${key}` });
    expect((await next()).type).toBe("connection_ack");
    await compiled.execute("mutation ($id: ID!) { revokeApiKey(id: $id) { userErrors { code } } }", {
      id: apiKey.id,
    });
    expect(await closed).toBe(4403);
  }

  test("events hold who consented", async () => {
    const response = await fetch(`${compiled.url}/graphql`, {
      method: "POST",
      headers: {
        ...ofKey({ "x-purpose": "marketing; channel=email" }),
        "content-type": "application/json",
        accept: "text/event-stream",
      },
      body: JSON.stringify({ query }),
    });
    expect(await response.text()).toContain('{"data":{"customers":{"totalCount":3}}');
  });
});

describe("a key of one purpose", () => {
  const count = "{ viewer { purpose } customers { totalCount } }";
  const shown = async (key: string, purpose?: string) => {
    const { status, data, errors } = await compiled.execute(count, {}, { key, ...(purpose && { purpose }) });
    return [status, data?.viewer.purpose, data?.customers.totalCount, errors?.[0].extensions.code].filter(
      (value) => value !== undefined,
    );
  };

  test("reads for it whatever its requests say, for one channel of it where they name one, and for no other", async () => {
    const key = await limitedKey(compiled, ["customers:read"], "MARKETING");
    expect(await shown(key)).toEqual([200, "MARKETING", 4]);
    expect(await shown(key, "marketing; channel=email")).toEqual([200, "MARKETING", 3]);
    expect(await shown(key, "service")).toEqual([403, "FORBIDDEN"]);
    expect(await shown(key, "analytics")).toEqual([403, "FORBIDDEN"]);
  });

  test("of SERVICE reads for nothing else", async () => {
    const key = await limitedKey(compiled, ["customers:read"], "SERVICE");
    expect(await shown(key)).toEqual([200, "SERVICE", people.length]);
    expect(await shown(key, "service")).toEqual([200, "SERVICE", people.length]);
    expect(await shown(key, "marketing")).toEqual([403, "FORBIDDEN"]);
  });

  test("changes nothing, makes no keys and reads no exported documents", async () => {
    const key = await limitedKey(compiled, [...scopes], "ANALYTICS");
    const { errors } = await compiled.execute(
      'mutation { createApiKey(input: { name: "more", role: ADMIN }) { key } }',
      {},
      { key },
    );
    expect(errors?.[0].extensions.code).toBe("PURPOSE_NOT_SUPPORTED");
    const page = await fetch(`${compiled.url}/privacy/exports/prq_x`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect([page.status, ((await page.json()) as { errors: object[] }).errors[0]]).toMatchObject([
      403,
      { extensions: { code: "PURPOSE_NOT_SUPPORTED" } },
    ]);
  });

  test("is made and changed like every other, and loses its sockets when its purpose changes", async () => {
    const made = await compiled.execute(
      `mutation { createApiKey(input: { name: "campaigns", role: ANALYST, purpose: MARKETING }) {
        key apiKey { id purpose } userErrors { code } } }`,
    );
    const { key, apiKey } = made.data.createApiKey;
    expect(apiKey.purpose).toBe("MARKETING");
    const { next, closed } = await connectSocket(compiled, { authorization: `Bearer ${key}` });
    expect((await next()).type).toBe("connection_ack");
    const changed = await compiled.execute(
      `mutation ($id: ID!) { updateApiKey(input: { id: $id, purpose: ANALYTICS }) { apiKey { purpose } userErrors { code } } }`,
      { id: apiKey.id },
    );
    expect(changed.data.updateApiKey).toEqual({ apiKey: { purpose: "ANALYTICS" }, userErrors: [] });
    expect(await closed).toBe(4403);
  });
});

test("a partner's read for a purpose holds who consented, under the partner's names", async () => {
  const made = await compiled.execute(
    'mutation { createApiKey(input: { name: "acme", role: PARTNER, partner: "acme" }) { key } }',
  );
  const { key } = made.data.createApiKey;
  const count = async (purpose: string) =>
    (await compiled.execute("{ purchases(first: 1) { totalCount } }", {}, { key, purpose })).data.purchases
      .totalCount;
  expect([await count("service"), await count("marketing")]).toEqual([people.length, 4]);
});

test("a gateway's references find who consented", async () => {
  const subgraph = await startTestApp({ on: compiled, federation: true });
  try {
    const { _entities } = await ask(
      subgraph,
      "marketing",
      "query ($of: [_Any!]!) { _entities(representations: $of) { ... on Customer { displayName } } _service { __typename } }",
      {
        of: ["all", "mute"].flatMap((name) => [
          { __typename: "Customer", id: ids[name] },
          { __typename: "Customer", identity: { kind: "EMAIL", value: `${name}@example.com` } },
        ]),
      },
    );
    expect(_entities).toEqual([{ displayName: "all" }, { displayName: "all" }, null, null]);
  } finally {
    await subgraph.stop();
  }
});

test("what a key owns works for the key's purpose, so its webhooks stop when it gets one", async () => {
  const { data } = await compiled.execute(
    'mutation { createApiKey(input: { name: "owner", role: INTEGRATOR, purpose: MARKETING }) { apiKey { id } } }',
  );
  const { id } = data.createApiKey.apiKey;
  const owner = (await createKeyOwners(compiled.database.read, false)([id])).get(id) as Caller;
  expect(owner.purpose).toEqual({ purpose: "MARKETING", channel: null });
  const query = "subscription { events { cursor } }";
  const refused = prepareOperation(await builtSchema(), null, owner, { query });
  expect(refused).toMatchObject([{ extensions: { code: "PURPOSE_NOT_SUPPORTED" } }]);
});

test("an audit notes what a read was for, and of whom it told", async () => {
  const audited = await startTestApp({ on: compiled, audit: "all" });
  try {
    await ask(audited, "marketing; channel=email", "query Noted { customers(first: 1) { nodes { id } } }");
    for (const name of ["all", "mute"])
      await ask(audited, "marketing", "query Single($id: ID!) { customer(id: $id) { id } }", {
        id: ids[name],
      });
  } finally {
    await audited.stop(); // which writes whatever was held
  }
  const { data } = await compiled.execute(
    '{ auditEntries(where: { operationName: { in: ["Noted", "Single"] } }) { nodes { purpose customerIds } } }',
  );
  expect(data.auditEntries.nodes).toEqual([
    { purpose: "marketing", customerIds: [ids.all] },
    { purpose: "marketing; channel=email", customerIds: [expect.stringMatching(/^cus_/)] },
  ]);
});
