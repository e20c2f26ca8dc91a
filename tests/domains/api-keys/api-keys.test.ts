import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { startKeyUse } from "../../../src/platform/access/key-use.js";
import { roles } from "../../../src/platform/access/roles.js";
import { scopes } from "../../../src/platform/access/scopes.js";
import type { Id } from "../../../src/platform/ids.js";
import { startTestApp, type TestApp } from "../../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());
beforeEach(() => app.database.transaction((tx) => tx.execute(sql`delete from api_keys`)));

const KEY =
  "apiKey { id name start status role scopes effectiveScopes partner expiresAt revokedAt rotatedAt }";
const REST = "userErrors { code field }";
const CREATE = `mutation ($input: CreateApiKeyInput!) { change: createApiKey(input: $input) { key ${KEY} ${REST} } }`;
const ROTATE = `mutation ($input: RotateApiKeyInput!) { change: rotateApiKey(input: $input) { key ${KEY} ${REST} } }`;
const UPDATE = `mutation ($input: UpdateApiKeyInput!) { change: updateApiKey(input: $input) { ${KEY} ${REST} } }`;
const REVOKE = `mutation ($id: ID!) { change: revokeApiKey(id: $id) { ${KEY} ${REST} } }`;
const VIEWER = "{ viewer { kind apiKeyId name role partner scopes expiresAt } }";
const TICKETS = "{ tickets { totalCount } }";

async function change(document: string, variables: object, key?: string) {
  const { data, errors } = await app.execute(document, variables, key ? { key } : {});
  expect(errors).toBeUndefined();
  return data.change;
}
const create = (input: object, key?: string) => change(CREATE, { input: { name: "test", ...input } }, key);
const statusFor = async (key: string, document = TICKETS) =>
  (await app.execute(document, {}, { key })).status;
/** What was found good is taken for good for a second: asks until that is over. */
async function untilStatus(key: string, status: number, document = TICKETS): Promise<void> {
  while ((await statusFor(key, document)) !== status);
}

test("a key is told once, is kept as a hash, and opens what its role and scopes say", async () => {
  const { key, apiKey, userErrors } = await create({
    name: "desk",
    role: "ANALYST",
    scopes: ["tickets:write"],
  });
  expect(userErrors).toEqual([]);
  expect(key.startsWith(`${apiKey.start}_`)).toBe(true);
  expect(apiKey).toEqual({
    id: expect.stringMatching(/^key_/),
    name: "desk",
    start: expect.stringMatching(/^c360_live_[0-9A-Za-z]{22}$/),
    status: "ACTIVE",
    role: "ANALYST",
    scopes: ["tickets:write"],
    effectiveScopes: [...roles.ANALYST, "tickets:write"].sort(),
    partner: null,
    expiresAt: null,
    revokedAt: null,
    rotatedAt: null,
  });
  const [row] = await app.database.read.execute(sql`select to_jsonb(k)::text as text from api_keys k`);
  expect((row as { text: string }).text).not.toContain(key.slice(-36));
  const { data } = await app.execute(VIEWER, {}, { key });
  expect(data.viewer).toEqual({
    kind: "API_KEY",
    apiKeyId: apiKey.id,
    name: "desk",
    role: "ANALYST",
    partner: null,
    scopes: apiKey.effectiveScopes,
    expiresAt: null,
  });
});

test("the key of the environment is told as the admin", async () => {
  const { data } = await app.execute(VIEWER);
  expect(data.viewer).toMatchObject({ kind: "ADMIN_KEY", apiKeyId: null, name: null, role: "ADMIN" });
  expect(data.viewer.scopes).toEqual([...scopes].sort());
});

test.each([
  ["without a role or a scope", {}, "NO_SCOPES", "scopes"],
  [
    "with a scope that does not exist",
    { scopes: ["tickets:read", "shoes:read"] },
    "UNKNOWN_SCOPE",
    "scopes.1",
  ],
  ["without a name", { name: "", role: "AGENT" }, "REQUIRED", "name"],
  ["of a partner nobody names", { role: "PARTNER" }, "REQUIRED", "partner"],
  ["of a partner without a code", { role: "PARTNER", partner: "Acme Inc." }, "INVALID_CODE", "partner"],
  ["that has expired", { role: "AGENT", expiresAt: "2026-01-01T00:00:00Z" }, "INVALID_DATE", "expiresAt"],
])("a key %s is refused, and none is made", async (_name, input, code, field) => {
  expect(await create(input)).toEqual({ apiKey: null, key: null, userErrors: [{ code, field }] });
  expect(await app.execute("{ apiKeys { totalCount } }")).toMatchObject({
    data: { apiKeys: { totalCount: 0 } },
  });
});

