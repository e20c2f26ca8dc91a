import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import type { AppOptions } from "../../../src/app.js";
import { openConnection } from "../../../src/platform/database/connection.js";
import { startTestApp, type TestApp } from "../../support/app.js";
import { givenKey, recordContacts, revokeKey } from "../../support/live.js";
import { connectSocket } from "../../support/socket.js";
import { until, waitMs } from "../../support/until.js";

let app: TestApp | undefined;
let stop: () => Promise<void> = async () => {};
beforeEach(() => {
  stop = async () => {};
});
afterEach(() => stop());

async function given(live: Pick<AppOptions, "maxConnectionsPerKey" | "patience"> = {}): Promise<TestApp> {
  app = await startTestApp({ live });
  stop = () => (app as TestApp).stop();
  return app;
}

const ALL =
  "subscription ($after: Cursor) { interactionRecorded(after: $after) { cursor interaction { summary body } } }";
const ids = (count: number) => Array.from({ length: count }, (_, index) => index);
/** More than the system keeps for a client that does not read: some megabytes on a loopback connection. */
const heavyBody = "x".repeat(19_000);
const heavyCount = 1_200;

async function subscribed(to: TestApp, after: string) {
  const connection = await connectSocket(to);
  await connection.next();
  connection.send({ id: "1", type: "subscribe", payload: { query: ALL, variables: { after } } });
  const number = async () => {
    const { cursor, interaction } = (await connection.next()).payload.data.interactionRecorded;
    return { cursor: cursor as string, number: Number(interaction.summary) };
  };
  return { ...connection, number, connection };
}

async function recordHeavy(to: TestApp): Promise<void> {
  for (let from = 0; from < heavyCount; from += 100) {
    const summaries = ids(100).map((index) => String(from + index));
    await recordContacts(to, summaries, { body: heavyBody });
  }
}

test("who stops reading for a while costs the others nothing, is not kept in memory, and then has everything in order", async () => {
  const to = await given();
  const [start] = await recordContacts(to, ["0"]);
  const paused = await subscribed(to, start.cursor);
  const quick = await subscribed(to, start.cursor);
  await recordContacts(to, ["0"]);
  await Promise.all([paused.number(), quick.number()]);
  paused.socket.pause();

  await recordHeavy(to);
  for (const index of ids(heavyCount)) expect((await quick.number()).number).toBe(index);

  // Of 23 MB the server holds its bound and the handover that went beyond it.
  expect(to.app.live.bufferedBytes).toBeGreaterThan(0);
  expect(to.app.live.bufferedBytes).toBeLessThan(1.5 * 1024 * 1024);
  paused.socket.resume();
  for (const index of ids(heavyCount)) expect((await paused.number()).number).toBe(index);
}, 60_000);

test("who reads nothing for too long is closed with 4429 and the cursor at which nothing is missed or doubled", async () => {
  const to = await given({ patience: { keepAliveMs: 1_000, maxStuckMs: 2_000 } });
  const [start] = await recordContacts(to, ["0"]);
  const stuck = await subscribed(to, start.cursor);
  await recordContacts(to, ["0"]);
  await stuck.number();
  stuck.socket.pause();
  await recordHeavy(to);
  const quick = await subscribed(to, start.cursor);
  await quick.number();
  for (const index of ids(heavyCount)) expect((await quick.number()).number).toBe(index);
  await until(
    () => to.app.live.followerCount,
    (now) => now <= 1,
  );
  stuck.socket.resume();

  expect(await stuck.closed).toBe(4429);
  const received = stuck.messages.map(({ payload }) => {
    const { interaction } = payload.data.interactionRecorded;
    return Number(interaction.summary);
  });
  const cursor = /^Too slow\. Resume after (\S+)$/.exec(stuck.connection.reason)?.[1] as string;
  const again = await subscribed(to, cursor);
  while (received.length < heavyCount) received.push((await again.number()).number);
  expect(received).toEqual(ids(heavyCount));
}, 60_000);

