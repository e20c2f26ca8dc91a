import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "@jest/globals";
import { createTemporaryFolder } from "./temporary-folder.js";

const program = ["/usr/sbin", ...(process.env.PATH ?? "").split(":")]
  .map((folder) => path.join(folder, "nats-server"))
  .find((file) => existsSync(file));

/** A test with a real broker; where none is installed (Debian: nats-server) it is skipped under a name that says so. */
export const testWithNats: (name: string, work: () => Promise<void>, timeoutMs?: number) => void = program
  ? test
  : (name) => test.skip(`${name} (skipped: nats-server is not installed)`, () => {});

export interface NatsServer {
  url: string;
  /** kill -9. */
  kill(): Promise<void>;
  /** Freezes it: connections stay, nothing moves. */
  freeze(): void;
  thaw(): void;
  /** On the same port. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A nats-server on a free loopback port; `settings` are lines of its configuration file. */
export async function startNats(settings = ""): Promise<NatsServer> {
  const { folder, remove } = createTemporaryFolder();
  const config = path.join(folder, "nats.conf");
  writeFileSync(config, settings);
  let port = -1;
  let child: ChildProcess | undefined;
  const server: NatsServer = {
    url: "",
    async kill() {
      const ended = new Promise((resolve) => child?.once("close", resolve));
      child?.kill("SIGKILL");
      await ended;
      child = undefined;
    },
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
    async start() {
      child = spawn(program as string, ["-c", config, "-a", "127.0.0.1", "-p", String(port)], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      port = await listening(child);
    },
    async stop() {
      if (child) await server.kill();
      remove();
    },
  };
  await server.start();
  server.url = `nats://127.0.0.1:${port}`;
  return server;
}

function listening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let log = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      log += chunk;
      const port = /Listening for client connections on \S+:(\d+)/.exec(log)?.[1];
      if (port && log.includes("Server is ready")) resolve(Number(port));
    });
    child.once("close", () => reject(new Error(`nats-server ended before it was ready:\n${log}`)));
  });
}
