import { readdirSync } from "node:fs";
import { beforeAll, expect, test } from "@jest/globals";
import { getTableColumns, getTableName, is } from "drizzle-orm";
import { getTableConfig, type PgColumn, PgTable } from "drizzle-orm/pg-core";
import { otherTables, personalTables } from "../../../src/cross-domain/privacy/personal-data.js";

let tables: PgTable[];
beforeAll(async () => {
  const files = readdirSync("schema").filter((file) => file.endsWith(".ts"));
  const modules = await Promise.all(
    files.map((file) => import(`../../../schema/${file.replace(/\.ts$/, ".js")}`)),
  );
  tables = modules
    .flatMap((module) => Object.values(module))
    .filter((value) => is(value, PgTable)) as PgTable[];
});

const described = new Map(personalTables.map((own) => [own.table, own]));

/** Whether rows of the table are about one customer: a column that holds their id, or a foreign key to a table of theirs. */
function pointsAtCustomer(table: PgTable): boolean {
  if (getTableName(table) === "customers") return true;
  const columns = Object.values(getTableColumns(table) as Record<string, PgColumn>);
  const typed = columns.some((column) => String(column.mapFromDriverValue("x")).startsWith("cus_"));
  const named = columns.some((column) => /customer/.test(column.name));
  const targets = getTableConfig(table).foreignKeys.map((key) => key.reference().foreignTable as PgTable);
  return typed || named || targets.some((target) => target !== table && described.has(target));
}

test("every table is described as personal, or it is said why it is not", () => {
  expect(tables.length).toBeGreaterThan(20);
  const undescribed = tables.filter((table) => !described.has(table) && !otherTables.has(table));
  expect(undescribed.map(getTableName)).toEqual([]);
});

test("no table that points at a customer passes for one that knows nobody", () => {
  const passing = tables.filter((table) => otherTables.has(table) && pointsAtCustomer(table));
  expect(passing.map(getTableName)).toEqual([]);
  expect(tables.filter(pointsAtCustomer).length).toBe(personalTables.length);
});

test("what points at a customer is exported and erased, or says why not", () => {
  const reasons = personalTables.flatMap(({ table, exported, erased }) => [
    ...(typeof exported === "string" ? [] : [`${getTableName(table)} is not exported: ${exported.not}`]),
    ...("not" in erased ? [`${getTableName(table)} is not erased: ${erased.not}`] : []),
  ]);
  expect(reasons).toEqual([
    "privacy_requests is not erased: The receipt: who asked for what, when, and how many rows went. It holds nothing personal.",
    "audit_entries is not exported: It tells what the company's people and programs did, and names other customers of the same page.",
    "audit_entries is not erased: It proves who had access, also after an erasure. It holds ids and times, no word about anybody.",
  ]);
});

test("rows go before those that they point at", () => {
  for (const [place, { table, erased }] of personalTables.entries()) {
    if ("not" in erased || erased.action !== "DELETED") continue;
    for (const key of getTableConfig(table).foreignKeys) {
      const target = personalTables.findIndex((own) => own.table === key.reference().foreignTable);
      const parent = personalTables[target]?.erased;
      if (!parent || "not" in parent || parent.action !== "DELETED") continue;
      expect([getTableName(table), target > place]).toEqual([getTableName(table), true]);
    }
  }
});
