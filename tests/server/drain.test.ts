import http from "node:http";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { startTestApp, type TestApp } from "../support/app.js";
import { until } from "../support/until.js";

let app: TestApp;
let other: TestApp;
const agent = new http.Agent({ keepAlive: true });
beforeAll(async () => {
  app = await startTestApp();
  other = await startTestApp({ on: app });
});
afterAll(async () => {
  agent.destroy();
  await other.stop();
  await app.stop();
});

const write = `mutation { recordInteractions(input: { source: "crm", interactions: [{ sourceRef: "1", customer: { sourceRef: "c" },
  channel: "chat", direction: INBOUND, initiative: UNSOLICITED, kind: "message", occurredAt: "2026-11-22T10:00:00Z" }] }) {
  results { outcome } } }`;

function ask({ url, key }: TestApp): Promise<unknown> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  return new Promise((resolve, reject) => {
    const request = http.request(`${url}/graphql`, { method: "POST", agent, headers }, (response) =>
      resolve(json(response)),
    );
    request.on("error", reject).end(JSON.stringify({ query: write }));
  });
}

test("a server that stops answers what is under way, and does not wait for connections that clients keep", async () => {
  let answer: Promise<unknown> = Promise.resolve();
  let stopped: Promise<void> = Promise.resolve();
  await app.database.transaction(async (tx) => {
    await tx.execute(sql`lock table interactions in exclusive mode`);
    answer = ask(other);
    await until(
      () =>
        app.database.read.execute(
          sql`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
        ),
      ({ length }) => length > 0,
    );
    stopped = other.app.stop();
  });
  expect(await answer).toMatchObject({
    data: { recordInteractions: { results: [{ outcome: "RECORDED" }] } },
  });
  const answeredAt = performance.now();
  await stopped;
  // Beyond ten seconds it would have been cut.
  expect(performance.now() - answeredAt).toBeLessThan(5_000);
});
