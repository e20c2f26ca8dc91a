import { fork } from "node:child_process";
import path from "node:path";
import { stopWithUs } from "../ending.mjs";
import { cpuOf, cpuOfCluster, cpuOfMachine, residentKibOf } from "../measure/cpu.mjs";
import { ask } from "./channel.mjs";

/** Events of one burst, and a second when steady: the goals are set on these. */
export const burstEvents = 150;
export const steadyPerSecond = 20;

/** Who comes before all others: code is compiled, and first rows are read, for them. */
const first = { subscribers: 100, events: 50, bursts: 3 };
/** Events made one by one that nobody hears: enough that the way of one is compiled; then, what making one costs. */
const unheard = { warmUp: 300, measured: 60 };
/** With everybody there, before the shots. */
const warmEvents = 30;
/** Until everybody is subscribed, one event after the other is sent; nobody may need more. */
const probes = { count: 30, withinMs: 10_000 };

/** Every event of a run has a number that no other has. */
let lastNumber = 0;
const nextNumbers = (count) => Array.from({ length: count }, () => ++lastNumber);

/** Starts the process that holds all subscribers. */
export function startSubscribers() {
  const child = fork(path.join(import.meta.dirname, "subscribers.mjs"));
  return { child, pid: child.pid, stop: stopWithUs(() => child.kill()) };
}

/**
 * One contender with one number of subscribers, on a server of its own: memory of those who wait, then 20 events a second, then a burst.
 * @param {{ steadyEvents: number, profile?: "steady" | "burst" }} settings
 * @returns {Promise<Visit>}
 * @typedef {{ idleKib: number, idleHeapKib: number, makingMicros: number, steady: Shot, burst: Shot, sample: string,
 *   profile?: object }} Visit `makingMicros` is what an event costs the server that nobody is told of, at the steady rate;
 *   `sample` the text of one message.
 *
 * @typedef {{ deliveries: number, cpuMicros: number, postgresMicros: number, clientMicros: number, deliveriesPerSecond: number,
 *   p50Ms: number, p99Ms: number, maxMs: number, frameBytes: number, foreignCores: number }} Shot CPU per delivery.
 */
export async function visit(contender, count, { subscribers, database, steadyEvents, profile }) {
  const server = await contender.start();
  const at = {
    server,
    subscribers: subscribers.child,
    pids: { subscribers: subscribers.pid, postgres: database.pid },
  };
  try {
    const result = await idleMemory(at, count);
    await warmUp(at);
    result.makingMicros = await costOfMaking(server);
    await connect(at, count);
    await burst(at, warmEvents);
    for (const [shot, events, publish] of [
      ["steady", steadyEvents, publishSteadily],
      ["burst", burstEvents, publishAtOnce],
    ]) {
      if (profile === shot) await ask(server.child, "startProfile");
      result[shot] = await measure(at, events, publish);
      if (profile === shot) result.profile = await ask(server.child, "stopProfile");
    }
    result.sample = await ask(at.subscribers, "sample");
    await ask(at.subscribers, "disconnect");
    return result;
  } finally {
    await server.stop();
  }
}

/** Looked at first: later the server has garbage's room in its heap, where subscribers would go for nothing. */
async function idleMemory(at, count) {
  await connect(at, first.subscribers);
  await ask(at.subscribers, "disconnect");
  const before = await memoryOf(at.server);
  await connect(at, count);
  const after = await memoryOf(at.server);
  await ask(at.subscribers, "disconnect");
  return {
    idleKib: (after.resident - before.resident) / count,
    idleHeapKib: (after.heap - before.heap) / count,
  };
}

async function warmUp(at) {
  await connect(at, first.subscribers);
  for (let i = 0; i < first.bursts; i++) await burst(at, first.events);
  await ask(at.subscribers, "disconnect");
  for (const number of nextNumbers(unheard.warmUp)) await at.server.publish([number]);
}

/** Nothing tells a client that its subscription has begun, but an event: here, everybody has had the same last one. */
async function connect({ server, subscribers }, count) {
  await ask(subscribers, "connect", { count, ...server.to });
  const numbers = nextNumbers(probes.count);
  await ask(subscribers, "expect", { first: numbers[0], count: probes.count });
  for (const number of numbers) {
    await server.publish([number]);
    if (await ask(subscribers, "everybodyHas", { number, withinMs: probes.withinMs })) return;
  }
  throw new Error(`after ${probes.count} events there are still subscribers who got none of the last`);
}

async function burst({ server, subscribers }, count) {
  const numbers = nextNumbers(count);
  await ask(subscribers, "expect", { first: numbers[0], count });
  await server.publish(numbers);
  await ask(subscribers, "complete");
}

const publishAtOnce = (server, numbers) => server.publish(numbers);

/** By the clock, whether or not the server keeps up. */
function publishSteadily(server, numbers) {
  const gapMs = 1000 / steadyPerSecond;
  const published = numbers.map(async (number, i) => {
    await new Promise((resolve) => setTimeout(resolve, i * gapMs));
    await server.publish([number]);
  });
  return Promise.all(published);
}

/** Makes events and waits until everybody has had each of them once. */
async function measure({ server, subscribers, pids }, count, publish) {
  const numbers = nextNumbers(count);
  await ask(subscribers, "expect", { first: numbers[0], count });
  const used = () => ({
    server: cpuOf(server.pid),
    postgres: cpuOfCluster(pids.postgres),
    client: cpuOf(pids.subscribers),
    machine: cpuOfMachine(),
    clock: performance.now(),
  });
  const before = used();
  const [{ deliveries, lastAt, bytes }] = await Promise.all([
    ask(subscribers, "complete"),
    publish(server, numbers),
  ]);
  const after = used();
  const spent = Object.fromEntries(Object.keys(after).map((what) => [what, after[what] - before[what]]));
  const sentAt = await server.sentAt(numbers);
  const micros = (ms) => (ms * 1000) / deliveries;
  return {
    deliveries,
    cpuMicros: micros(spent.server),
    postgresMicros: micros(spent.postgres),
    clientMicros: micros(spent.client),
    deliveriesPerSecond: (deliveries * 1000) / (lastAt - Math.min(...sentAt)),
    ...(await ask(subscribers, "latencies", { sentAt })),
    frameBytes: bytes / deliveries,
    foreignCores: (spent.machine - spent.server - spent.postgres - spent.client) / spent.clock,
  };
}

/** Microseconds of the server per event, 20 a second, while nobody listens. */
async function costOfMaking(server) {
  const before = cpuOf(server.pid);
  await publishSteadily(server, nextNumbers(unheard.measured));
  return ((cpuOf(server.pid) - before) * 1000) / unheard.measured;
}

/** What is in use, after the garbage has gone. */
async function memoryOf({ child, pid }) {
  const { heapUsed } = await ask(child, "collect");
  return { resident: residentKibOf(pid), heap: heapUsed / 1024 };
}
