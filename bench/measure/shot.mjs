import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { cpuOf, cpuOfCluster, memoryOf } from "./cpu.mjs";

export const connections = 16;

/** What the feed of ours does on its own time, and what the benchmark itself asks, is no request's. */
const notOfRequests = 'feed_head|PendingEvents|from "events"|pg_stat_statements|advisory|pg_notify';

/** Starts the load process. */
export function startLoad() {
  const child = fork(path.join(import.meta.dirname, "load.mjs"));
  return {
    async run(order) {
      child.send(order);
      const [answer] = await once(child, "message");
      return answer;
    },
    stop: () => child.kill(),
  };
}

/**
 * Loads one server with one document for some seconds.
 * @returns {Promise<Shot>}
 * @typedef {{ requestsPerSecond: number, p50: number, p99: number, apiCpu: number, postgresCpu: number, statements: number,
 *   bytes: number, rss: number, requests: number }} Shot Times in milliseconds, CPU per request.
 */
export async function shoot({ load, server, cluster, sql, headers, bodies, seconds }) {
  await sql`select pg_stat_statements_reset()`;
  const before = [cpuOf(server.pid), cpuOfCluster(cluster.pid)];
  const result = await load.run({ url: server.url, headers, bodies, connections, seconds });
  const after = [cpuOf(server.pid), cpuOfCluster(cluster.pid)];
  if (result.failed > 0 || result.requests === 0)
    throw new Error(`${server.url}: ${result.failed} of ${result.requests + result.failed} requests failed`);
  const [{ calls }] = await sql`select sum(calls)::int as calls from pg_stat_statements
    where dbid = (select oid from pg_database where datname = current_database()) and query !~* ${notOfRequests}`;
  return {
    requestsPerSecond: result.requests / result.seconds,
    p50: result.p50,
    p99: result.p99,
    apiCpu: (after[0] - before[0]) / result.requests,
    postgresCpu: (after[1] - before[1]) / result.requests,
    statements: calls / result.requests,
    bytes: result.bytes,
    rss: memoryOf(server.pid),
    requests: result.requests,
  };
}
