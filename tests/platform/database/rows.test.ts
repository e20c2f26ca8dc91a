import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eq } from "drizzle-orm";
import { customers, profiles, sources } from "#schema/customers.js";
import { type Database, openDatabase } from "../../../src/platform/database/database.js";
import { insertRows, updateRows } from "../../../src/platform/database/rows.js";
import { newId } from "../../../src/platform/ids.js";
import { createTestDatabase, type TestDatabase } from "../../support/database.js";

let own: TestDatabase;
let database: Database;
beforeAll(async () => {
  own = await createTestDatabase();
  database = openDatabase(own.connection);
});
afterAll(async () => {
  await database.close();
  await own.drop();
});

const customerId = newId("customer");
const hard = ['say "hi"', "back\\slash", "{a,b}", "NULL", "", " ", "line\nfeed", "علی‌رضا 🙂", "it's $1"];
const rows = hard.map((text, i) => ({
  id: newId("profile"),
  customerId,
  source: "desk",
  sourceRef: `r${i}`,
  displayName: text,
  city: i % 2 ? text : null,
  birthDate: i % 2 ? null : "1970-01-31",
  country: i % 2 ? null : "IR",
  stage: i % 2 ? null : ("LEAD" as const),
  addressLines: [[], null, [text, "second"], ["a", 'b"c\\d', "NULL", ""]][i % 4],
  traits: i % 2 ? { text, list: [1, "2", null], nested: { "{": "}" } } : null,
  observedAt: `2026-01-0${i + 1}T00:00:00.123456Z`,
}));

test("rows are stored as they were given, whatever their texts hold", async () => {
  await database.transaction(async (tx) => {
    await insertRows(tx, sources, [{ code: "desk", name: "Desk" }]);
    await insertRows(tx, customers, [{ id: customerId }]);
    await insertRows(tx, profiles, rows);
  });

  const stored = await database.read.select().from(profiles).where(eq(profiles.customerId, customerId));

  const byRef = new Map(stored.map((row) => [row.sourceRef, row]));
  for (const row of rows) expect(byRef.get(row.sourceRef)).toMatchObject(row);
  expect(stored.length).toBe(rows.length);
});

test("an update changes the named columns of the matched rows and no others", async () => {
  const changes = rows.slice(0, 4).map(({ id, addressLines }, i) => ({
    id,
    customerId,
    displayName: hard.at(-1 - i) as string,
    addressLines: [...(addressLines ?? []), "more"],
  }));

  await database.transaction((tx) => updateRows(tx, profiles, ["id", "customerId"], changes));

  const stored = await database.read.select().from(profiles).where(eq(profiles.customerId, customerId));
  const byId = new Map(stored.map((row) => [row.id, row]));
  for (const [i, row] of rows.entries()) expect(byId.get(row.id)).toMatchObject({ ...row, ...changes[i] });
});
