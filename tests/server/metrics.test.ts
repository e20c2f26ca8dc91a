import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { startTestApp, type TestApp } from "../support/app.js";
import { givenKey } from "../support/live.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

const figures = (key: string | null) =>
  fetch(`${app.url}/metrics`, { headers: key === null ? {} : { authorization: `Bearer ${key}` } });

test("every query is counted by how it was read, with the field that kept it from being one statement", async () => {
  await app.execute("{ customers { nodes { id } } }");
  await app.execute("{ customers { nodes { id } } }");
  const answer = await app.execute("{ rewards { code } }");

  expect(answer.extensions.read).toEqual({ compiled: false, reason: "Query.rewards is computed" });
  const response = await figures(app.key);
  expect(response.headers.get("content-type")).toContain("text/plain");
  const lines = (await response.text()).split("\n");
  expect(lines).toContain('customer360_queries_total{read="compiled",reason=""} 2');
  expect(lines).toContain('customer360_queries_total{read="resolvers",reason="Query.rewards is computed"} 1');
});

test("entries of the audit are counted by what became of them", async () => {
  const lines = (await (await figures(app.key)).text()).split("\n");

  expect(lines).toContain('customer360_audit_entries_total{outcome="lost"} 0');
  expect(lines.find((line) => line.includes('outcome="written"'))).toMatch(/ \d+$/);
});

test("figures are not told to partners", async () => {
  const { id, key } = await givenKey(app, ["customers:read"]);
  await app.database.transaction((tx) =>
    tx.execute(sql`update api_keys set partner = 'acme' where id = ${id}::uuid`),
  );
  const response = await figures(key);
  expect([response.status, await response.json()]).toMatchObject([
    403,
    { errors: [{ extensions: { code: "FORBIDDEN" } }] },
  ]);
});

test.each([null, "wrong"])("figures are told to holders of a key only", async (key) => {
  const response = await figures(key);
  expect(response.status).toBe(401);
  expect(((await response.json()) as { errors: { extensions: object }[] }).errors[0]?.extensions).toEqual({
    code: "UNAUTHENTICATED",
    requestId: response.headers.get("x-request-id"),
  });
});
