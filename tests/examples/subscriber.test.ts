import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Cluster, untilHolds } from "../faults/support/cluster.js";
import { adminKey } from "../faults/support/server.js";
import { type Program, startProgram } from "../support/program.js";

// examples/subscriber as its README says, against the built server in a process of its own.

const giveUpMs = 60_000;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start(1);
}, 120_000);
afterAll(() => cluster.stop(), 60_000);

function subscriber(...args: string[]): Program {
  const program = startProgram("dist/examples/subscriber/subscriber.js", { API_KEY: adminKey }, args);
  cluster.onStop(() => program.kill("SIGKILL"));
  return program;
}

test("--help tells what there is; without a key, or with a wrong one, it says so", async () => {
  const help = subscriber("--help");
  expect(await help.ended).toBe(0);
  expect(help.output()).toContain("--cursor-file FILE");
  const wrong = subscriber("--url", cluster.urls[0]!, "--key", "no-such-key-0123456789");
  expect(await wrong.ended).toBe(2);
  expect(wrong.output()).toContain("Send a valid key");
  const unknown = subscriber("--no-such-option");
  expect(await unknown.ended).toBe(2);
});

test("the server dies by kill -9 and comes back, twice: the subscriber resumes, and proves at Ctrl-C that it missed nothing", async () => {
  const file = path.join(cluster.folder, "place");
  const server = cluster.servers[0]!;
  const load = cluster.load({ writers: 2 });
  await untilHolds(async () => load.acknowledged > 0, giveUpMs);
  const program = subscriber("--url", server.url, "--cursor-file", file);
  for (let kill = 0; kill < 2; kill++) {
    await program.printed(new RegExp(`(connected[\\s\\S]*){${kill + 1}}INTERACTION_RECORDED`));
    await server.end("SIGKILL");
    await program.printed(new RegExp(`(broken[\\s\\S]*){${kill + 1}}`));
    await server.start();
  }
  await program.printed(/(connected[\s\S]*){3}INTERACTION_RECORDED/);
  program.kill("SIGINT");
  expect(await program.ended).toBe(0);
  const output = program.output();
  expect(output).toMatch(/duplicates +\d+ dropped after resumes, 0 without one/);
  expect(output).toMatch(/gaps +0\n/);
  expect(output).toMatch(/reconnects +2\n/);
  expect(output).toMatch(/log +\d+ events, the same in the same order/);
  expect(output).toContain("nothing missed, nothing doubled");
  expect(existsSync(`${file}.new`)).toBe(false);

  // The next run goes on where this one ended: together they have every event, and none twice.
  const next = subscriber("--url", server.url, "--cursor-file", file, "--events", "40");
  expect(await next.ended).toBe(0);
  const lines = [...output.matchAll(/(cus_\S+ #\d+)/g), ...next.output().matchAll(/(cus_\S+ #\d+)/g)];
  const names = lines.map(([name]) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(next.output()).toMatch(/delivered +40 events/);
  expect(readFileSync(file, "utf8").trim()).toMatch(/^\S+$/);
  expect(await cluster.findings()).toEqual([]);
  const seqs = await cluster.sql<{ name: string }>(
    "select 'cus_' || customer_id || ' #' || seq as name from events order by pos",
  );
  const order = seqs.map(({ name }) => name);
  const began = order.indexOf(names[0]!);
  expect(names).toEqual(order.slice(began, began + names.length));
}, 180_000);
