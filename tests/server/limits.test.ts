import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { NodeBudgets } from "../../src/platform/access/budget.js";
import type { Caller } from "../../src/platform/access/caller.js";
import { SharedBudgets } from "../../src/platform/access/shared-budgets.js";
import { encoded } from "../../src/platform/byte-text.js";
import { AnswerText } from "../../src/platform/reads/answer-text.js";
import { objectsIn } from "../../src/server/spending.js";
import { startTestApp, type TestApp } from "../support/app.js";
import { givenKey, recordContacts } from "../support/live.js";
import { connectSocket } from "../support/socket.js";
import { until } from "../support/until.js";

/** Flows back so slowly that no test sees it. */
const budget = { maximum: 1_000, restoreRate: 1 };
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ budget });
  await recordContacts(app, ["one", "two", "three"]);
});
afterAll(() => app.stop());

const page = (first: number) => `{ customers(first: ${first}) { nodes { id } } }`;
const readers = ["customers:read"];
// biome-ignore lint/suspicious/noExplicitAny: an answer of any shape
const json = (response: Response): Promise<any> => response.json();
const post = (key: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify(body),
  });

test("every answer tells what was charged, what it really cost, and what is left", async () => {
  const { key } = await givenKey(app, readers);
  const compiled = await post(key, { query: page(100) });
  // One connection and one customer.
  expect((await json(compiled)).extensions.cost).toEqual({
    requested: 200,
    actual: 2,
    throttleStatus: { maximum: 1_000, available: 998, restoreRate: 1 },
  });
  expect([compiled.headers.get("x-ratelimit-limit"), compiled.headers.get("x-ratelimit-remaining")]).toEqual([
    "1000",
    "998",
  ]);
  const wrong = await app.execute("{ shoeSize }", {}, { key });
  expect(wrong.extensions.cost).toEqual({
    requested: 1,
    actual: 1,
    throttleStatus: { maximum: 1_000, available: 997, restoreRate: 1 },
  });
});

test("what one may still spend is told for nothing; the key of the environment has no bounds", async () => {
  const { key } = await givenKey(app, readers);
  const { data, extensions } = await app.execute(
    "{ rateLimit { maximum available restoreRate } }",
    {},
    { key },
  );
  expect(data).toEqual({ rateLimit: { maximum: 1_000, available: 1_000, restoreRate: 1 } });
  expect(extensions.cost).toMatchObject({ requested: 0, actual: 0 });
  const own = await app.execute("{ rateLimit { available } }");
  expect([own.data, own.extensions.cost.throttleStatus]).toEqual([{ rateLimit: null }, null]);
});

test("what may still be spent is told for nothing once; asked under many names it costs as many points", async () => {
  const { key } = await givenKey(app, readers);
  const { extensions } = await app.execute(
    "{ a: rateLimit { available } b: rateLimit { available } __typename }",
    {},
    { key },
  );
  expect(extensions.cost).toMatchObject({ requested: 2, actual: 2, throttleStatus: { available: 998 } });
});

test("what is refused before it runs costs 1 on every transport", async () => {
  const { key } = await givenKey(app, readers);
  const left = async () => (await app.execute("{ rateLimit { available } }", {}, { key })).data.rateLimit;
  const socket = await connectSocket({ url: app.url, key });
  await socket.next();
  const asEvents = (query: string) => post(key, { query }, { accept: "text/event-stream" });
  const badCursor = 'subscription { events(after: "bm9uc2Vuc2U") { cursor } }';
  const overSocket = async (query: string) => {
    socket.send({ id: query, type: "subscribe", payload: { query } });
    for (;;) {
      const { type } = await socket.next();
      if (type === "error" || type === "complete") return;
    }
  };
  const ways: [string, (query: string) => Promise<unknown>][] = [
    ["http", (query) => app.execute(query, {}, { key })],
    ["socket", overSocket],
    ["events", async (query) => (await asEvents(query)).text()],
  ];
  // Ten each: the bucket fills by a point a second.
  let spent = 0;
  for (const query of ["{ shoeSize }", "{ tickets { nodes { id } } }", "{", badCursor])
    for (const [way, ask] of ways) {
      for (let i = 0; i < 10; i++) await ask(query);
      spent += 10;
      const available = (await left()).available;
      expect([way, query, available >= 1_000 - spent && available < 1_005 - spent]).toEqual([
        way,
        query,
        true,
      ]);
    }
  expect(await (await asEvents("{ shoeSize }")).text()).toContain('"cost":{"requested":1,"actual":1,');
  socket.socket.close();
});