test("who asks and asks and takes no answer is heard no further, and then gets every answer", async () => {
  const to = await given();
  const count = 200;
  const payload = { ballast: "x".repeat(200_000) };
  const asking = await connectSocket(to);
  await asking.next();
  asking.socket.pause();
  for (const _ of ids(count)) asking.send({ type: "ping", payload });
  await until(
    () => to.app.live.bufferedBytes,
    (now) => now >= 1024 * 1024,
  );
  const other = await connectSocket(to);
  await other.next();
  let most = 0;
  for (const _ of ids(count)) {
    other.send({ type: "ping" });
    expect(await other.next()).toEqual({ type: "pong" });
    most = Math.max(most, to.app.live.bufferedBytes);
  }

  // Of 40 MB of answers the server holds its bound and what it had read already.
  expect(most).toBeLessThan(2 * 1024 * 1024);
  asking.socket.resume();
  for (const _ of ids(count)) expect(await asking.next()).toEqual({ type: "pong", payload });
}, 60_000);

test("a client that is gone without a word is noticed, and leaves nothing behind", async () => {
  const to = await given({ patience: { keepAliveMs: 100, maxStuckMs: 300 } });
  const silent = await connectSocket(to);
  await silent.next();
  silent.send({ id: "1", type: "subscribe", payload: { query: ALL } });
  silent.socket.pause(); // no pong any more, and nothing waits for it
  await until(
    () => to.services.feed.status.waiters,
    (now) => now > 0,
  );
  await until(
    () => to.app.live.followerCount,
    (now) => now === 0,
  );
  await until(
    () => to.services.feed.status.waiters,
    (now) => now === 0,
  );
});

test("a key holds no more connections than it may; others are not harmed, and a place that is freed is given again", async () => {
  const to = await given({ maxConnectionsPerKey: 2 });
  const { key } = await givenKey(to, ["interactions:read"]);
  const first = await connectSocket(to, { authorization: `Bearer ${key}` });
  const second = await connectSocket(to, { authorization: `Bearer ${key}` });
  await Promise.all([first.next(), second.next()]);

  const third = await connectSocket(to, { authorization: `Bearer ${key}` });
  expect(await third.closed).toBe(4429);
  const events = await fetch(`${to.url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      authorization: `Bearer ${key}`,
    },
    body: JSON.stringify({ query: ALL }),
  });
  expect([events.status, events.headers.get("retry-after")]).toEqual([429, "5"]);
  expect(await events.json()).toMatchObject({ errors: [{ extensions: { code: "TOO_MANY_CONNECTIONS" } }] });
  const ofAnother = await connectSocket(to);
  expect((await ofAnother.next()).type).toBe("connection_ack");

  first.socket.close();
  await first.closed;
  await until(
    () => to.app.live.connectionCount,
    (now) => now <= 2,
  );
  const fourth = await connectSocket(to, { authorization: `Bearer ${key}` });
  expect((await fourth.next()).type).toBe("connection_ack");
});

test("a client that leaves while its key is being looked up holds no place of that key", async () => {
  const to = await given({ maxConnectionsPerKey: 1 });
  const { key } = await givenKey(to, ["interactions:read"]);
  const holder = await openConnection(to.connection, { statementTimeoutMs: waitMs });
  await holder.send("begin");
  await holder.send("lock table api_keys in access exclusive mode");
  const lookingUp = () =>
    to.database.read.execute(
      sql`select from pg_locks join pg_stat_activity using (pid) where datname = current_database() and not granted and relation = 'api_keys'::regclass`,
    );
  try {
    const gone = await connectSocket(to, { authorization: `Bearer ${key}` });
    await until(lookingUp, ({ length }) => length > 0);
    gone.socket.terminate();
    await gone.closed;
    await fetch(`${to.url}/health/live`); // by now the server has heard of it
  } finally {
    await holder.end(); // which lets the lookup go on
  }

  await until(lookingUp, ({ length }) => length === 0);
  const next = await connectSocket(to, { authorization: `Bearer ${key}` });
  expect(await Promise.race([next.next(), next.closed])).toEqual({ type: "connection_ack" });
  expect(to.app.live.connectionCount).toBe(1);
});

test("a client that leaves while its event stream is being charged for holds no place of its key", async () => {
  app = await startTestApp({ live: { maxConnectionsPerKey: 1 }, sharedBudgets: true });
  const to = app;
  stop = () => to.stop();
  const { key } = await givenKey(to, ["interactions:read"]);
  const follow = (signal: AbortSignal) =>
    fetch(`${to.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "text/event-stream",
        authorization: `Bearer ${key}`,
      },
      body: JSON.stringify({ query: ALL }),
      signal,
    });
  const holder = await openConnection(to.connection, { statementTimeoutMs: waitMs });
  await holder.send("begin");
  await holder.send("lock table budgets in access exclusive mode");
  const charging = () =>
    to.database.read.execute(
      sql`select from pg_locks join pg_stat_activity using (pid) where datname = current_database() and not granted and relation = 'budgets'::regclass`,
    );
  const leaving = new AbortController();
  try {
    const gone = follow(leaving.signal);
    await until(charging, ({ length }) => length > 0);
    leaving.abort();
    await expect(gone).rejects.toThrow();
    await fetch(`${to.url}/health/live`); // by now the server has heard of it
  } finally {
    await holder.end(); // which lets the charge go on
  }

  await until(charging, ({ length }) => length === 0);
  const staying = new AbortController();
  expect((await follow(staying.signal)).status).toBe(200);
  expect(to.app.live.connectionCount).toBe(1);
  staying.abort();
});

