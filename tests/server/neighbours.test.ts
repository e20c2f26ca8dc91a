import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { type Database, openDatabase } from "../../src/platform/database/database.js";
import { limitedKey } from "../domains/loyalty/limited-key.js";
import { startTestApp, type TestApp } from "../support/app.js";
import { recordContacts } from "../support/live.js";
import { connectSocket } from "../support/socket.js";

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

const SLOW = "{ interactions(first: 1) { totalCount nodes { id } } }";
/** More than all connections for reads take at a time. */
const many = 60;

test.each([
  ["compiled reads", () => app],
  ["reads by resolvers", () => resolvers],
])("while one key's %s take long, another's are answered", async (_name, of) => {
  const target = of();
  const slowKey = await limitedKey(app, ["interactions:read"]);
  const otherKey = await limitedKey(app, ["customers:read"]);
  const ask = async (key: string, query: string) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
    const response = await fetch(`${target.url}/graphql`, {
      method: "POST",
      headers,
      body: JSON.stringify({ query }),
    });
    return response.json();
  };
  expect(await ask(slowKey, SLOW)).toMatchObject({ data: { interactions: { totalCount: 0 } } });
  let slow: Promise<unknown>[] = [];

  await app.database.transaction(async (tx) => {
    await tx.execute(sql`lock table interactions in access exclusive mode`);
    slow = Array.from({ length: many }, () => ask(slowKey, SLOW));
    const waiting = sql`select 1 from pg_locks join pg_stat_activity using (pid)
      where datname = current_database() and not granted and relation = 'interactions'::regclass`;
    while ((await observer.read.execute(waiting)).length < 4);

    for (let i = 0; i < 20; i++)
      expect(await ask(otherKey, "{ customers(first: 1) { totalCount } }")).toMatchObject({
        data: { customers: { totalCount: 0 } },
      });
  });

  await Promise.all(slow);
});

const FOLLOW = `subscription ($after: Cursor, $subject: String!) { interactionRecorded(after: $after) { interaction { customer {
  tickets(first: 1, where: { subject: { contains: $subject } }) { nodes { id } } } } } }`;

test("while what one key's subscriptions ask for takes long, another's reads are answered", async () => {
  const slowKey = await limitedKey(app, ["interactions:read", "customers:read", "tickets:read", "pii:read"]);
  const otherKey = await limitedKey(app, ["customers:read"]);
  const [{ cursor: after }] = await recordContacts(app, ["start"]);
  const sockets = await Promise.all(
    Array.from({ length: many }, () => connectSocket(app, { authorization: `Bearer ${slowKey}` })),
  );
  const toldEach = (type: string) =>
    Promise.all(sockets.map(async ({ next }) => expect(await next()).toMatchObject({ type })));
  await toldEach("connection_ack");
  for (const [n, { send }] of sockets.entries()) {
    const payload = { query: FOLLOW, variables: { after, subject: `s${n}` } };
    send({ id: "1", type: "subscribe", payload });
  }
  await recordContacts(app, ["to be told of"]);
  await toldEach("next");

  await app.database.transaction(async (tx) => {
    await tx.execute(sql`lock table tickets in access exclusive mode`);
    await recordContacts(app, ["told of late"]);
    const waiting = sql`select 1 from pg_locks join pg_stat_activity using (pid)
      where datname = current_database() and not granted and relation = 'tickets'::regclass`;
    while ((await observer.read.execute(waiting)).length < 4);

    for (let i = 0; i < 20; i++)
      expect(
        await app.execute("{ customers(first: 1) { totalCount } }", {}, { key: otherKey }),
      ).toMatchObject({
        data: { customers: { totalCount: 1 } },
      });
  });

  await toldEach("next");
  for (const { socket } of sockets) socket.terminate();
});