test("who has spent the budget is refused with the time to come back, and loses nothing by asking", async () => {
  const { key } = await givenKey(app, readers);
  const part = (name: string) => `${name}: customers(first: 100) { edges { node { id } } nodes { id } }`;
  const heavy = `{ ${part("a")} ${part("b")} ${part("c")} }`; // 3 * 100 * (1 + 2 + 1)
  const refused = await post(key, { query: heavy });
  expect([refused.status, (await json(refused)).errors[0].extensions.code]).toEqual([400, "TOO_EXPENSIVE"]);
  const { key: other } = await givenKey(app, readers);
  const budgets = app.services.budgets;
  budgets.settle({ keyId: await keyIdOf(other), scopes: new Set() }, -900);
  const throttled = await post(other, { query: page(100) });
  const { errors, extensions } = await json(throttled);
  expect(throttled.status).toBe(429);
  expect(throttled.headers.get("retry-after")).toBe("100");
  expect(errors[0].extensions).toEqual({
    code: "THROTTLED",
    requestId: expect.any(String),
    requested: 200,
    available: 100,
    maximum: 1_000,
    restoreRate: 1,
    retryAfterMs: 100_000,
  });
  expect(extensions.cost).toMatchObject({ requested: 0, actual: 0, throttleStatus: { available: 100 } });
  expect((await app.execute(page(50), {}, { key: other })).status).toBe(200);
});

test("the same budget is charged on WebSocket and as events; a throttled subscription does not begin", async () => {
  const { key } = await givenKey(app, [...readers, "interactions:read", "pii:read"]);
  const socket = await connectSocket({ url: app.url, key });
  expect(await socket.next()).toMatchObject({ type: "connection_ack" });
  socket.send({ id: "1", type: "subscribe", payload: { query: page(100) } });
  expect((await socket.next()).payload.extensions.cost).toMatchObject({
    requested: 200,
    actual: 2,
    throttleStatus: { available: 998 },
  });
  await socket.next(); // complete
  const events = await post(key, { query: page(100) }, { accept: "text/event-stream" });
  expect(await events.text()).toContain(
    '"cost":{"requested":200,"actual":2,"throttleStatus":{"maximum":1000,"available":996,"restoreRate":1}}',
  );
  app.services.budgets.settle({ keyId: await keyIdOf(key), scopes: new Set() }, -996);
  const subscription = "subscription { interactionRecorded { interaction { id } } }";
  socket.send({ id: "2", type: "subscribe", payload: { query: subscription } });
  expect(await socket.next()).toMatchObject({
    id: "2",
    type: "error",
    payload: [{ extensions: { code: "THROTTLED", available: 0 } }],
  });
  const refused = await post(key, { query: subscription }, { accept: "text/event-stream" });
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "2"]);
  expect((await json(refused)).errors[0].extensions.code).toBe("THROTTLED");
  socket.socket.close();
});

test("events that are delivered cost nothing: who has spent the budget while following misses none", async () => {
  const { key } = await givenKey(app, [...readers, "interactions:read", "pii:read"]);
  const socket = await connectSocket({ url: app.url, key });
  await socket.next();
  const query = "subscription { interactionRecorded { interaction { summary } } }";
  socket.send({ id: "1", type: "subscribe", payload: { query } });
  await untilFollowed(1);
  app.services.budgets.settle({ keyId: await keyIdOf(key), scopes: new Set() }, -2_000);
  await recordContacts(app, ["four", "five"]);
  const summaries = [await socket.next(), await socket.next()].map(
    ({ payload }) => payload.data.interactionRecorded.interaction.summary,
  );
  expect(summaries).toEqual(["four", "five"]);
  socket.socket.close();
});

test("a bucket fills by itself up to its bound, may go below zero, and holds what a key has of its own", () => {
  let nowMs = 0;
  const budgets = new NodeBudgets({ maximum: 100, restoreRate: 10 }, () => nowMs);
  const caller: Caller = { keyId: "token:a", scopes: new Set() };
  expect(budgets.take(caller, 100)?.available).toBe(0);
  expect(() => budgets.take(caller, 1)).toThrow("Try again in 1 s.");
  expect(budgets.settle(caller, -50)?.available).toBe(-50);
  nowMs = 6_000;
  expect(budgets.status(caller)?.available).toBe(10);
  nowMs = 1e9;
  expect(budgets.status(caller)?.available).toBe(100);
  const large = { ...caller, keyId: "token:b" as const, allowance: { maximum: 1_000 } };
  expect(budgets.take(large, 500)).toEqual({ maximum: 1_000, available: 500, restoreRate: 10 });
});

