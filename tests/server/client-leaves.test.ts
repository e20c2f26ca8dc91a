import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { type Database, openDatabase } from "../../src/platform/database/database.js";
import { startTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
let resolvers: TestApp;
let observer: Database;
beforeAll(async () => {
  app = await startTestApp();
  resolvers = await startTestApp({ on: app, compiledReads: false });
  observer = openDatabase(app.connection);
});
afterAll(async () => {
  await observer.close();
  await resolvers.stop();
  await app.stop();
});

/** Statements that wait for the lock on interactions. */
const waiting = async () => {
  const rows = await observer.read.execute<{ count: number }>(
    sql`select count(*)::int as count from pg_locks join pg_stat_activity using (pid) where datname = current_database() and not granted and relation = 'interactions'::regclass`,
  );
  return rows[0]?.count;
};

/** Asks until the answer is this: the test's own time limit ends it. */
async function until(count: number): Promise<void> {
  while ((await waiting()) !== count);
}

function post(target: TestApp) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${target.key}` };
  const sent = request(`${target.url}/graphql`, { method: "POST", headers });
  sent.on("error", () => {}); // it is the client itself who cuts the connection
  sent.end(JSON.stringify({ query: "{ interactions(first: 1) { totalCount nodes { id } } }" }));
  return sent;
}

test.each([
  ["a compiled read", () => app, 1],
  ["a read by resolvers", () => resolvers, 1],
])(
  "when its client hangs up, %s is given up in the database, although it would wait for long",
  async (_name, of, statements) => {
    await observer.transaction(async (tx) => {
      await tx.execute(sql`lock table interactions in access exclusive mode`);
      const left = post(of());
      await until(statements);
      left.destroy();
      await until(0);
    });
    const { data } = await of().execute("{ interactions(first: 1) { nodes { id } } }");
    expect(data).toEqual({ interactions: { nodes: [] } });
  },
);

test("when an operation of a socket is taken back, its read is given up in the database", async () => {
  const client = app.socket();
  await observer.transaction(async (tx) => {
    await tx.execute(sql`lock table interactions in access exclusive mode`);
    const takeBack = client.subscribe(
      { query: "{ interactions(first: 1) { nodes { id } } }" },
      { next() {}, error() {}, complete() {} },
    );
    await until(1);
    takeBack();
    await until(0);
  });
});
