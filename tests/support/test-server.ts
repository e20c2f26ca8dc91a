/**
 * The database server of one Jest run, in its own process: it tells its parent where the server is, and when the parent
 * asks for the end or dies, it stops the server and removes every trace.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { openConnection } from "../../src/platform/database/connection.js";
import { startEmbeddedPostgres } from "../../src/platform/database/embedded.js";
import { migrateDatabase, migrationsFolder } from "../../src/platform/database/migrate.js";
import { createTemporaryFolder } from "./temporary-folder.js";

/** Each test file opens a few connections, and several files run at once. */
const MAX_CONNECTIONS = "200";

const TEMPLATE = "template_360";

const { folder: dataFolder, remove } = createTemporaryFolder();
let stopServer = async () => {};

process.on("SIGINT", () => {}); // Ctrl+C reaches Jest as well, which then asks
process.once("disconnect", () => void leave(0));
process.once("message", () => void leave(0));
try {
  process.send?.(await startTemplate());
} catch (error) {
  console.error(error);
  await leave(1);
}

async function startTemplate() {
  const settings = { max_connections: MAX_CONNECTIONS };
  const server = await startEmbeddedPostgres({ dataFolder, durable: false, settings });
  stopServer = server.stop;
  const { connection } = server;
  if ("url" in connection) throw new Error("the embedded server is reached by its socket, not by a URL");
  const admin = await openConnection({ ...connection, database: "postgres" }, { statementTimeoutMs: 60_000 });
  await admin.send(`create database ${TEMPLATE}`);
  await admin.end();
  const template = { ...connection, database: TEMPLATE };
  if (existsSync(path.join(migrationsFolder(), "meta", "_journal.json"))) await migrateDatabase(template);
  return template;
}

async function leave(exitCode: number): Promise<void> {
  await stopServer();
  remove();
  process.exit(exitCode);
}
