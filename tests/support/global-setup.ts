import { type ChildProcess, execFile, fork } from "node:child_process";
import { chmodSync, mkdtempSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** Before the first test: the programs are built, and the database server runs. */
export default async function setUp(): Promise<void> {
  process.env.TEST_CLUSTER_FOLDER = temporaryFolder();
  await Promise.all([build(), startTestServer()]);
}

/** For what is made once and used by several test files. Any account may enter: as root, PostgreSQL runs under another one. */
function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "c360-test-"));
  chmodSync(folder, 0o755);
  return folder;
}

/** Into `dist/`, for tests that start programs as they are shipped; those say what is wrong when it could not be done. */
async function build(): Promise<void> {
  const compiler = path.resolve("node_modules/typescript/bin/tsc");
  await new Promise<void>((resolve) => {
    execFile(process.execPath, [compiler, "-p", "tsconfig.build.json"], (error, output) => {
      process.env.TEST_BUILD_ERROR = error ? `the build failed:\n${output}` : "";
      resolve();
    });
  });
}

/** One database server for the whole run; every test file clones its template (see database.ts). */
async function startTestServer(): Promise<void> {
  const support = path.resolve("tests/support");
  const server = fork(path.join(support, "test-server.ts"), {
    execArgv: ["--import", path.join(support, "typescript-loader.mjs")],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const template = await new Promise((resolve, reject) => {
    server.once("message", resolve);
    server.once("exit", (code) => reject(new Error(`the test database server did not start (exit ${code})`)));
  });
  server.unref();
  server.channel?.unref();
  process.env.TEST_DATABASE_TEMPLATE = JSON.stringify(template);
  (globalThis as { testServer?: ChildProcess }).testServer = server;
}
