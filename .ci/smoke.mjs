// Starts the built server as a user would, asks it one question with and without a key, and stops it in good order.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const key = "smoke-test-key-0123456789";
const dataFolder = await mkdtemp(path.join(tmpdir(), "customer-360-smoke-"));
const server = spawn("node", ["dist/src/main.js"], {
  env: { ...process.env, PORT: "0", ADMIN_API_KEY: key, DATA_FOLDER: dataFolder },
  stdio: ["ignore", "pipe", "inherit"],
});
let output = "";
const url = await new Promise((resolve, reject) => {
  server.stdout.on("data", (chunk) => {
    output += chunk;
    const found = /(http:\/\/\S+\/graphql)\b/.exec(output);
    if (found) resolve(found[1]);
  });
  server.once("exit", (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
});
const ask = (headers) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ query: "{ customers { totalCount nodes { id } } }" }),
  }).then(async (response) => [response.status, await response.json()]);
const [status, answer] = await ask({ authorization: `Bearer ${key}` });
const [refused] = await ask({});
server.removeAllListeners("exit");
const exit = new Promise((resolve) => server.once("exit", resolve));
server.kill("SIGTERM");
const code = await exit;
await rm(dataFolder, { recursive: true, force: true });
const ok = status === 200 && answer.data?.customers.totalCount === 0 && refused === 401 && code === 0;
console.log(
  ok ? "smoke run passed" : `smoke run failed: ${JSON.stringify({ status, answer, refused, code })}`,
);
process.exit(ok ? 0 : 1);
