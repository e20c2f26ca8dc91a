import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";

/** One database server for the whole run; every test file clones its template (see database.ts). */
export default async function startTestServer(): Promise<void> {
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
