import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eq } from "drizzle-orm";
import { auditEntries } from "#schema/audit.js";
import { BinaryRows, copyRows } from "../../../src/platform/database/binary-rows.js";
import { type Database, openDatabase } from "../../../src/platform/database/database.js";
import { newId, uuidOf } from "../../../src/platform/ids.js";
import { createTestDatabase, type TestDatabase } from "../../support/database.js";

let own: TestDatabase;
let database: Database;
beforeAll(async () => {
  own = await createTestDatabase();
  database = openDatabase(own.connection, { writePoolSize: 1 });
});
afterAll(async () => {
  await database.close();
  await own.drop();
});

const columns = [
  "id",
  "at",
  "action",
  "keyId",
  "operationName",
  "requestId",
  "customers",
  "buckets",
] as const;
const requestId = "019a0000-0000-7000-8000-00000000abcd";

interface Row {
  id: `aud_${string}`;
  atMs: number;
  keyId: string;
  operationName: string | null;
  customers: Buffer;
  buckets: number[];
}

const row = (values: Partial<Row> = {}): Row => ({
  id: newId("auditEntry"),
  atMs: Date.UTC(2026, 10, 21, 9, 30, 0, 5),
  keyId: "key_copied",
  operationName: null,
  customers: Buffer.alloc(0),
  buckets: [],
  ...values,
});

async function copy(rows: readonly Row[]): Promise<void> {
  const binary = new BinaryRows(columns.length);
  for (const { id, atMs, keyId, operationName, customers, buckets } of rows) {
    binary.row();
    binary.uuid(uuidOf(id));
    binary.instant(atMs);
    binary.text("READ");
    binary.text(keyId);
    binary.text(operationName);
    binary.uuid(requestId.replaceAll("-", ""));
    binary.bytea(customers);
    binary.smallints(buckets);
  }
  await database.transaction((tx) => copyRows(tx, auditEntries, columns, binary));
}

const stored = (id: Row["id"]) => database.read.select().from(auditEntries).where(eq(auditEntries.id, id));

test("rows are stored as they were given: any text, nothing, empty and long lists, times of long ago", async () => {
  const many = Array.from({ length: 16_384 }, (_, i) => i);
  const rows = [
    row(),
    row({ operationName: "", atMs: Date.UTC(1969, 11, 31, 23, 59, 59, 999) }),
    row({ operationName: "علی‌رضا 🙂 \\N \t", keyId: "x".repeat(70_000) }),
    row({ customers: Buffer.from(many), buckets: many }),
    row({ operationName: "last" }),
  ];

  await copy(rows);

  for (const { id, atMs, keyId, operationName, customers, buckets } of rows) {
    const at = new Date(atMs).toISOString();
    const [found] = await stored(id);
    expect(new Date(found?.at as string).toISOString()).toBe(at);
    expect(found).toMatchObject({ action: "READ", keyId, operationName, requestId, buckets });
    expect(found?.customers.equals(customers)).toBe(true);
  }
});

test("where one row is refused none is stored, and the connection serves on", async () => {
  const [there, other] = [row(), row()];
  await copy([there]);

  await expect(copy([other, there])).rejects.toMatchObject({ code: "23505" });

  expect(await stored(other.id)).toEqual([]);
  await copy([other]);
  expect(await stored(other.id)).toHaveLength(1);
});
