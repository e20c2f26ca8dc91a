import { randomBytes } from "node:crypto";
import { type ConnectionOptions, openConnection } from "../../src/platform/database/connection.js";

const ADMIN_TIMEOUT_MS = 20_000;

type TestConnection = Exclude<ConnectionOptions, { url: string }>;

export interface TestDatabase {
  connection: TestConnection;
  drop(): Promise<void>;
}

/** A fresh, migrated database of its own: a clone of the template that global-setup made. */
export async function createTestDatabase(): Promise<TestDatabase> {
  return createDatabaseFrom(template().database);
}

/** A database without any table, for tests of the migrations themselves. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabaseFrom("template1");
}

async function createDatabaseFrom(source: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await asAdmin(`create database ${name} template ${source}`);
  return {
    connection: { ...template(), database: name },
    drop: () => asAdmin(`drop database ${name} with (force)`),
  };
}

function template(): TestConnection {
  return JSON.parse(process.env.TEST_DATABASE_TEMPLATE ?? "null") as TestConnection;
}

async function asAdmin(statement: string): Promise<void> {
  const server = await openConnection(
    { ...template(), database: "postgres" },
    { statementTimeoutMs: ADMIN_TIMEOUT_MS },
  );
  try {
    await server.send(statement);
  } finally {
    await server.end();
  }
}
