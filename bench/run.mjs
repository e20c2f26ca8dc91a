import { parseArgs } from "node:util";
import { ingestTablesOf } from "./ingest/report.mjs";
import { contenderNames, resultsName, wholeNumber } from "./options.mjs";

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
  if (values.largest && !values.growth) throw new Error("--largest goes with --growth");
  const settings = {
    ...values,
    names: contenderNames("only", values.only),
    rounds: wholeNumber("rounds", values.rounds ?? (values.quick ? 7 : 30)),
    seconds: wholeNumber("seconds", values.seconds ?? 1),
    results: resultsName(values.results),
    log,
  };
  const { installPeers } = await import("./setup/peers.mjs");
  const { startCluster } = await import("./setup/cluster.mjs");
  installPeers(log);
  const cluster = await startCluster();
  try {
    if (values.growth) await (await import("./growth.mjs")).runGrowth(cluster, settings);
    else await runReads(cluster, settings);
  } finally {
    await cluster.stop();
  }
}

async function runReads(cluster, settings) {
  const report = await import("./report.mjs");
  const { measureReads } = await import("./reads.mjs");
  const { shots, rows } = await measureReads(cluster, settings);
  const ingest = await ingestFigures(settings);
  for (const [document, of] of Object.entries(shots)) console.log(`\n${report.tablesOf(document, of)}`);
  if (ingest.table) console.log(`\n${ingestTablesOf(ingest.table)}`);
  const { mutationVsInsert, importVsCopy } = ingest;
  const goals = { ...mapValues(shots, report.goalsOf), ingest: { mutationVsInsert, importVsCopy } };
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
  console.log(`\n${JSON.stringify(goals)}`);
}

async function ingestFigures({ ingest, quick, log }) {
  if (!ingest) return { mutationVsInsert: null, importVsCopy: null };
  const { runIngest } = await import("./ingest/run.mjs");
  return runIngest({ quick, log });
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
