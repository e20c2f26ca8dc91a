import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

const help = `Usage: npm run bench -- [options]

Measures how much the two reference reads cost beside the peers (bench/README.md).

  --quick             fewer and shorter rounds: about five minutes when the data is there
  --only a,b          these contenders: ours, ours-loaders, postgraphile, mercurius, limit
  --rounds N          rounds of one shot per contender (default 30; quick: 7)
  --seconds N         length of a shot (default 1: with all contenders a round then stays below the eight seconds after
                      which V8 tidies up in those that wait)
  --fresh             make the data anew, even if it is there from an earlier run
  --no-ingest         leave the writes out
  --growth            the cost of ours at 10,000 and 100,000 customers instead
  --largest           with --growth: at 1,000,000 too (20 GB of disk, half an hour to fill)
  --results NAME      write bench/results/<date>-NAME.json
  --help              this`;

const options = {
  quick: { type: "boolean", default: false },
  only: { type: "string" },
  rounds: { type: "string" },
  seconds: { type: "string" },
  fresh: { type: "boolean", default: false },
  ingest: { type: "boolean", default: true },
  growth: { type: "boolean", default: false },
  largest: { type: "boolean", default: false },
  results: { type: "string" },
  help: { type: "boolean", default: false },
};

const startedAt = Date.now();
const log = (line) =>
  console.log(`[${String(Math.round((Date.now() - startedAt) / 1000)).padStart(4)} s] ${line}`);

try {
  const { values } = parseArgs({ options, allowNegative: true });
  if (values.help) console.log(help);
  else await run(values);
} catch (error) {
  console.error(process.env.BENCH_TRACE ? error : error.message);
  process.exitCode = 1;
}

async function run(values) {
  if (process.platform !== "linux")
    throw new Error("The benchmark reads processor times from /proc: it needs Linux.");
  const rounds = wholeNumber("rounds", values.rounds ?? (values.quick ? 7 : 30));
  const seconds = wholeNumber("seconds", values.seconds ?? 1);
  installPeers();
  const { startCluster } = await import("./setup/cluster.mjs");
  const cluster = await startCluster();
  process.once("SIGINT", () => cluster.stop().finally(() => process.exit(130)));
  try {
    const settings = { ...values, rounds, seconds, log };
    if (values.growth) await (await import("./growth.mjs")).runGrowth(cluster, settings);
    else await runReads(cluster, settings);
  } finally {
    await cluster.stop();
  }
}

async function runReads(cluster, settings) {
  const { contenders } = await import("./contenders/contenders.mjs");
  const report = await import("./report.mjs");
  const { measureReads } = await import("./reads.mjs");
  const names = settings.only?.split(",") ?? Object.keys(contenders);
  const unknown = names.find((name) => !contenders[name]);
  if (unknown)
    throw new Error(`--only: there is no ${unknown}; there are ${Object.keys(contenders).join(", ")}`);
  const { shots, rows } = await measureReads(cluster, { ...settings, names });
  const ingest = await ingestFigures(settings);
  for (const [document, of] of Object.entries(shots)) console.log(`\n${report.tablesOf(document, of)}`);
  if (ingest.table)
    console.log(
      `\n${typeof ingest.table === "string" ? ingest.table : JSON.stringify(ingest.table, null, 1)}`,
    );
  if (settings.results) {
    const { rounds, seconds } = settings;
    const figures = {
      rows,
      medians: mapValues(shots, report.mediansOf),
      ratios: mapValues(shots, report.ratiosOf),
      shots,
      ...(ingest.table && { ingest }),
    };
    log(`written: ${report.writeResults(settings.results, figures, { rounds, seconds, connections: 16 })}`);
  }
  const { mutationVsInsert, importVsCopy } = ingest;
  console.log(
    `\n${JSON.stringify({ ...mapValues(shots, report.goalsOf), ingest: { mutationVsInsert, importVsCopy } })}`,
  );
}

/** The writes are measured by a part of their own, which need not be there. */
async function ingestFigures({ ingest, quick, log }) {
  const file = path.join(import.meta.dirname, "ingest/run.mjs");
  if (!ingest || !existsSync(file)) return { mutationVsInsert: null, importVsCopy: null };
  const { runIngest } = await import(file);
  return runIngest({ quick, log });
}

/** The peers are installed apart from the product, at the first run and when their versions change. */
function installPeers() {
  const folder = import.meta.dirname;
  const installed = (name) => existsSync(path.join(folder, "node_modules", name));
  if (installed("autocannon") && installed("postgraphile") && installed("node/bin/node")) return;
  log("installing the peers into bench/node_modules");
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

function wholeNumber(name, text) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} must be a whole number from 1`);
  return number;
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
