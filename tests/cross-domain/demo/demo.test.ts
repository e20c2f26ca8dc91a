import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterAll, afterEach, expect, test } from "@jest/globals";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { type Program, startProgram } from "../../support/program.js";
import { createTemporaryFolder } from "../../support/temporary-folder.js";

/** Four starts and one load on a machine that does other things as well. */
const timeoutMs = 400_000;
const ready = /Ctrl-C stops/;

const { folder, remove } = createTemporaryFolder();
const dataFolder = path.join(folder, "data");
const processes: Program[] = [];

function start(env: Record<string, string> = {}): Program {
  const demo = startProgram("src/demo.ts", { PORT: "0", DATA_FOLDER: dataFolder, ...env });
  processes.push(demo);
  return demo;
}

afterEach(async () => {
  for (const demo of processes.splice(0)) {
    demo.kill("SIGKILL");
    await demo.ended;
  }
});
afterAll(remove);

/** Address and key as a reader of the output would copy them. */
function printedPlaces(output: string) {
  const [, url = ""] = /GraphQL +(\S+)/.exec(output) ?? [];
  const [, socket = ""] = /WebSocket +(\S+)/.exec(output) ?? [];
  const [, graphiql = ""] = /GraphiQL +(\S+)/.exec(output) ?? [];
  const [, key = ""] = /Key +(\S+)/.exec(output) ?? [];
  return { url, socket, graphiql, key };
}

async function ask(url: string, key: string | null, query: string) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) },
    body: JSON.stringify({ query }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: an answer's shape is what the test is about
  return { status: response.status, ...((await response.json()) as any) };
}

test(
  "the demo survives every kind of end: it loads once, serves, shows news, and stops in order",
  async () => {
    const stoppedEarly = start();
    await stoppedEarly.printed(/: 1\d%/);
    stoppedEarly.kill("SIGTERM");
    expect(await stoppedEarly.ended).toBe(0);
    expect(stoppedEarly.output()).not.toMatch(ready);
    expect(existsSync(path.join(dataFolder, "postgres", "postmaster.pid"))).toBe(false);

    const killedWhileLoading = start();
    await killedWhileLoading.printed(/: 3\d%/);
    killedWhileLoading.kill("SIGKILL");
    expect(await killedWhileLoading.ended).toBe("SIGKILL");

    const first = start();
    const { url, socket, graphiql, key } = printedPlaces(await first.printed(ready));
    expect((await ask(url, null, "{ __typename }")).status).toBe(401);
    const { data } = await ask(url, key, "{ customers(first: 2) { nodes { displayName } } }");
    expect(data.customers.nodes).toEqual([
      { displayName: expect.any(String) },
      { displayName: expect.any(String) },
    ]);
    const shown = await (await fetch(`${graphiql}/config.json`)).text();
    expect(shown).toContain(key);
    expect(await newContact(socket, key)).toMatch(/^cus_/);
    first.kill("SIGKILL");
    await first.ended;

    const second = start();
    const again = printedPlaces(await second.printed(ready));
    expect(second.output()).toContain("was there already");
    expect(second.output()).not.toContain("Loading");
    expect(again.key).toBe(key);
    expect((await ask(again.url, key, "{ customers(first: 1) { nodes { id } } }")).status).toBe(200);
    second.kill("SIGTERM");
    expect(await second.ended).toBe(0);
    expect(existsSync(path.join(dataFolder, "postgres", "postmaster.pid"))).toBe(false);
  },
  timeoutMs,
);

async function newContact(url: string, key: string): Promise<unknown> {
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${key}` },
    retryAttempts: 0,
  });
  const events = client.iterate<{ interactionRecorded: { interaction: { customer: { id: string } } } }>({
    query: "subscription { interactionRecorded { interaction { customer { id } } } }",
  });
  const { value } = await events.next();
  await client.dispose();
  return value?.data?.interactionRecorded.interaction.customer.id;
}

test("a taken port is told in one line before anything is started", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  const demo = start({ PORT: String(port), DATA_FOLDER: path.join(folder, "unused") });
  const ended = await demo.ended;
  taken.close();
  expect(ended).toBe(1);
  expect(demo.output()).toMatch(new RegExp(`^Port ${port} is taken[^\n]*\n$`));
});
