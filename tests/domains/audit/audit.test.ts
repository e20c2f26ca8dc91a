import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { AuditLog } from "../../../src/platform/audit/audit-log.js";
import { newId } from "../../../src/platform/ids.js";
import { customerOf, done, everythingAbout, record } from "../../cross-domain/privacy/given.js";
import { startTestApp, type TestApp } from "../../support/app.js";
import { limitedKey } from "../loyalty/limited-key.js";

/** Both ways of reading: one compiled statement, and resolvers. */
const apps: Record<string, TestApp> = {};
const people: Record<string, string> = {};
beforeAll(async () => {
  const app = await startTestApp({ audit: "all" });
  apps.compiled = app;
  apps.resolvers = await startTestApp({ on: app, compiledReads: false, audit: "all" });
  for (const name of ["ada", "bea", "cleo"]) {
    await record(app, everythingAbout(name));
    people[name] = await customerOf(app, `${name}@example.com`);
  }
});
afterAll(async () => {
  await apps.resolvers?.stop();
  await apps.compiled?.stop();
});

const names = (ids: readonly string[]) =>
  ids.map((id) => Object.keys(people).find((name) => people[name] === id) ?? id).toSorted();

interface Entry {
  action: string;
  keyId: string;
  operationName: string | null;
  documentHash: string | null;
  requestId: string;
  customerIds: string[];
}

/** Entries of one operation, once they are written. */
async function entriesOf(app: TestApp, operationName: string): Promise<Entry[]> {
  for (;;) {
    const { data, errors } = await app.execute(
      `query ($where: AuditEntryFilter) { auditEntries(where: $where) {
        nodes { action keyId operationName documentHash requestId customerIds } } }`,
      { where: { operationName: { eq: operationName } } },
    );
    expect(errors).toBeUndefined();
    if (data.auditEntries.nodes.length) return data.auditEntries.nodes;
  }
}

beforeEach(async () => {
  await apps.compiled!.services.database.transaction((tx) => tx.execute(sql`truncate audit_entries`));
});

const reads: [what: string, document: string, variables: () => object, whose: string[]][] = [
  ["one by id", "query Q($id: ID!) { customer(id: $id) { email } }", () => ({ id: people.ada }), ["ada"]],
  [
    "one by identity",
    `query Q { customerByIdentity(kind: EMAIL, value: "bea@example.com") { email } }`,
    () => ({}),
    ["bea"],
  ],
  [
    "a page that asks no ids",
    "query Q { customers(first: 2) { nodes { displayName } } }",
    () => ({}),
    ["bea", "cleo"],
  ],
  [
    "a page that looks beyond its end",
    "query Q { customers(first: 2) { nodes { displayName } pageInfo { hasNextPage } } }",
    () => ({}),
    ["bea", "cleo"],
  ],
  [
    "a page read backward",
    "query Q { customers(last: 2) { edges { node { displayName } } pageInfo { hasPreviousPage } } }",
    () => ({}),
    ["ada", "bea"],
  ],
  ["rows of customers", "query Q { interactions { nodes { summary } } }", () => ({}), ["ada", "bea", "cleo"]],
  [
    "what hangs on a customer",
    "query Q($id: ID!) { customer(id: $id) { tickets { nodes { subject } } identities { value } } }",
    () => ({ id: people.cleo }),
    ["cleo"],
  ],
  [
    "several fields at once",
    `query Q($id: ID!) { customer(id: $id) { email } purchases(first: 1) { nodes { total { amount } } }
      customerByIdentity(kind: EMAIL, value: "bea@example.com") { email } }`,
    () => ({ id: people.ada }),
    ["ada", "bea", "cleo"],
  ],
  ["a node", "query Q($id: ID!) { node(id: $id) { id } }", () => ({ id: people.bea }), ["bea"]],
];

for (const how of ["compiled", "resolvers"])
  for (const [what, document, variables, whose] of reads)
    test(`a read is written down with whose data it was (${how}): ${what}`, async () => {
      const app = apps[how] as TestApp;
      const { errors, extensions } = await app.execute(document, variables());
      expect(errors).toBeUndefined();
      if (how === "compiled" && !document.includes("node(id")) expect(extensions.read.compiled).toBe(true);
      const entries = await entriesOf(app, "Q");
      expect(entries).toMatchObject([
        { action: "READ", keyId: "admin", documentHash: createHash("sha256").update(document).digest("hex") },
      ]);
      expect(names(entries[0]!.customerIds)).toEqual(whose);
    });

