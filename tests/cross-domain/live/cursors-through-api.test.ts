import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { encodeCustomerCursor, encodeFeedCursor } from "../../../src/cross-domain/live/cursor.js";
import { removeExpired } from "../../../src/cross-domain/live/retention.js";
import { startTestApp, type TestApp } from "../../support/app.js";
import { startProgram } from "../../support/program.js";
import { startProxy } from "../../support/proxy.js";
import type { CustomerId } from "./given.js";
import { next, record, type Subscriber, subscriberOf } from "./through-api.js";

let app: TestApp;
/** Started when the oldest events were gone, so that it has none of them in memory. */
let other: TestApp;
let ada: CustomerId;
let ben: CustomerId;
const clients: Subscriber[] = [];
const otherEpoch = "0193a2b4-0000-7000-8000-000000000001";

beforeAll(async () => {
  app = await startTestApp();
  const recorded = await record(app, "first", ["ada", "ben", "ada", "ben", "ada"]);
  [ada, ben] = recorded.map(({ interaction }) => interaction.customer.id) as [CustomerId, CustomerId];
  await next(subscriber(app).feed(feedCursor(0)), 7);
  await app.database.transaction((tx) =>
    tx.execute(sql`update events set recorded_at = '2020-01-01' where pos <= 5`),
  );
  await removeExpired(app.database, { keepDays: 7 });
  other = await startTestApp({ on: app });
}, 60_000);
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));
afterAll(async () => {
  await other.stop();
  await app.stop();
});

function subscriber(on: TestApp): Subscriber {
  const client = subscriberOf({ url: on.url, key: on.key });
  clients.push(client);
  return client;
}

/** The code that a stream ends with before it has delivered anything. */
async function refusal(stream: AsyncIterator<unknown>): Promise<string> {
  return next(stream, 1).then(
    (value) => `delivered ${JSON.stringify(value)}`,
    (errors) => [errors].flat()[0].extensions?.code ?? String(errors),
  );
}

const feedCursor = (pos: number): string => app.services.feed.feedCursor(pos);
const customerCursor = (id: CustomerId, seq: number): string => app.services.feed.customerCursor(id, seq);
const forged = (plain: string) => Buffer.from(plain).toString("base64url");

test.each<[string, string, () => string]>([
  ["truncated", "BAD_CURSOR", () => feedCursor(6).slice(0, -1)],
  ["with something added", "BAD_CURSOR", () => `${feedCursor(6)}A`],
  ["that is empty", "BAD_CURSOR", () => ""],
  ["forged in another form of number", "BAD_CURSOR", () => forged(`f1:${app.services.feed.log.epoch}:06;`)],
  ["forged with SQL in it", "BAD_CURSOR", () => forged(`f1:${app.services.feed.log.epoch}:6' or 'a'='a;`)],
  ["of a page", "BAD_CURSOR", () => forged('["2026-11-21T09:30:00Z","0193a2b4"]')],
  ["of another epoch", "CURSOR_EPOCH", () => encodeFeedCursor(otherEpoch, 6)],
  ["of another epoch, a customer's", "CURSOR_EPOCH", () => encodeCustomerCursor(otherEpoch, ada, 4)],
  ["ahead of the log", "CURSOR_AHEAD", () => feedCursor(8_000_000)],
  ["ahead of the customer", "CURSOR_AHEAD", () => customerCursor(ada, 500)],
  ["whose events are no longer kept", "CURSOR_EXPIRED", () => feedCursor(1)],
  ["whose events are no longer kept, a customer's", "CURSOR_EXPIRED", () => customerCursor(ada, 1)],
])("a cursor %s is refused with %s by every subscription", async (_, code, cursor) => {
  const client = subscriber(other);
  const streams = [client.feed(cursor()), client.contacts(cursor()), client.customer(ada, cursor())];
  expect(await Promise.all(streams.map(refusal))).toEqual([code, code, code]);
});

test("another customer's cursor is refused with BAD_CURSOR by a customer's stream", async () => {
  expect(await refusal(subscriber(app).customer(ben, customerCursor(ada, 4)))).toBe("BAD_CURSOR");
});

test("the oldest cursor whose successors are all kept resumes, on a node that never saw what came before", async () => {
  const events = await next(subscriber(other).feed(feedCursor(5)), 2);
  expect(events.map(({ cursor }) => cursor)).toEqual([feedCursor(6), feedCursor(7)]);
});

test("feed:new-epoch ends the streams of every running node with CURSOR_EPOCH, refuses cursors of before, and new ones work", async () => {
  const { host, user, password, database } = app.connection as Record<string, string>;
  const proxy = await startProxy(host as string);
  const credentials = password ? `${user}:${encodeURIComponent(password)}` : user;
  const before = feedCursor(7);
  const streams = [app, other].flatMap((node) => {
    const client = subscriber(node);
    return [client.feed(before), client.customer(ada, null)];
  });
  const ends = streams.map(refusal);

  const program = startProgram("src/new-epoch.ts", {
    DATABASE_URL: `postgres://${credentials}@127.0.0.1:${proxy.port}/${database}`,
  });
  expect(await program.ended).toBe(0);
  await proxy.close();

  expect(program.output()).toMatch(/^The event log is in epoch [0-9a-f-]{36}; its last position is 7\.\n$/);
  expect(await Promise.all(ends)).toEqual(Array(4).fill("CURSOR_EPOCH"));
  for (const node of [app, other]) expect(await refusal(subscriber(node).feed(before))).toBe("CURSOR_EPOCH");
  const recorded = await record(other, "second", ["ada"]);
  const [event] = await next(subscriber(app).feed(feedCursor(7)), 1);
  expect(event?.subjectId).toBe(recorded[0]?.interaction.id);
}, 60_000);
