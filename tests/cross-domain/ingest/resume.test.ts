import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openConnection } from "../../../src/platform/database/connection.js";
import { startEmbeddedPostgres } from "../../../src/platform/database/embedded.js";
import { createTemporaryFolder } from "../../support/temporary-folder.js";
import { orders, visitHeader, visitRows, visits } from "./given.js";

const root = path.resolve(".");
const { folder, remove } = createTemporaryFolder();
beforeAll(() => {
  writeFileSync(path.join(folder, "visits.yaml"), visits);
  writeFileSync(path.join(folder, "orders.yaml"), orders);
});
afterAll(remove);

interface Ended {
  code: number | null;
  signal: string | null;
  output: string;
}

/** The command as people run it, in the test's folder, on an embedded database of its own. */
function command(args: string[], onError: (text: string, child: ChildProcess) => void = () => {}) {
  const loader = path.join(root, "tests/support/typescript-loader.mjs");
  const child = spawn(process.execPath, ["--import", loader, path.join(root, "src/import.ts"), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, DATA_FOLDER: path.join(folder, "data"), NODE_NO_WARNINGS: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => {
    output += chunk;
    onError(String(chunk), child);
  });
  return new Promise<Ended>((resolve) =>
    child.once("close", (code, signal) => resolve({ code, signal, output })),
  );
}

async function ask(statement: string): Promise<Record<string, unknown>> {
  const server = await startEmbeddedPostgres({ dataFolder: path.join(folder, "data") });
  const connection = await openConnection(server.connection, { statementTimeoutMs: 10_000 });
  try {
    return (await connection.send(statement))[0] as Record<string, unknown>;
  } finally {
    await connection.end();
    await server.stop();
  }
}

const killAtFirstProgress = (text: string, child: ChildProcess) => {
  if (/: \d+%, line/.test(text)) child.kill("SIGKILL");
};

function linesOf(name: string): { line: number }[] {
  const text = readFileSync(path.join(folder, name), "utf8").trimEnd();
  return text.split("\n").map((line) => JSON.parse(line));
}

test("an import killed in the middle goes on: nothing twice, nothing missing, no reject doubled", async () => {
  const bad = "broken row\n";
  const rows = visitRows(1, 10) + bad + visitRows(11, 2_000) + bad + visitRows(2_001, 3_000) + bad;
  writeFileSync(path.join(folder, "visits.csv"), visitHeader + rows);
  const args = ["--mapping", "visits.yaml", "--source", "test", "--batch-size", "50", "visits.csv"];
  expect((await command(args, killAtFirstProgress)).signal).toBe("SIGKILL");
  const { n, done } = await ask(
    "select (select count(*)::int from interactions) n, (select lines_done::int from import_runs) done",
  );
  expect([Number(n) > 0, Number(n) < 3_000, Number(done) > 0]).toEqual([true, true, true]);
  // What a write leaves behind when the machine stops in the middle of it.
  writeFileSync(path.join(folder, "visits.csv.rejects.jsonl"), '{"file":"visits.csv","line":12,"co', {
    flag: "a",
  });

  const resumed = await command(args);
  expect(resumed.output).toContain(`went on after line ${Number(done).toLocaleString("en")}`);
  expect(resumed.code).toBe(3);
  expect(
    await ask(
      "select count(*)::int n, count(distinct source_ref)::int refs, (select finished_at is not null from import_runs) finished from interactions",
    ),
  ).toEqual({ n: 3_000, refs: 3_000, finished: true });
  expect(linesOf("visits.csv.rejects.jsonl").map(({ line }) => line)).toEqual([12, 2_003, 3_004]);

  const again = await command(args);
  expect([again.code, again.output]).toEqual([0, expect.stringContaining("already imported")]);
}, 120_000);

test("items of several rows survive a kill whole", async () => {
  let text = "order,who,sku,pieces,price\n";
  const line = (order: number, sku: number) => `o${order},c${order % 5},s${sku},1,1.00\n`;
  // Each order's last row comes after the first row of the next one.
  for (let order = 1; order <= 1_000; order++) text += line(order, 1) + (order > 1 ? line(order - 1, 2) : "");
  writeFileSync(path.join(folder, "orders.csv"), text + line(1_000, 2));
  const args = ["--mapping", "orders.yaml", "--source", "test", "--batch-size", "20", "orders.csv"];
  expect((await command(args, killAtFirstProgress)).signal).toBe("SIGKILL");
  const { n } = await ask("select count(*)::int n from purchases");
  expect([Number(n) > 0, Number(n) < 1_000]).toEqual([true, true]);
  const resumed = await command(args);
  expect([resumed.code, resumed.output]).toEqual([0, expect.stringContaining("0 rejected")]);
  expect(
    await ask(`select count(*)::int orders, min(lines)::int fewest, max(lines)::int most
      from (select purchase_id, count(*) lines from purchase_items group by 1) as counted`),
  ).toEqual({ orders: 1_000, fewest: 2, most: 2 });
}, 120_000);

test("mistakes end the command with a code and a line, never a stack trace", async () => {
  const mistakes: [string[], string][] = [
    [[], "error: "],
    [["--mapping", "none.yaml", "--source", "test", "visits.csv"], "INVALID_MAPPING: "],
    [
      ["--mapping", "visits.yaml", "--source", "test", "none.csv"],
      "FILE_NOT_FOUND: There is no file none.csv.",
    ],
    [["--mapping", "visits.yaml", "--source", "No Code", "visits.csv"], "BAD_USER_INPUT: "],
    [
      ["--mapping", "orders.yaml", "--source", "test", "visits.csv"],
      "MISSING_COLUMN: visits.csv has no column",
    ],
  ];
  for (const [args, words] of mistakes) {
    const { code, output } = await command(args);
    expect([args, code, output]).toEqual([args, 2, expect.stringContaining(words)]);
    expect(output).not.toMatch(/^\s+at /m);
  }
  const help = await command(["--help"]);
  expect([help.code, help.output]).toEqual([0, expect.stringContaining("Examples:")]);
}, 60_000);