test("an entry names the key and the request; nobody else's page and no empty answer is written down", async () => {
  const app = apps.compiled as TestApp;
  const key = await limitedKey(app, ["customers:read", "pii:read"]);
  const response = await fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({
      query: `query Named { customers(where: { email: { eq: "ada@example.com" } }) { nodes { id } } }`,
    }),
  });
  await response.json();
  await app.execute(`query Nobody { customers(where: { email: { eq: "nobody" } }) { nodes { id } } }`);
  const [entry] = await entriesOf(app, "Named");
  expect(entry).toMatchObject({ requestId: response.headers.get("x-request-id"), customerIds: [people.ada] });
  expect(entry?.keyId).toBe(
    `key_${key.split("_")[2]?.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")}`,
  );
  const [row] = await app.database.read.execute(
    sql`select count(*)::int as count from audit_entries where operation_name = 'Nobody'`,
  );
  expect(row?.count).toBe(0);
});

test("of a name as long as a document, an entry keeps 200 characters", async () => {
  const app = apps.compiled as TestApp;
  const name = (length: number) => "N".repeat(length);
  await app.execute(`query ${name(300)}($id: ID!) { customer(id: $id) { email } }`, { id: people.ada });
  expect(await entriesOf(app, name(200))).toMatchObject([{ operationName: name(200) }]);
});

const RECORD = `mutation Record($input: RecordConsentsInput!) { recordConsents(input: $input) { results { outcome } } }`;
const consent = (sourceRef: string, name: string) => ({
  sourceRef,
  customer: { identity: { kind: "EMAIL", value: `${name}@example.com` } },
  purpose: "SERVICE",
  status: "GRANTED",
  occurredAt: "2026-11-21T09:30:00Z",
});

test("a change is written down in its own transaction, once, and only where something changed", async () => {
  const app = apps.compiled as TestApp;
  const consents = [consent("one", "ada"), consent("two", "ada"), consent("three", "bea")];
  for (const repeat of [0, 1]) {
    await app.execute(RECORD, { input: { source: "crm", consents } });
    const rows = await app.database.read.execute<{ xid: string; customers: number }>(sql`
      select xmin::text as xid, octet_length(customers) / 16 as customers from audit_entries where action = 'CHANGE'`);
    const [stored] = await app.database.read.execute(
      sql`select xmin::text as xid from consents where source_ref = 'one'`,
    );
    expect([repeat, [...rows]]).toEqual([repeat, [{ xid: stored?.xid, customers: 2 }]]);
  }
});

test("where the entry cannot be written, the change does not happen", async () => {
  const app = apps.compiled as TestApp;
  const change = (text: string) => app.services.database.transaction((tx) => tx.execute(sql.raw(text)));
  await change("alter table audit_entries add constraint nothing check (action <> 'CHANGE')");
  const { data } = await app.execute(RECORD, {
    input: { source: "crm", consents: [consent("never", "ada")] },
  });
  await change("alter table audit_entries drop constraint nothing");
  expect(data).toBeNull();
  const [row] = await app.database.read.execute(
    sql`select count(*)::int as count from consents where source_ref = 'never'`,
  );
  expect(row?.count).toBe(0);
});

test("privacy requests, documents and subscriptions are written down, over sockets too", async () => {
  const app = apps.compiled as TestApp;
  const id = people.ada as string;
  const { documentPath } = await done(app, "exportCustomer", id);
  await (
    await fetch(`${app.url}${documentPath}`, { headers: { authorization: `Bearer ${app.key}` } })
  ).text();
  const socket = app.socket();
  await new Promise<void>((resolve, reject) =>
    socket.subscribe(
      { query: `query OverSocket($id: ID!) { customer(id: $id) { email } }`, variables: { id } },
      { next: () => resolve(), error: reject, complete: () => {} },
    ),
  );
  const stop = socket.subscribe(
    { query: `subscription Followed($id: ID!) { customerChanged(id: $id) { type } }`, variables: { id } },
    { next: () => {}, error: () => {}, complete: () => {} },
  );
  expect(await entriesOf(app, "Followed")).toMatchObject([{ action: "SUBSCRIBE", customerIds: [id] }]);
  const stopTypes = socket.subscribe(
    {
      query: `subscription FollowedByType($id: ID!) { customerChanged(id: $id, types: [CUSTOMER_MERGED]) { type } }`,
      variables: { id },
    },
    { next: () => {}, error: () => {}, complete: () => {} },
  );
  expect(await entriesOf(app, "FollowedByType")).toMatchObject([{ action: "SUBSCRIBE", customerIds: [id] }]);
  stopTypes();
  await app.execute(
    `mutation Hooked { createWebhook(input: { url: "http://127.0.0.1:9/", document: "subscription { interactionRecorded { interaction { id } } }" }) {
      userErrors { code } } }`,
  );
  expect(await entriesOf(app, "Hooked")).toMatchObject([{ action: "SUBSCRIBE", customerIds: [] }]);
  stop();
  expect(await entriesOf(app, "OverSocket")).toMatchObject([{ action: "READ", customerIds: [id] }]);
  for (;;) {
    const { data } = await app.execute(
      `query ($id: ID!) { auditEntries(where: { customerId: { eq: $id }, operationName: { isNull: true } }) { nodes { action } } }`,
      { id },
    );
    const actions = data.auditEntries.nodes.map(({ action }: { action: string }) => action);
    if (actions.length < 2) continue;
    expect(actions).toEqual(["READ", "CHANGE"]);
    break;
  }
});

