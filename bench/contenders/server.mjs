import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { stopWithUs } from "../ending.mjs";

const READY_WAIT_MS = 60_000;
/** After this a server that was asked to end is ended. */
const STOP_WAIT_MS = 15_000;
/** Of a server's own words, kept for the message when it does not start. */
const SAID_MAX = 4_000;

/**
 * Starts a server in a process of its own and resolves when it says so on standard output. With a `channel` messages can be
 * sent to the `child`, if it is Node.
 * @returns {Promise<{ url: string, pid: number, child: import("node:child_process").ChildProcess, stop: () => Promise<void> }>}
 */
export async function startServer(name, { command, args, env, ready, channel = false }) {
  const port = await freePort();
  const child = spawn(command, args, {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_ENV: "production",
      TZ: "UTC",
      ...env,
      PORT: String(port),
    },
    stdio: ["ignore", "pipe", "pipe", ...(channel ? ["ipc"] : [])],
  });
  let said = "";
  const exited = once(child, "exit").catch(() => {});
  const stop = stopWithUs(async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_WAIT_MS);
    await exited;
    clearTimeout(timer);
  });
  await new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${name} ${why}:\n${said.slice(-SAID_MAX)}`));
    const timer = setTimeout(() => fail(`was not ready after ${READY_WAIT_MS} ms`), READY_WAIT_MS);
    const listen = (text) => {
      said = (said + text).slice(-2 * SAID_MAX);
      if (ready.test(said)) {
        clearTimeout(timer);
        resolve();
      }
    };
    child.stdout.setEncoding("utf8").on("data", listen);
    child.stderr.setEncoding("utf8").on("data", listen);
    child.once("error", (error) => fail(`cannot be started (${error.message})`));
    child.once("exit", (code, signal) => fail(`ended at its start (${signal ?? code})`));
  }).catch(async (error) => {
    child.kill("SIGKILL");
    await stop();
    throw error;
  });
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    pid: child.pid,
    child,
    stop,
  };
}

/** Asks once, as a client does; throws unless the answer is one without errors. */
export async function ask({ url }, headers, body) {
  const response = await fetch(url, { method: "POST", headers, body });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 500)}`);
  const answer = JSON.parse(text);
  if (answer.errors)
    throw new Error(`${url} answered with errors: ${JSON.stringify(answer.errors).slice(0, 1000)}`);
  return answer;
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}