test("a key that was revoked does nothing more on a socket whose client does not take the goodbye", async () => {
  const to = await given();
  const { id, key } = await givenKey(to, ["interactions:read", "interactions:write"]);
  const socket = await connectSocket(to, { authorization: `Bearer ${key}` });
  await socket.next();
  socket.send({ id: "1", type: "subscribe", payload: { query: ALL } });
  await until(
    () => to.app.live.followerCount,
    (now) => now > 0,
  );
  socket.socket.pause(); // the goodbye is never read, so never answered

  await revokeKey(to, id);
  await until(
    () => to.app.live.followerCount,
    (now) => now === 0,
  );
  const query = `mutation { recordInteractions(input: { source: "late", interactions: [{ sourceRef: "late", channel: "chat",
    customer: { sourceRef: "late" }, direction: INBOUND, initiative: UNSOLICITED, kind: "message", occurredAt: "2026-11-21T09:30:00Z" }] })
    { results { outcome } } }`;
  await new Promise((sent) =>
    socket.socket.send(JSON.stringify({ id: "2", type: "subscribe", payload: { query } }), sent),
  );
  // On other connections, and after what the socket has sent.
  for (const summary of ["1", "2", "3"]) await recordContacts(to, [summary]);

  const { data } = await to.execute('{ interactions(where: { source: { eq: "late" } }) { totalCount } }');
  expect(data.interactions.totalCount).toBe(0);
  socket.socket.terminate();
});

test("a revoked key gets no event that was recorded a second after, while others of its class go on", async () => {
  const to = await given();
  const scopes = ["interactions:read", "pii:read"];
  const [gone, stays] = [await givenKey(to, scopes), await givenKey(to, scopes)];
  const connections = await Promise.all(
    [gone, stays].map(async ({ key }) => {
      const connection = await connectSocket(to, { authorization: `Bearer ${key}` });
      await connection.next();
      connection.send({ id: "1", type: "subscribe", payload: { query: ALL } });
      return connection;
    }),
  );
  const [ofGone, ofStays] = connections as [(typeof connections)[0], (typeof connections)[0]];
  await recordContacts(to, ["both"]);
  await Promise.all([ofGone.next(), ofStays.next()]);

  const revokedAt = Date.now();
  await revokeKey(to, gone.id);
  expect(await ofGone.closed).toBe(4403);
  expect(Date.now() - revokedAt).toBeLessThan(1_000);

  await recordContacts(to, ["one"]);
  expect((await ofStays.next()).payload.data.interactionRecorded.interaction.summary).toBe("one");
  expect(ofGone.messages).toEqual([]);
});