test("nodes that share budgets in the database never hand out the same points, and give back to one bucket", async () => {
  const [one, two] = await Promise.all(
    [1, 2].map(() => startTestApp({ on: app, budget, sharedBudgets: true })),
  );
  try {
    const caller: Caller = { keyId: "token:shared", scopes: new Set() };
    const takes = Array.from({ length: 40 }, (_, i) =>
      (i % 2 ? one : two)?.services.budgets.take(caller, 100),
    );
    const settled = await Promise.allSettled(takes);
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
    const { key } = await givenKey(app, readers);
    const ask = (on: TestApp | undefined) => on?.execute("{ rateLimit { available } }", {}, { key });
    expect((await ask(one))?.data.rateLimit).toEqual({ available: 1_000 });
    const page100 = await one?.execute(page(100), {}, { key });
    expect(page100?.extensions.cost).toMatchObject({ requested: 200, throttleStatus: { available: 998 } });
    let available: number;
    do available = (await ask(two))?.data.rateLimit.available;
    while (available < 998); // given back behind the answer
    expect(available).toBe(998);
  } finally {
    await Promise.all([one?.stop(), two?.stop()]);
  }
});

test("a thousand refusals of one caller are two transactions: what comes while one is written goes together", async () => {
  const { database } = app.services;
  let transactions = 0;
  const counting = {
    ...database,
    transaction: ((work) => {
      transactions++;
      return database.transaction(work);
    }) as typeof database.transaction,
  };
  const fault = (error: unknown) => {
    throw error;
  };
  const paying = new SharedBudgets(counting, { maximum: 2_000, restoreRate: 1 }, fault);
  const looking = new SharedBudgets(database, { maximum: 2_000, restoreRate: 1 }, fault);
  const caller: Caller = { keyId: "token:refused", scopes: new Set() };
  for (let i = 0; i < 1_000; i++) paying.settle(caller, -1);
  const left = await until(
    async () => (await looking.status(caller))?.available ?? 0,
    (available) => available < 1_990,
  );
  expect([left >= 1_000 && left < 1_010, transactions]).toEqual([true, 2]);
});

test("objects are counted alike in values and in the text of an answer", () => {
  const data = {
    customers: {
      nodes: [
        { id: "a{", name: 'b"{"', back: "\\" },
        { id: "{}", traits: { a: [{}], b: null } },
      ],
      none: null,
    },
  };
  expect(objectsIn(data)).toBe(5);
  expect(objectsInText(JSON.stringify({ data }))).toBe(5);
  expect([objectsIn(null), objectsInText('{"data":{}}')]).toEqual([0, 0]);
});

test("counting many bytes at once tells what counting them one by one tells, wherever pieces end", () => {
  const values = [
    { _a: 1 },
    { B: "é" },
    "{",
    'a{"b',
    "\\{",
    { ",": {} },
    { z: { y: [{ "}": "]{" }] } },
    {},
    "]",
  ];
  let next = 7;
  const any = (below: number) => {
    next = (next * 48_271) % 2_147_483_647;
    return next % below;
  };
  for (let round = 0; round < 300; round++) {
    // Without the values from the third on nothing is doubtful, and the fast way is taken.
    const known = round % 2 ? values.length : 2;
    const many = round % 30 === 0 ? 9_000 : any(60);
    const data = {
      list: Array.from({ length: many }, () => values[any(known)]),
      x: { ["k".repeat(any(40) + 1)]: 1 },
    };
    expect([round, objectsInText(JSON.stringify({ data }))]).toEqual([round, objectsIn(data)]);
  }
});

const objectsInText = (json: string) => new AnswerText(encoded(json)).objects;

async function keyIdOf(key: string): Promise<`key_${string}`> {
  const { data } = await app.execute("{ viewer { apiKeyId } }", {}, { key });
  app.services.budgets.settle({ keyId: data.viewer.apiKeyId, scopes: new Set() }, 1);
  return data.viewer.apiKeyId;
}

async function untilFollowed(count: number): Promise<void> {
  while (app.app.live.followerCount < count) await new Promise((resolve) => setImmediate(resolve));
}
