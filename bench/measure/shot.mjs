import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { stopWithUs } from "../ending.mjs";
import { benchRole } from "../setup/cluster.mjs";
import { cpuOf, cpuOfCluster, cpuOfMachine, memoryOf } from "./cpu.mjs";

export const connections = 16;

/** A server is idle when it used no more than this between two looks: its timers go on. */
const idleCpuMs = 10;
const lookAgainMs = 100;
const settleWaitMs = 3_000;

/** What the feed of ours does on its own time, and what the benchmark itself asks, is no request's. */
const notOfRequests = 'feed_head|PendingEvents|from "?events|pg_stat_statements|advisory|pg_notify';

/** Starts the load process. */
export function startLoad() {
  const child = fork(path.join(import.meta.dirname, "load.mjs"));
  const ended = () => new Error("the load process has ended");
  const exited = once(child, "exit").then(() => {
    throw ended();
  });
  exited.catch(() => {});
  return {
    async run(order) {
      if (child.exitCode !== null || child.signalCode !== null) throw ended();
      child.send(order);
      const [answer] = await Promise.race([once(child, "message"), exited]);
      return answer;
    },
    pid: child.pid,
    stop: stopWithUs(() => child.kill()),
  };
}

/** What a server still does when all is answered is the requests' too: it writes down who read what. */
async function settle(pid) {
  const deadline = Date.now() + settleWaitMs;
  for (let before = -1, now = cpuOf(pid); now - before > idleCpuMs && Date.now() < deadline; ) {
    before = now;
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    now = cpuOf(pid);
  }
}

/**
 * Shots at one server with one document. Who ends by the clock leaves requests without their answers; who stops working on
 * those, and pays for stopping, is not what is compared. So only warming up does: a shot asks as much as is answered in
 * about as many seconds, going by the one before, and ends with the last answer.
 */
export function shooter(target) {
  let perSecond = 0;
  return async (seconds, { byTheClock = false } = {}) => {
    const requests = byTheClock ? 0 : Math.max(Math.round(perSecond * seconds), connections);
    const shot = await shoot({ ...target, seconds, requests });
    perSecond = shot.requestsPerSecond;
    return shot;
  };
}

/**
 * Loads one server with one document for some seconds, or with some requests where they are not 0.
 * @returns {Promise<Shot>}
 * @typedef {{ requestsPerSecond: number, p50: number, p99: number, apiCpu: number, postgresCpu: number, statements: number,
 *   bytes: number, rss: number, requests: number, foreignCores: number,
 *   foreignStatements: number }} Shot Times in milliseconds, CPU per request;
 *   `foreignCores` is what everything else on the machine used meanwhile.
 */
async function shoot({ load, server, cluster, sql, headers, bodies, seconds, requests }) {
  await sql`select pg_stat_statements_reset()`;
  const used = () => ({
    api: cpuOf(server.pid),
    postgres: cpuOfCluster(cluster.pid),
    load: cpuOf(load.pid),
    machine: cpuOfMachine(),
    clock: performance.now(),
  });
  const before = used();
  const result = await load.run({ url: server.url, headers, bodies, connections, seconds, requests });
  await settle(server.pid);
  const after = used();
  const spent = Object.fromEntries(Object.keys(after).map((what) => [what, after[what] - before[what]]));
  if (result.failed > 0 || result.answered === 0)
    throw new Error(`${server.url}: ${result.failed} requests failed, ${result.answered} were answered`);
  const [{ calls, others }] = await sql`select
      coalesce(sum(calls) filter (where userid = ${server.role}::regrole and query !~* ${notOfRequests}), 0)::int as calls,
      coalesce(sum(calls) filter (where not starts_with(userid::regrole::text, ${benchRole})), 0)::int as others
    from pg_stat_statements`;
  return {
    requestsPerSecond: result.answered / result.seconds,
    p50: result.p50,
    p99: result.p99,
    apiCpu: spent.api / result.sent,
    postgresCpu: spent.postgres / result.sent,
    statements: calls / result.sent,
    bytes: result.bytes,
    rss: memoryOf(server.pid),
    requests: result.sent,
    foreignStatements: others,
    foreignCores: (spent.machine - spent.api - spent.postgres - spent.load) / spent.clock,
  };
}
