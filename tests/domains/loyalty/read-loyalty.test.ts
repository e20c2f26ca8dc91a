import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { startTestApp, type TestApp } from "../../support/app.js";
import { entry, send } from "./ledger.js";
import { limitedKey } from "./limited-key.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await app.database.transaction((tx) =>
    tx.execute(sql`insert into rewards (code, name, cost_points, available)
      values ('mug', 'A mug', 50, true), ('pen', 'A pen', 20, false)`),
  );
  await send(app, [
    entry("ada", "EARN", 5_000, { occurredAt: "2026-01-01T00:00:00Z", expiresAt: "2027-01-01T00:00:00Z" }),
    entry("ada", "SPEND", 50, { occurredAt: "2026-01-02T00:00:00Z", reward: "mug", reason: "Birthday" }),
    entry("ada", "EARN", 10, { occurredAt: "2026-01-03T00:00:00Z", pending: true }),
    entry("ada", "EXPIRE", 5, { occurredAt: "2026-01-04T00:00:00Z" }),
  ]);
});
afterAll(() => app.stop());

describe("the ledger", () => {
  test("comes the latest first, with what each entry was about", async () => {
    const ledger = await ledgerOf("first: 2");
    expect(ledger).toEqual({
      nodes: [
        { kind: "EXPIRE", points: -5, reason: null, reward: null, expiresAt: null },
        { kind: "EARN", points: 10, reason: null, reward: null, expiresAt: null },
      ],
      totalCount: 4,
      pageInfo: { hasNextPage: true, hasPreviousPage: false, endCursor: expect.any(String) },
    });
    const rest = await ledgerOf(`first: 2, after: "${ledger.pageInfo.endCursor}"`);
    expect(rest.nodes).toEqual([
      {
        kind: "SPEND",
        points: -50,
        reason: "Birthday",
        reward: { code: "mug", name: "A mug", costPoints: 50, available: true },
        expiresAt: null,
      },
      { kind: "EARN", points: 5_000, reason: null, reward: null, expiresAt: "2027-01-01T00:00:00Z" },
    ]);
    expect(rest.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  });

  test("can be filtered and sorted", async () => {
    const earned = await ledgerOf(
      "where: { kind: { eq: EARN }, points: { gte: 10 } }, sort: [{ field: POINTS }]",
    );
    expect(earned.nodes.map((node: { points: number }) => node.points)).toEqual([5_000, 10]);
    const lapsing = await ledgerOf('where: { expiresAt: { lte: "2027-01-01T00:00:00Z" } }');
    expect(lapsing.totalCount).toBe(1);
  });

  test("an entry is a node, and knows its customer and its account", async () => {
    const [result] = await send(app, [entry("bob", "EARN", 7)]);
    const { data } = await app.execute(
      `query ($id: ID!) { node(id: $id) { __typename id ... on TimelineEntry { occurredAt }
        ... on LoyaltyEntry { source { code } sourceRef account { points { active } customer { id } } customer { id } } } }`,
      { id: result.entry.id },
    );
    const customer = { id: result.entry.customer.id };
    expect(data.node).toEqual({
      __typename: "LoyaltyEntry",
      id: result.entry.id,
      occurredAt: "2026-03-01T10:00:00Z",
      source: { code: "pos" },
      sourceRef: expect.stringMatching(/^L-/),
      account: { points: { active: 7 }, customer },
      customer,
    });
  });

  test("a customer who never had points has no account", async () => {
    const { data } = await app.execute(`mutation { recordInteractions(input: { source: "pos", interactions: [
      { sourceRef: "I-1", customer: { sourceRef: "zoe" }, channel: "chat", direction: INBOUND, initiative: UNSOLICITED,
        kind: "message", occurredAt: "2026-01-01T00:00:00Z" }] }) { results { interaction { customer { loyalty { joinedAt } } } } } }`);
    expect(data.recordInteractions.results[0].interaction.customer).toEqual({ loyalty: null });
  });
});

describe("the programme", () => {
  test("lists its tiers from the lowest, in one statement", async () => {
    app.statements.length = 0;
    const { data } = await app.execute("{ loyaltyTiers { code name rank earnedFrom } }");
    expect(data.loyaltyTiers).toEqual([
      { code: "basic", name: "Basic", rank: 0, earnedFrom: 0 },
      { code: "silver", name: "Silver", rank: 1, earnedFrom: 1_000 },
      { code: "gold", name: "Gold", rank: 2, earnedFrom: 5_000 },
      { code: "platinum", name: "Platinum", rank: 3, earnedFrom: 20_000 },
    ]);
    expect(loyaltyStatements()).toHaveLength(1);
  });

  test("lists its rewards from the cheapest, in one statement", async () => {
    app.statements.length = 0;
    const { data } = await app.execute("{ rewards { code name costPoints available } }");
    expect(data.rewards).toEqual([
      { code: "pen", name: "A pen", costPoints: 20, available: false },
      { code: "mug", name: "A mug", costPoints: 50, available: true },
    ]);
    expect(loyaltyStatements()).toHaveLength(1);
  });
});

describe("what a list of customers costs", () => {
  beforeAll(() =>
    send(
      app,
      Array.from({ length: 100 }, (_, i) => entry(`c-${i}`, "EARN", 100 * i + 1)),
    ),
  );

  test("`tier { code }` costs the accounts alone", async () => {
    expect(await listed(100, "loyalty { tier { code } }")).toEqual([
      expect.stringContaining('from "loyalty_accounts"'),
    ]);
  });

  test("everything else costs as much for 100 customers as for one", async () => {
    const fields = `loyalty {
      tier { code name rank earnedFrom } nextTier { code name } pointsToNextTier points { active }
      ledger(first: 3) { totalCount nodes { kind reward { name } customer { id } account { joinedAt } } }
    }`;
    const one = await listed(1, fields);
    expect(await listed(100, fields)).toEqual(one);
    expect(one.map((text) => /from "(\w+)"/.exec(text)?.[1])).toEqual([
      "loyalty_accounts",
      "loyalty_tiers",
      "loyalty_accounts",
      "loyalty_accounts",
      "loyalty_accounts",
    ]);
  });

  async function listed(first: number, fields: string): Promise<string[]> {
    app.statements.length = 0;
    const { data } = await app.execute(`{ customers(first: ${first}) { nodes { id ${fields} } } }`);
    expect(data.customers.nodes).toHaveLength(first);
    return loyaltyStatements();
  }
});

describe("who may", () => {
  const reads = [
    "{ loyaltyTiers { code } }",
    "{ rewards { code } }",
    "{ customers { nodes { loyalty { joinedAt } } } }",
    "{ nodes(ids: []) { ... on LoyaltyEntry { points } } }",
  ];
  const write = `mutation { recordLoyaltyEntries(input: { source: "pos", entries: [] }) { results { index } } }`;

  test.each(reads)("read takes loyalty:read: %s", async (document) => {
    const without = await limitedKey(app, ["customers:read", "loyalty:write"]);
    const refused = await app.execute(document, {}, { key: without });
    expect([refused.data ?? null, refused.errors?.[0].extensions.code]).toEqual([null, "FORBIDDEN"]);
    const reader = await limitedKey(app, ["customers:read", "loyalty:read"]);
    expect((await app.execute(document, {}, { key: reader })).errors).toBeUndefined();
  });

  test("record takes loyalty:write", async () => {
    const reader = await limitedKey(app, ["customers:read", "loyalty:read"]);
    const { data, errors } = await app.execute(write, {}, { key: reader });
    expect([data ?? null, errors?.[0].extensions.code]).toEqual([null, "FORBIDDEN"]);
    const writer = await limitedKey(app, ["loyalty:write"]);
    expect((await app.execute(write, {}, { key: writer })).data).toEqual({
      recordLoyaltyEntries: { results: [] },
    });
  });
});

function loyaltyStatements(): string[] {
  return app.statements.filter((text) => /"loyalty_|"rewards"/.test(text));
}

async function ledgerOf(args: string) {
  const { data, errors } =
    await app.execute(`{ customerByIdentity(kind: EXTERNAL_ID, value: "pos:ada") { loyalty {
    ledger(${args}) {
      nodes { kind points reason reward { code name costPoints available } expiresAt }
      totalCount pageInfo { hasNextPage hasPreviousPage endCursor }
    } } } }`);
  expect(errors).toBeUndefined();
  return data.customerByIdentity.loyalty.ledger;
}
