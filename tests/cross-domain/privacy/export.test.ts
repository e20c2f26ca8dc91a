import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { getTableName, sql } from "drizzle-orm";
import { compactVerify, createLocalJWKSet, exportPKCS8, flattenedVerify, generateKeyPair } from "jose";
import { personalTables } from "../../../src/cross-domain/privacy/personal-data.js";
import { limitedKey } from "../../domains/loyalty/limited-key.js";
import { startTestApp, type TestApp } from "../../support/app.js";
import { ask, done, everyStoredRow, givenPerson } from "./given.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

const read = (path: string, key: string | null = app.key, on = app) =>
  fetch(`${on.url}${path}`, { headers: key ? { authorization: `Bearer ${key}` } : {} });
const keysOf = async (on: TestApp) =>
  createLocalJWKSet((await (await fetch(`${on.url}/privacy/jwks.json`)).json()) as never);

test("an export holds every row of every table that points at the customer, in one document", async () => {
  await givenPerson(app, "zacharias");
  const customerId = await givenPerson(app, "agatha");
  const request = await done(app, "exportCustomer", customerId);
  expect(request.documentPath).toBe(`/privacy/exports/${request.id}`);
  expect(Date.parse(request.readableUntil) - Date.parse(request.finishedAt)).toBe(7 * 24 * 3600 * 1000);

  const response = await read(request.documentPath);
  expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what is tested
  const document = (await response.json()) as any;
  expect(document).toMatchObject({
    format: "customer-360/customer-export",
    version: 1,
    requestId: request.id,
    customerId,
    customerIds: [customerId],
  });
  for (const { table, customer, exported } of personalTables) {
    if (typeof exported !== "string") continue;
    const [row] = await app.database.read.execute(sql`
      select count(*)::int as count from ${table} where ${customer} = ${customerId.slice(4)}::uuid`);
    const name = getTableName(table);
    expect([name, document.data[exported].length]).toEqual([name, row?.count]);
    expect(row?.count).toBeGreaterThan(0);
    const line = { table: name, action: "EXPORTED", rows: row?.count };
    expect(request.receipt).toContainEqual(line);
  }
  expect(document.data.customers).toMatchObject([
    { id: customerId, displayName: "agatha Doe", country: "DE" },
  ]);
  expect(document.data.interactions.map((row: { summary: string }) => row.summary).toSorted()).toEqual([
    "agatha called",
    "agatha rang",
  ]);
  expect(JSON.stringify(document)).not.toContain("zacharias");
});

test("the document is signed: the served keys verify it, and one changed byte fails", async () => {
  const { documentPath } = await done(app, "exportCustomer", await givenPerson(app, "berta"));
  const keys = await keysOf(app);
  const response = await read(documentPath);
  const payload = Buffer.from(await response.arrayBuffer());
  const [header = "", , signature = ""] = (response.headers.get("x-jws-signature") ?? "").split(".");
  const detached = (bytes: Uint8Array) =>
    flattenedVerify({ protected: header, payload: bytes, signature }, keys);
  expect((await detached(payload)).protectedHeader).toMatchObject({ alg: "ES256", b64: false });
  const forged = Buffer.from(payload.toString().replace("berta Doe", "Berta Doe"));
  await expect(detached(forged)).rejects.toThrow("signature verification failed");

  const whole = await read(`${documentPath}.jws`);
  expect(whole.headers.get("content-type")).toBe("application/jose");
  const verified = await compactVerify(await whole.text(), keys);
  const inside = JSON.parse(Buffer.from(verified.payload).toString());
  expect({ ...inside, renderedAt: null }).toEqual({ ...JSON.parse(payload.toString()), renderedAt: null });
});

test("nothing is kept of a document, and reading it again tells what is known by then", async () => {
  const customerId = await givenPerson(app, "cilly");
  const { documentPath } = await done(app, "exportCustomer", customerId);
  const before = await everyStoredRow(app);
  const first = (await (await read(documentPath)).json()) as { data: { profiles: unknown[] } };
  expect(await everyStoredRow(app)).toEqual(before);
  expect(first.data.profiles).toHaveLength(1);
  await done(app, "eraseCustomer", customerId);
  const second = await (await read(documentPath)).text();
  expect(second).not.toContain("cilly");
});

test("documents are read by keys with privacy:export alone, and only while they can be", async () => {
  const customerId = await givenPerson(app, "dora");
  const { id, documentPath } = await done(app, "exportCustomer", customerId);
  const [exporter, reader] = [
    await limitedKey(app, ["privacy:export"]),
    await limitedKey(app, ["customers:read", "privacy:read", "privacy:erase"]),
  ];
  const status = async (path: string, key: string | null) => (await read(path, key)).status;
  expect(await status(documentPath, exporter)).toBe(200);
  expect(await status(documentPath, reader)).toBe(403);
  expect(await status(documentPath, null)).toBe(401);
  expect(await status(`${documentPath}x`, app.key)).toBe(404);
  expect((await ask(app, "exportCustomer", customerId, reader)).errors[0].extensions.code).toBe("FORBIDDEN");
  expect((await ask(app, "eraseCustomer", customerId, exporter)).errors[0].extensions.code).toBe("FORBIDDEN");

  await app.services.database.transaction((tx) =>
    tx.execute(
      sql`update privacy_requests set finished_at = now() - interval '8 days' where id = ${id.slice(4)}::uuid`,
    ),
  );
  expect(await status(documentPath, app.key)).toBe(404);
});

test("requests are listed, the newest first, by customer, kind and status", async () => {
  const customerId = await givenPerson(app, "emma");
  const first = await done(app, "exportCustomer", customerId);
  const second = await done(app, "exportCustomer", customerId);
  const third = await done(app, "eraseCustomer", customerId);
  const LIST = `query ($where: PrivacyRequestFilter) { privacyRequests(where: $where, first: 2) {
    totalCount nodes { id documentPath } } }`;
  const listed = async (where: object) => (await app.execute(LIST, { where })).data.privacyRequests;
  expect(await listed({ customerId: { eq: customerId } })).toEqual({
    totalCount: 3,
    nodes: [
      { id: third.id, documentPath: null },
      { id: second.id, documentPath: second.documentPath },
    ],
  });
  const exports = { customerId: { eq: customerId }, kind: { eq: "EXPORT" }, status: { eq: "DONE" } };
  expect((await listed(exports)).nodes.map(({ id }: { id: string }) => id)).toEqual([second.id, first.id]);
});

test("nodes without a key in their environment sign with one key; a given one signs, and both are served", async () => {
  const { documentPath } = await done(app, "exportCustomer", await givenPerson(app, "frieda"));
  const given = await exportPKCS8((await generateKeyPair("ES256", { extractable: true })).privateKey);
  const sibling = await startTestApp({ on: app });
  const other = await startTestApp({ on: app, exportSigningKey: given.replaceAll("\n", "\\n") });
  try {
    const kids = new Set<string>();
    for (const node of [app, sibling, other]) {
      const signed = await (await read(`${documentPath}.jws`, node.key, node)).text();
      const { protectedHeader } = await compactVerify(signed, await keysOf(other));
      kids.add(protectedHeader.kid as string);
    }
    expect(kids.size).toBe(2);
  } finally {
    await Promise.all([sibling.stop(), other.stop()]);
  }
});
