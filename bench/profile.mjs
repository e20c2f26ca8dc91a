import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { stopWithUs } from "./ending.mjs";
import { selfTimes, tablesOf } from "./measure/self-times.mjs";
import { contenderName, documentName, wholeNumber } from "./options.mjs";

const help = `Usage: node bench/profile.mjs [options]

Loads one document and says where the time of the process goes: self time in microseconds per request.
Build first (npm run build). The first run installs the peers and makes the data, as npm run bench does.

  --document NAME     customer-360 (default) or customer-list
  --contender NAME    ours (default), ours-loaders, limit, …
  --seconds N         length of the load (default 10)
  --customers N       size of the data (default 100000)
  --top N             how many lines (default 25)
  --keep FILE         keeps the .cpuprofile, for Chrome's developer tools`;

const samplingUs = 250;

const options = {
  document: { type: "string", default: "customer-360" },
  contender: { type: "string", default: "ours" },
  seconds: { type: "string", default: "10" },
  customers: { type: "string", default: "100000" },
  top: { type: "string", default: "25" },
  keep: { type: "string" },
  help: { type: "boolean" },
};

try {
  const { values } = parseArgs({ options });
  if (values.help) console.log(help);
  else await main(settingsOf(values));
} catch (error) {
  console.error(process.env.BENCH_TRACE ? error : error.message);
  process.exitCode = 1;
}

function settingsOf({ document, contender, seconds, customers, top, keep }) {
  return {
    document: documentName("document", document),
    contender: contenderName("contender", contender),
    seconds: wholeNumber("seconds", seconds),
    customers: wholeNumber("customers", customers),
    top: wholeNumber("top", top),
    keep,
  };
}

async function main(settings) {
  const { installPeers } = await import("./setup/peers.mjs");
  const { startCluster } = await import("./setup/cluster.mjs");
  installPeers(console.log);
  const folder = mkdtempSync(path.join(os.tmpdir(), "c360-profile-"));
  const remove = stopWithUs(() => rmSync(folder, { recursive: true, force: true }));
  const cluster = await startCluster();
  try {
    const { shot, from, to } = await record(cluster, folder, settings);
    const file = path.join(
      folder,
      readdirSync(folder).find((name) => name.endsWith(".cpuprofile")),
    );
    const profile = JSON.parse(readFileSync(file, "utf8"));
    print(selfTimes(profile, from, to), shot, settings);
    if (settings.keep) copyFileSync(file, settings.keep);
  } finally {
    await cluster.stop();
    await remove();
  }
}

/** Warms up, loads, and ends the server in good order, which writes the profile. Times in microseconds of the machine's clock. */
async function record(cluster, folder, { document, contender, seconds, customers }) {
  const { contenders } = await import("./contenders/contenders.mjs");
  const { targetOf, startRunner, warm } = await import("./reads.mjs");
  const { prepareDataset } = await import("./setup/dataset.mjs");
  const { shooter, startLoad } = await import("./measure/shot.mjs");
  const database = await prepareDataset(cluster, customers, { log: console.log });
  const { to: target, places } = await targetOf(cluster, database, 4_000);
  const nodeOptions = ["--cpu-prof", `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${samplingUs}`];
  const { server, body } = await startRunner(cluster, contenders[contender], target, { nodeOptions });
  const load = startLoad();
  const sql = cluster.connect(database);
  try {
    const bodies = places.map((place) => body(document, place));
    const shot = shooter({ load, server, cluster, sql, headers: target.headers, bodies });
    await warm(shot);
    const from = now();
    const result = await shot(seconds);
    return { shot: result, from, to: now() };
  } finally {
    load.stop();
    await Promise.all([sql.end(), server.stop()]);
  }
}

/** Node's profiles count in microseconds of the same clock. */
function now() {
  return Number(process.hrtime.bigint() / 1000n);
}

function print(times, { requests, apiCpu, postgresCpu, requestsPerSecond }, { contender, document, top }) {
  console.log(
    `${contender} ${document}: ${requests} requests, ${Math.round(requestsPerSecond)}/s, CPU ${apiCpu.toFixed(3)} + Postgres ${postgresCpu.toFixed(3)} ms per request (profiler included)`,
  );
  console.log(tablesOf(times, { per: "request", count: requests, top }));
}