test("nobody hands out what they do not hold: not by a new key, a changed one, or another's secret", async () => {
  const strong = (await create({ role: "ADMIN" })).apiKey;
  const weak = await create({ scopes: ["keys:manage", "tickets:read"] });
  const refused = { userErrors: [{ code: "SCOPE_NOT_HELD", field: "scopes" }] };
  expect(await create({ scopes: ["customers:read"] }, weak.key)).toMatchObject(refused);
  expect(await create({ role: "AGENT" }, weak.key)).toMatchObject(refused);
  expect(await change(ROTATE, { input: { id: strong.id } }, weak.key)).toMatchObject({
    key: null,
    ...refused,
  });
  const more = { id: weak.apiKey.id, role: "ADMIN" };
  expect(await change(UPDATE, { input: more }, weak.key)).toMatchObject(refused);
  expect((await create({ scopes: ["tickets:read"] }, weak.key)).userErrors).toEqual([]);
});

test("a partner's key makes keys of that partner only", async () => {
  const { key } = await create({ scopes: ["keys:manage", "purchases:read"], partner: "acme" });
  const wanted = { scopes: ["purchases:read"] };
  const refused = { userErrors: [{ code: "PARTNER_NOT_YOURS", field: "partner" }] };
  expect(await create(wanted, key)).toMatchObject(refused);
  expect(await create({ ...wanted, partner: "other" }, key)).toMatchObject(refused);
  expect((await create({ ...wanted, partner: "acme" }, key)).apiKey.partner).toBe("acme");
});

test("managing keys needs its scope", async () => {
  const { key } = await create({ role: "INTEGRATOR" });
  for (const document of ["{ apiKeys { totalCount } }", `mutation { revokeApiKey(id: "x") { ${REST} } }`]) {
    const { status, errors } = await app.execute(document, {}, { key });
    expect([status, errors?.[0].extensions.scope]).toEqual([403, "keys:manage"]);
  }
});

test("a rotated key has two live secrets for some hours; rotated again, the oldest ends", async () => {
  const first = await create({ role: "ANALYST" });
  const second = await change(ROTATE, { input: { id: first.apiKey.id } });
  expect(second.apiKey).toMatchObject({ id: first.apiKey.id, rotatedAt: expect.any(String) });
  expect(second.key).not.toBe(first.key);
  expect([await statusFor(first.key), await statusFor(second.key)]).toEqual([200, 200]);
  const third = await change(ROTATE, { input: { id: first.apiKey.id } });
  await untilStatus(first.key, 401);
  const keys = [first.key, second.key, third.key];
  expect(await Promise.all(keys.map((key) => statusFor(key)))).toEqual([401, 200, 200]);
  await app.database.transaction((tx) =>
    tx.execute(sql`update api_keys set previous_valid_until = now() - interval '1 second'`),
  );
  await untilStatus(second.key, 401);
  expect(await Promise.all(keys.map((key) => statusFor(key)))).toEqual([401, 401, 200]);
});

test("a secret that leaked is replaced without overlap", async () => {
  const { key, apiKey } = await create({ role: "ANALYST" });
  const { key: next } = await change(ROTATE, { input: { id: apiKey.id, overlapHours: 0 } });
  expect([await statusFor(key), await statusFor(next)]).toEqual([401, 200]);
  const long = await change(ROTATE, { input: { id: apiKey.id, overlapHours: 721 } });
  expect(long).toMatchObject({ key: null, userErrors: [{ code: "INVALID_NUMBER", field: "overlapHours" }] });
});

test("of many rotations at once each is done after the other, and the last two secrets live", async () => {
  const { apiKey } = await create({ role: "ANALYST" });
  const rotations = await Promise.all(
    Array.from({ length: 6 }, () => change(ROTATE, { input: { id: apiKey.id } })),
  );
  const statuses = await Promise.all(rotations.map(({ key }) => statusFor(key)));
  expect(statuses.toSorted()).toEqual([200, 200, 401, 401, 401, 401]);
});

test("a change leaves what it does not name, takes away by null, and holds at once", async () => {
  const { key, apiKey } = await create({ name: "a", role: "ANALYST", expiresAt: "2099-01-01T00:00:00Z" });
  const renamed = await change(UPDATE, { input: { id: apiKey.id, name: "b" } });
  expect(renamed.apiKey).toEqual({ ...apiKey, name: "b" });
  const changed = await change(UPDATE, {
    input: { id: apiKey.id, role: null, scopes: ["customers:read"], expiresAt: null },
  });
  expect(changed.apiKey).toEqual({
    ...renamed.apiKey,
    role: null,
    scopes: ["customers:read"],
    effectiveScopes: ["customers:read"],
    expiresAt: null,
  });
  await untilStatus(key, 403);
  const empty = await change(UPDATE, { input: { id: apiKey.id, scopes: [] } });
  expect(empty).toEqual({ apiKey: null, userErrors: [{ code: "NO_SCOPES", field: "scopes" }] });
});