test("entries are found by customer, key, action and time, in pages; only keys with audit:read see them", async () => {
  const app = apps.compiled as TestApp;
  await app.execute("query First($id: ID!) { customer(id: $id) { email } }", { id: people.ada });
  await entriesOf(app, "First");
  await app.execute("query Second { customers { nodes { id } } }");
  await entriesOf(app, "Second");
  const LIST = `query ($where: AuditEntryFilter, $after: String) { auditEntries(where: $where, first: 1, after: $after) {
    totalCount pageInfo { endCursor } nodes { operationName at } } }`;
  const list = async (where: object, after?: string) =>
    (await app.execute(LIST, { where, after })).data.auditEntries;
  const of = (name: string) => ({ customerId: { eq: people[name] } });
  const first = await list(of("ada"));
  expect([first.totalCount, first.nodes[0].operationName]).toEqual([2, "Second"]);
  expect((await list(of("ada"), first.pageInfo.endCursor)).nodes[0].operationName).toBe("First");
  expect((await list(of("bea"))).totalCount).toBe(1);
  expect((await list({ keyId: { eq: "key_other" } })).totalCount).toBe(0);
  expect((await list({ action: { eq: "CHANGE" } })).totalCount).toBe(0);
  expect((await list({ at: { gt: first.nodes[0].at } })).totalCount).toBe(0);
  expect((await list({ at: { gte: first.nodes[0].at }, keyId: { eq: "admin" } })).totalCount).toBe(1);
  const reader = await limitedKey(app, ["customers:read", "events:read", "privacy:read"]);
  const refused = await app.execute(LIST, {}, { key: reader });
  expect(refused.errors?.[0].extensions.code).toBe("FORBIDDEN");
});

test("with AUDIT=changes reads are not written down, and changes are", async () => {
  const app = await startTestApp({ on: apps.compiled as TestApp, audit: "changes" });
  try {
    await app.execute("query Quiet { customers { nodes { id } } }");
    await app.execute(RECORD, { input: { source: "crm", consents: [consent("quiet", "bea")] } });
  } finally {
    await app.stop(); // which writes whatever was held
  }
  const left = await (apps.compiled as TestApp).database.read.execute(sql`select action from audit_entries`);
  expect([...left]).toEqual([{ action: "CHANGE" }]);
});

test("many reads make few statements, and a stop writes what is held", async () => {
  const app = apps.compiled as TestApp;
  const inserts: number[] = [];
  const database = {
    ...app.services.database,
    transaction: (async (work) => {
      inserts.push(1);
      return app.services.database.transaction(work);
    }) as typeof app.services.database.transaction,
  };
  const log = new AuditLog(database, { reads: true, onFault: () => {} });
  for (let i = 0; i < 1_200; i++) log.trail("key_test", crypto.randomUUID()).touched(newId("customer"));
  await log.flush();
  const [row] = await app.database.read.execute(
    sql`select count(*)::int as count from audit_entries where key_id = 'key_test'`,
  );
  expect([row?.count, inserts.length]).toEqual([1_200, 3]);
});

test("entries whose writing ended in the dark are written again, and are there once", async () => {
  const app = apps.compiled as TestApp;
  let isCut = true;
  const database = {
    ...app.services.database,
    transaction: (async (work) => {
      const written = await app.services.database.transaction(work);
      if (isCut) throw new Error("the connection broke behind the commit");
      return written;
    }) as typeof app.services.database.transaction,
  };
  const log = new AuditLog(database, { reads: true, onFault: () => {} });
  const told = [newId("customer"), newId("customer")];
  for (const id of told) log.trail("key_cut", crypto.randomUUID()).touched(id);
  await expect(log.flush()).rejects.toThrow("behind the commit");
  log.trail("key_cut", crypto.randomUUID()).touched(told[0]!);
  isCut = false;
  await log.flush();
  const { data } = await app.execute(
    `{ auditEntries(where: { keyId: { eq: "key_cut" } }) { nodes { customerIds } } }`,
  );
  const found = data.auditEntries.nodes.map(({ customerIds }: { customerIds: string[] }) => customerIds);
  expect(found).toEqual([[told[0]], [told[1]], [told[0]]]);
});

