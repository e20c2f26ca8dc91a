import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

const help = `Usage: npm run bench:live -- [options]

Measures what it costs to tell many subscribers of one event, beside plain graphql-ws (bench/README.md).
The last line of standard output is one JSON object; progress goes to standard error.

  --quick             fewer rounds and events: minutes
  --sizes A,B         numbers of subscribers (default 1000,5000)
  --only NAME         one contender alone: ours or baseline
  --rounds N          rounds of one visit per contender and size (default 5; quick: 2)
  --steady N          events of a steady shot, at 20 a second (default 200; quick: 60)
  --keep FILE         says where the time of our server goes in the bursts, and keeps the last one's .cpuprofile
                      for Chrome's developer tools; its other figures then include the profiler
  --shot NAME         with --keep: burst (default) or steady
  --results NAME      name of the result file, bench/results/<date>-NAME.json (default live, quick: live-quick)
  --help              this`;

const options = {
  quick: { type: "boolean", default: false },
  sizes: { type: "string", default: "1000,5000" },
  only: { type: "string" },
  rounds: { type: "string" },
  steady: { type: "string" },
  keep: { type: "string" },
  shot: { type: "string", default: "burst" },
  results: { type: "string" },
  help: { type: "boolean", default: false },
};

/** Files that a process of ours has open beside its sockets. */
const otherFiles = 100;
/** In sizes of frames between the contenders: what is compared is the way of delivering, not what is delivered. */
const sizeTolerance = 0.03;
const topLines = 30;

const startedAt = Date.now();
const log = (line) =>
  console.error(`[${String(Math.round((Date.now() - startedAt) / 1000)).padStart(4)} s] ${line}`);

try {
  const { values } = parseArgs({ options });
  if (values.help) console.log(help);
  else await run(settingsOf(values));
} catch (error) {
  console.error(process.env.BENCH_TRACE ? error : error.message);
  process.exitCode = 1;
}

function settingsOf({ quick, sizes, only, rounds, steady, keep, shot, results }) {
  if (process.platform !== "linux")
    throw new Error("The benchmark reads processor times from /proc: it needs Linux.");
  const names = only ? [only] : ["ours", "baseline"];
  if (!["ours", "baseline"].includes(names[0])) throw new Error("--only must be ours or baseline");
  if (!["burst", "steady"].includes(shot)) throw new Error("--shot must be burst or steady");
  const settings = {
    quick,
    names,
    sizes: sizes.split(",").map((size) => wholeNumber("sizes", size)),
    rounds: wholeNumber("rounds", rounds ?? (quick ? 2 : 5)),
    steadyEvents: wholeNumber("steady", steady ?? (quick ? 60 : 200)),
    keep,
    shot,
    results: results ?? (quick ? "live-quick" : "live"),
  };
  const [, allowed] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
  const needed = Math.max(...settings.sizes) + otherFiles;
  if (allowed !== "unlimited" && Number(allowed) < needed)
    throw new Error(
      `A process may open ${allowed} files, but ${needed} are needed: ulimit -n ${needed}, or smaller --sizes`,
    );
  return settings;
}

async function run(settings) {
  const { startDatabase } = await import("./live/database.mjs");
  const { startSubscribers } = await import("./live/visit.mjs");
  const report = await import("./live/report.mjs");
  log("starting PostgreSQL on bench/.data/live");
  const database = await startDatabase();
  const subscribers = startSubscribers();
  try {
    const visits = await visitAll({ ...settings, database, subscribers });
    console.log(report.tablesOf(visits));
    if (!settings.keep) log(`written: ${report.write(settings.results, visits, settings)}`);
    console.log(`\n${JSON.stringify(report.goalsOf(visits))}`);
  } finally {
    await subscribers.stop();
    await database.stop();
  }
}

/**
 * Every contender at every size, interleaved: in each round each is visited once, and every round turns the order.
 * @returns {Promise<Record<number, Record<string, import("./live/visit.mjs").Visit[]>>>} by size and contender, one per round
 */
async function visitAll({ names, sizes, rounds, keep, shot, ...at }) {
  const { baseline, oursOn } = await import("./live/contenders.mjs");
  const { visit } = await import("./live/visit.mjs");
  const contenders = [];
  for (const name of names) contenders.push(name === "ours" ? await oursOn(at.database) : baseline);
  const visits = Object.fromEntries(
    sizes.map((size) => [size, Object.fromEntries(names.map((name) => [name, []]))]),
  );
  for (let round = 0; round < rounds; round++) {
    for (const size of sizes) {
      for (const contender of round % 2 ? contenders.toReversed() : contenders) {
        const profiled = keep && contender.name === "ours" ? shot : undefined;
        const { profile, ...result } = await visit(contender, size, { ...at, profile: profiled });
        visits[size][contender.name].push(result);
        log(`${round + 1}/${rounds} ${contender.name.padEnd(8)} ${size} subscribers: ${inWords(result)}`);
        if (profile) await explain(profile, result[shot].deliveries, keep);
      }
      checkAlike(visits[size]);
    }
  }
  return visits;
}

async function explain({ profile, from, to }, deliveries, file) {
  const { selfTimes, tablesOf } = await import("./measure/self-times.mjs");
  log(
    tablesOf(selfTimes(profile, from, to), {
      per: "delivery",
      count: deliveries,
      top: topLines,
      decimals: 3,
    }),
  );
  writeFileSync(file, JSON.stringify(profile));
  log(`profile: ${file}`);
}

/** Both contenders deliver the same fields, in frames of one size. */
function checkAlike({ ours, baseline }) {
  if (!ours || !baseline) return;
  const [a, b] = [ours.at(-1), baseline.at(-1)];
  const fields = ({ sample }) => sample.replaceAll(/:"(?:[^"\\]|\\.)*"/g, ":");
  if (fields(a) !== fields(b))
    throw new Error(`the contenders deliver different things:\n${a.sample}\n${b.sample}`);
  const difference = Math.abs(a.burst.frameBytes / b.burst.frameBytes - 1);
  if (difference > sizeTolerance)
    throw new Error(`the contenders' frames have ${a.burst.frameBytes} and ${b.burst.frameBytes} bytes`);
}

function inWords({ burst, steady, idleKib }) {
  const shot = (name, { deliveriesPerSecond, cpuMicros, clientMicros, p50Ms, p99Ms }) =>
    `${name} ${Math.round(deliveriesPerSecond)}/s, CPU ${cpuMicros.toFixed(1)} µs (client ${clientMicros.toFixed(1)}), p50 ${p50Ms.toFixed(0)} p99 ${p99Ms.toFixed(0)} ms`;
  return `${shot("burst", burst)}; ${shot("steady", steady)}; idle ${idleKib.toFixed(1)} KiB`;
}

function wholeNumber(name, text) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} must be a whole number from 1`);
  return number;
}