test("a revoked key stops for good: it is not rotated, changed or let in again; revoking twice is as once", async () => {
  const { key, apiKey } = await create({ role: "ANALYST" });
  const { key: next } = await change(ROTATE, { input: { id: apiKey.id } });
  expect([await statusFor(key), await statusFor(next)]).toEqual([200, 200]);
  const { apiKey: revoked } = await change(REVOKE, { id: apiKey.id });
  expect(revoked).toMatchObject({ status: "REVOKED", revokedAt: expect.any(String) });
  await Promise.all([untilStatus(key, 401), untilStatus(next, 401)]);
  const refused = { apiKey: null, userErrors: [{ code: "REVOKED", field: "id" }] };
  expect(await change(ROTATE, { input: { id: apiKey.id } })).toMatchObject(refused);
  expect(await change(UPDATE, { input: { id: apiKey.id, name: "x" } })).toMatchObject(refused);
  expect((await change(REVOKE, { id: apiKey.id })).apiKey).toEqual(revoked);
  const unknown = "key_00000000-0000-7000-8000-000000000000";
  expect(await change(REVOKE, { id: unknown })).toEqual({
    apiKey: null,
    userErrors: [{ code: "NOT_FOUND", field: "id" }],
  });
});

test.each([
  ["that is revoked", null, (id: string) => change(REVOKE, { id })],
  ["that expires", 2_000, async () => {}],
  ["that gets another role", null, (id: string) => change(UPDATE, { input: { id, role: "AGENT" } })],
])("a key %s loses its sockets", async (_name, livesMs, end) => {
  const expiresAt = livesMs && new Date(Date.now() + livesMs).toISOString();
  const { key, apiKey } = await create({ role: "ANALYST", expiresAt });
  const socket = app.socket(key);
  const closed = new Promise((resolve) =>
    socket.on("closed", (event) => resolve((event as { code: number }).code)),
  );
  const open = new Promise((resolve) => socket.on("connected", resolve));
  socket.subscribe({ query: "subscription { events { cursor } }" }, { next() {}, error() {}, complete() {} });
  await open;
  await end(apiKey.id);
  expect(await closed).toBe(4403);
});

test("an unknown id, a wrong secret and a revoked key cost the same statements; a mistyped key costs none", async () => {
  const [good, other] = [await create({ role: "ANALYST" }), await create({ role: "ANALYST" })];
  await change(REVOKE, { id: other.apiKey.id });
  const cost = async (key: string) => {
    app.statements.length = 0;
    const { status, errors } = await app.execute("{ __typename }", {}, { key });
    return [status, errors?.[0].message, app.statements.length];
  };
  const unknown = (await create({ role: "ANALYST" })).key;
  await app.database.transaction((tx) =>
    tx.execute(
      sql`delete from api_keys where id not in (${sql.raw([good, other].map(({ apiKey }) => `'${apiKey.id.slice(4)}'`).join())})`,
    ),
  );
  const { key: replaced } = good;
  await change(ROTATE, { input: { id: good.apiKey.id, overlapHours: 0 } });
  const refusal = "Send a valid key: authorization: Bearer KEY, or x-api-key: KEY.";
  expect(await cost(unknown)).toEqual([401, refusal, 1]);
  expect(await cost(replaced)).toEqual([401, refusal, 1]);
  expect(await cost(other.key)).toEqual([401, refusal, 1]);
  expect(await cost(`${good.key.slice(0, -1)}_`)).toEqual([401, refusal, 0]);
  expect(await cost(good.key.replace(/.$/, (last: string) => (last === "a" ? "b" : "a")))).toEqual([
    401,
    refusal,
    0,
  ]);
});

test("a key that was stored before keys had checksums is let in, and gets one when it is rotated", async () => {
  const former = `c360_live_${"01939c5e7d3a7cc29d1f0c6a3a1b2c3d"}_${"s".repeat(40)}`;
  await app.database.transaction((tx) =>
    tx.execute(sql`insert into api_keys (id, name, secret_hash, scopes)
      values ('01939c5e-7d3a-7cc2-9d1f-0c6a3a1b2c3d', 'former', sha256(${former}::bytea), '{tickets:read}')`),
  );
  expect(await statusFor(former)).toBe(200);
  const id = "key_01939c5e-7d3a-7cc2-9d1f-0c6a3a1b2c3d";
  const { key } = await change(ROTATE, { input: { id } });
  expect([await statusFor(former), await statusFor(key)]).toEqual([200, 200]);
});

