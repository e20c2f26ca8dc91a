import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Cluster, long, rowMs, untilHolds } from "./support/cluster.js";

// Row 16 of the fault table: a new version, with a migration, replaces the old one server by server while work goes on.

const rounds = long ? 5 : 1;
const drainMs = 10_000;
const giveUpMs = 60_000;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start(2);
}, 120_000);
afterAll(() => cluster.stop(), 60_000);

test(
  "16: a rolling restart with a migration under load: no request fails, subscribers resume, each server is drained within 10 s",
  async () => {
    const load = cluster.load();
    await untilHolds(async () => load.acknowledged > 0, giveUpMs);
    const subscribers = await cluster.subscribe(4);
    await Promise.all(subscribers.map((one) => one.got(() => one.deliveries.length > 0)));
    const drained: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const version = await nextVersion(round);
      for (const server of cluster.servers) {
        const before = load.acknowledged;
        await untilHolds(async () => load.acknowledged > before, giveUpMs);
        cluster.rotation.delete(server); // as a balancer does: nothing new is sent there, what is under way goes on
        const toldAt = Date.now();
        expect(await server.end("SIGTERM")).toBe(0);
        drained.push(Date.now() - toldAt);
        await server.start(version);
        cluster.rotation.add(server);
      }
    }
    expect(await cluster.findings()).toEqual([]);
    await cluster.tell("16", {
      restarts: drained.length,
      requests: load.requests.length,
      failedRequests: load.requests.filter(({ code }) => code).length,
      longestRequestMs: Math.round(Math.max(...load.requests.map(({ ms }) => ms))),
      longestDrainMs: Math.max(...drained),
    });
    const said = cluster.servers.flatMap(({ output }) => output.match(/.*is not available.*/g) ?? []);
    expect({ troubles: [...load.troubles], said }).toEqual({ troubles: [], said: [] });
    expect(Math.max(...drained)).toBeLessThanOrEqual(drainMs);
    const ends = subscribers.flatMap(({ breaks }) => breaks);
    expect(ends.length).toBeGreaterThanOrEqual(subscribers.length);
    const columns = await cluster.sql<{ name: string }>(
      "select column_name as name from information_schema.columns where table_name = 'interactions' and column_name like 'next_%'",
    );
    expect(columns).toHaveLength(rounds);
  },
  rowMs,
);

/**
 * This program with one migration more, in a folder of its own. Copied while the servers' ways to PostgreSQL, which are in this
 * process, go on: they stood still for as long as `cpSync` took, and a server gives up after two seconds of that.
 */
async function nextVersion(round: number): Promise<string> {
  const folder = path.join(cluster.folder, `version${round}`);
  const base = round === 0 ? "." : path.join(cluster.folder, `version${round - 1}`);
  for (const part of ["dist", "migrations", "package.json"])
    await cp(path.join(base, part), path.join(folder, part), { recursive: true });
  symlinkSync(path.resolve("node_modules"), path.join(folder, "node_modules"));
  const file = path.join(folder, "migrations/meta/_journal.json");
  const journal = JSON.parse(readFileSync(file, "utf8")) as { entries: { idx: number; when: number }[] };
  const { idx, when } = journal.entries.at(-1)!;
  const tag = `${String(idx + 1).padStart(4, "0")}_next-version`;
  journal.entries.push({ ...journal.entries.at(-1)!, idx: idx + 1, when: when + 1, tag } as never);
  writeFileSync(file, JSON.stringify(journal));
  writeFileSync(
    path.join(folder, `migrations/${tag}.sql`),
    `ALTER TABLE "interactions" ADD COLUMN "next_${round}" text DEFAULT 'new' NOT NULL;--> statement-breakpoint
CREATE INDEX "interactions_next_${round}_idx" ON "interactions" ("next_${round}");`,
  );
  return folder;
}