test("a customer is found among entries of thousands of others, many of one bucket, and nobody else is", async () => {
  const app = apps.compiled as TestApp;
  const log = new AuditLog(app.services.database, { reads: true, onFault: () => {} });
  const ada = people.ada as `cus_${string}`;
  for (let i = 0; i < 2_000; i++) {
    const trail = log.trail("key_many", crypto.randomUUID());
    trail.touched(newId("customer"));
    // Another one of the same bucket: the last four digits are the same.
    trail.touched(`${newId("customer").slice(0, -4)}${ada.slice(-4)}` as `cus_${string}`);
  }
  log.trail("key_many", crypto.randomUUID()).touched(ada);
  await log.flush();
  const { data } = await app.execute(
    `query ($id: ID!) { auditEntries(where: { customerId: { eq: $id } }) { totalCount nodes { keyId customerIds } } }`,
    { id: ada },
  );
  expect(data.auditEntries).toEqual({ totalCount: 1, nodes: [{ keyId: "key_many", customerIds: [ada] }] });
});

/** The app's database, taking nothing until it comes back. */
function awayFrom({ services }: TestApp) {
  const { transaction } = services.database;
  let away = true;
  const unlessAway: typeof transaction = async (work) => {
    if (away) throw new Error("away");
    return transaction(work);
  };
  const comeBack = () => {
    away = false;
  };
  const goAway = () => {
    away = true;
  };
  return { database: { ...services.database, transaction: unlessAway }, comeBack, goAway };
}

test("while the database takes nothing, entries wait in a bounded queue: what is beyond is counted as lost, and told once each time", async () => {
  const app = apps.compiled as TestApp;
  const { database, comeBack, goAway } = awayFrom(app);
  const told: string[] = [];
  const log = new AuditLog(database, {
    reads: true,
    onFault: (error) => told.push((error as Error).message),
  });
  const readMany = (count: number) => {
    for (let i = 0; i < count; i++) log.trail("key_away", crypto.randomUUID()).touched(newId("customer"));
  };
  readMany(20_003);
  await expect(log.flush()).rejects.toThrow("away");
  comeBack();
  await log.flush();
  const [row] = await app.database.read.execute(
    sql`select count(*)::int as count from audit_entries where key_id = 'key_away'`,
  );
  expect([row?.count, log.entries]).toEqual([20_000, { written: 20_000, lost: 3 }]);
  expect(told.filter((message) => /lost/.test(message))).toHaveLength(1);

  goAway();
  readMany(20_002);

  expect(log.entries).toEqual({ written: 20_000, lost: 5 });
  expect(told.filter((message) => /lost/.test(message))).toHaveLength(2);
  comeBack();
  await log.flush();
});

test("while the database takes nothing, entries of many customers are held up to as much memory", async () => {
  const app = apps.compiled as TestApp;
  const { database, comeBack } = awayFrom(app);
  const log = new AuditLog(database, { reads: true, onFault: () => {} });
  const ids = Array.from({ length: 100 }, () => newId("customer").slice(4).replaceAll("-", ""));
  const page = ids.join("").repeat(100); // 320,000 characters
  for (let i = 0; i < 215; i++) log.trail("key_large", crypto.randomUUID()).touchedAll(page);
  await expect(log.flush()).rejects.toThrow("away");
  expect(log.entries.lost).toBe(5); // 64 MiB begin in the 210th
  comeBack();
  await log.flush();
  log.trail("key_large", crypto.randomUUID()).touchedAll(page);
  await log.flush();
  const [row] = await app.database.read.execute(
    sql`select count(*)::int as count, min(length(customers)) as least from audit_entries where key_id = 'key_large'`,
  );
  expect([row, log.entries.lost]).toEqual([{ count: 211, least: 1_600 }, 5]);
});

test("no code changes or deletes an entry", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  const touching = files.filter((file) =>
    /\.(update|delete)\(auditEntries\)|updateRows\(\s*\w+,\s*auditEntries|(update|delete from|truncate)\s+(audit_entries|\$\{auditEntries\})/i.test(
      readFileSync(`src/${file}`, "utf8"),
    ),
  );
  expect(touching).toEqual([]);
  expect(files.filter((file) => /auditEntries/.test(readFileSync(`src/${file}`, "utf8"))).toSorted()).toEqual(
    [
      "domains/audit/audit.queries.ts",
      "domains/audit/audit.resolver.ts",
      "domains/audit/privacy.queries.ts",
      "platform/audit/entries.ts",
    ],
  );
});