test("uses are written together, in one statement, and never back in time", async () => {
  const made = [];
  for (const name of ["a", "b", "c"]) made.push(await create({ name, role: "ANALYST" }));
  const use = startKeyUse(app.database, (error) => {
    throw error;
  });
  for (let i = 0; i < 100; i++) for (const { apiKey } of made) use.used(apiKey.id as Id<"apiKey">);
  app.statements.length = 0;
  await use.stop();
  expect(app.statements.filter((text) => text.includes("last_used_at"))).toHaveLength(1);
  const before = await lastUses();
  expect(before.every((at) => at !== null)).toBe(true);
  await app.database.transaction((tx) =>
    tx.execute(sql`update api_keys set last_used_at = '2099-01-01T00:00:00Z'`),
  );
  const later = startKeyUse(app.database, () => {});
  later.used(made[0].apiKey.id as Id<"apiKey">);
  await later.stop();
  expect(new Set(await lastUses())).toEqual(new Set(["2099-01-01T00:00:00Z"]));
});

async function lastUses(): Promise<(string | null)[]> {
  const { data } = await app.execute("{ apiKeys { nodes { lastUsedAt } } }");
  return data.apiKeys.nodes.map((node: { lastUsedAt: string | null }) => node.lastUsedAt);
}

test("keys are listed, filtered, sorted and paged like everything else, and read by id", async () => {
  const ids = [];
  for (const name of ["b", "a", "c"]) ids.push((await create({ name, role: "ANALYST" })).apiKey.id);
  const { data } = await app.execute(
    `query ($id: ID!) { node(id: $id) { __typename ... on ApiKey { name status } }
      newest: apiKeys(first: 1) { nodes { name } pageInfo { hasNextPage } totalCount }
      named: apiKeys(where: { name: { in: ["a", "b"] } }, sort: [{ field: NAME, order: ASC }]) { nodes { name } } }`,
    { id: ids[0] },
  );
  expect(data).toEqual({
    node: { __typename: "ApiKey", name: "b", status: "ACTIVE" },
    newest: { nodes: [{ name: "c" }], pageInfo: { hasNextPage: true }, totalCount: 3 },
    named: { nodes: [{ name: "a" }, { name: "b" }] },
  });
});

test("a partner's key manages the keys of its company, and no other is there for it", async () => {
  const acme = await create({ role: "PARTNER", scopes: ["keys:manage"], partner: "acme" });
  const own = await create({ name: "own", role: "PARTNER", partner: "acme" });
  const others = [
    await create({ name: "bolt's", role: "PARTNER", partner: "bolt" }),
    await create({ name: "ours", role: "ADMIN" }),
  ];
  const stored = () =>
    app.database.read.execute(sql`select to_jsonb(k) - 'last_used_at' as row from api_keys k order by id`);
  const before = await stored();

  const list = "{ apiKeys { totalCount nodes { name partner } } }";
  const { data } = await app.execute(list, {}, { key: acme.key });
  expect(data.apiKeys.totalCount).toBe(2);
  expect(data.apiKeys.nodes.map(({ name }: { name: string }) => name).toSorted()).toEqual(["own", "test"]);
  const gone = { apiKey: null, userErrors: [{ code: "NOT_FOUND", field: "id" }] };
  for (const { apiKey } of others) {
    const { id } = apiKey;
    const node = await app.execute("query ($id: ID!) { node(id: $id) { id } }", { id }, { key: acme.key });
    expect(node.data.node).toBeNull();
    expect(await change(REVOKE, { id }, acme.key)).toEqual(gone);
    expect(await change(ROTATE, { input: { id, overlapHours: 0 } }, acme.key)).toEqual({
      ...gone,
      key: null,
    });
    const taken = { id, partner: "acme", role: null, scopes: ["purchases:read"] };
    expect(await change(UPDATE, { input: taken }, acme.key)).toEqual(gone);
  }
  expect(await stored()).toEqual(before);
  expect((await change(REVOKE, { id: own.apiKey.id }, acme.key)).apiKey.status).toBe("REVOKED");
});

test("who holds less than a key does not change what that one may do", async () => {
  const manager = await create({ scopes: ["keys:manage"] });
  const { apiKey } = await create({ role: "ADMIN" });
  const input = { id: apiKey.id, role: null, scopes: ["keys:manage"] };
  const { userErrors } = await change(UPDATE, { input }, manager.key);
  expect(userErrors).toEqual([{ code: "SCOPE_NOT_HELD", field: "scopes" }]);
  const [row] = await app.database.read.execute(sql`select role from api_keys where role is not null`);
  expect(row).toEqual({ role: "ADMIN" });
});
