import "reflect-metadata";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { Command } from "commander";
import pc from "picocolors";
import { progressView } from "./cross-domain/ingest/progress.js";
import { withFreshApp } from "./verify/fresh-app.js";
import { type Check, checkRealData, type Loaded } from "./verify/real-data.js";

/** `npm run verify:real`: loads the real data sets into a fresh database and compares what the API says with published figures. */
const root = path.resolve(import.meta.dirname, "../..");
const command = new Command("verify:real")
  .description(
    "Loads the real data sets of DATA_DIR into a fresh embedded database and checks them through GraphQL.",
  )
  .option("--json", "print one JSON object: { checks: [{ name, expected, actual, ok }], loads }")
  .parse();
const { json } = command.opts<{ json?: true }>();
const folder = path.resolve(root, process.env.DATA_DIR || "../shared/data");

if (!existsSync(path.join(folder, "REFERENCE.json"))) {
  const skipped = `SKIPPED: the real data sets are not in ${folder}; set DATA_DIR`;
  console.log(json ? JSON.stringify({ skipped, checks: [] }) : skipped);
  process.exit(0);
}

const reference = JSON.parse(await readFile(path.join(folder, "REFERENCE.json"), "utf8"));
const view = progressView(process.stderr);
try {
  const { checks, loads } = await withFreshApp((app) =>
    checkRealData(app, { root, folder, reference, view }),
  );
  const failed = checks.filter((check) => !check.ok);
  console.log(json ? JSON.stringify({ checks, loads }) : report(checks, loads));
  process.exit(failed.length === 0 ? 0 : 1);
} catch (error) {
  view.end();
  console.error((error as Error).message);
  process.exit(1);
}

function report(checks: readonly Check[], loads: readonly Loaded[]): string {
  const width = (pick: (check: Check) => string) => Math.max(...checks.map((check) => pick(check).length));
  const [names, expected, actual] = [width((c) => c.name), width((c) => c.expected), width((c) => c.actual)];
  const lines = checks.map(
    (check) =>
      `${check.ok ? pc.green("ok  ") : pc.red("DIFF")} ${check.name.padEnd(names)}  ${check.expected.padStart(expected)}  ${check.actual.padStart(actual)}`,
  );
  const rates = loads.map(
    (load) => `${load.file}: ${load.rows} rows in ${load.seconds.toFixed(1)} s, ${load.rowsPerSecond} rows/s`,
  );
  const peak = `peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`;
  const head = `     ${"".padEnd(names)}  ${"expected".padStart(expected)}  ${"actual".padStart(actual)}`;
  const bad = checks.filter((check) => !check.ok).length;
  return [
    head,
    ...lines,
    "",
    ...rates,
    peak,
    bad ? pc.red(`${bad} differences`) : pc.green("all figures agree"),
  ].join("\n");
}
