import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { WebSocket } from "ws";
import { maxSocketMessageBytes } from "../../src/platform/limits.js";
import { startTestApp, type TestApp } from "../support/app.js";
import { givenKey, recordContacts } from "../support/live.js";
import { connectSocket } from "../support/socket.js";

/** The protocol of graphql-ws (PROTOCOL.md, sub-protocol graphql-transport-ws), frame by frame on bare sockets. */
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

const QUERY = "{ __typename }";
const STREAM =
  "subscription ($after: Cursor) { interactionRecorded(after: $after) { interaction { summary } } }";
const ANSWER = {
  data: { __typename: "Query" },
  extensions: { cost: { requested: 1, actual: 1, throttleStatus: null } },
};

/** A socket that was let in. */
async function acknowledged(on: TestApp = app) {
  const connection = await connectSocket(on);
  expect(await connection.next()).toEqual({ type: "connection_ack" });
  const subscribe = (id: string, query: string, variables?: object) =>
    connection.send({ id, type: "subscribe", payload: { query, ...(variables && { variables }) } });
  return { ...connection, subscribe };
}

type Connection = Awaited<ReturnType<typeof acknowledged>>;

/** Everything that the server has sent before it answered a ping, which it does after all else. */
async function sentBeforePong({ send, next }: Pick<Connection, "send" | "next">) {
  send({ type: "ping", payload: { fence: true } });
  const sent = [];
  for (;;) {
    const message = await next();
    if (message.type === "pong") return sent;
    sent.push(message);
  }
}

function summariesOf(messages: { id: string; type: string; payload?: { data: never } }[], id: string) {
  return messages
    .filter((message) => message.id === id && message.type === "next")
    .map(
      ({ payload }) =>
        (payload as never as { data: { interactionRecorded: { interaction: { summary: string } } } }).data
          .interactionRecorded.interaction.summary,
    );
}

/** Receives until the stream has told these contacts. */
async function receive({ next }: Pick<Connection, "next">, count: number) {
  const messages = [];
  while (messages.length < count) messages.push(await next());
  return messages;
}

test.each([[[]], [["graphql-ws"]], [["something-else"]]])(
  "a socket that speaks %j is closed with 4406",
  async (protocols) => {
    const socket = new WebSocket(`${app.url.replace("http", "ws")}/graphql`, protocols);
    socket.on("error", () => {}); // the client's own library may object first
    const code = await new Promise((resolve) => socket.on("close", resolve));
    // A client that offered others and is granted none gives up by itself, before the server's code arrives.
    expect(protocols.length === 0 ? [4406] : [4406, 1006]).toContain(code);
  },
);

test("of several sub-protocols the right one is chosen", async () => {
  const socket = new WebSocket(`${app.url.replace("http", "ws")}/graphql`, ["other", "graphql-transport-ws"]);
  await new Promise((resolve) => socket.once("open", resolve));
  expect(socket.protocol).toBe("graphql-transport-ws");
  socket.close();
});

test("a socket that does not introduce itself in time is closed with 4408", async () => {
  const { closed } = await connectSocket(app, null);
  expect(await closed).toBe(4408);
});

test("a second introduction closes with 4429, also when both come at once", async () => {
  const later = await acknowledged();
  later.send({ type: "connection_init" });
  expect(await later.closed).toBe(4429);
  const atOnce = await connectSocket(app);
  atOnce.send({ type: "connection_init" });
  expect(await atOnce.closed).toBe(4429);
});

test("an operation before the introduction closes with 4401", async () => {
  const { send, closed } = await connectSocket(app, null);
  send({ id: "1", type: "subscribe", payload: { query: QUERY } });
  expect(await closed).toBe(4401);
});

test.each([
  ["no key", {}],
  ["an unknown key", { authorization: "Bearer nobody" }],
  ["a key in no text", { authorization: 17 }],
])("an introduction with %s closes with 4403", async (_name, payload) => {
  const { closed } = await connectSocket(app, payload);
  expect(await closed).toBe(4403);
});

test("a key may come with the upgrade or with the introduction, in any spelling of its header", async () => {
  for (const [payload, headers] of [
    [{ Authorization: `Bearer ${app.key}` }, {}],
    [{ "X-API-Key": app.key }, {}],
    [{}, { "x-api-key": app.key }],
  ] as const) {
    const { next, socket } = await connectSocket(app, payload, headers);
    expect(await next()).toEqual({ type: "connection_ack" });
    socket.close();
  }
});

test.each([
  ["no JSON", "{"],
  ["no object", '"ping"'],
  ["a list", "[]"],
  ["null", "null"],
  ["no type", "{}"],
  ["a type that does not exist", '{"type":"start"}'],
  ["a type that is no text", '{"type":1}'],
  ["a type of the server's", '{"type":"connection_ack"}'],
  ["an answer", `{"id":"1","type":"next","payload":{"data":{}}}`],
  ["no id", `{"type":"subscribe","payload":{"query":"${QUERY}"}}`],
  ["an empty id", `{"id":"","type":"subscribe","payload":{"query":"${QUERY}"}}`],
  ["an id that is no text", `{"id":1,"type":"subscribe","payload":{"query":"${QUERY}"}}`],
  ["no payload", '{"id":"1","type":"subscribe"}'],
  ["a batch", `{"id":"1","type":"subscribe","payload":[{"query":"${QUERY}"}]}`],
  ["no document", '{"id":"1","type":"subscribe","payload":{}}'],
  ["a document that is no text", '{"id":"1","type":"subscribe","payload":{"query":1}}'],
  ["variables in a list", `{"id":"1","type":"subscribe","payload":{"query":"${QUERY}","variables":[]}}`],
  ["a ping with a text", '{"type":"ping","payload":"x"}'],
  ["an introduction with a list", '{"type":"connection_init","payload":[]}'],
  ["a completion without an id", '{"type":"complete"}'],
])("a message with %s closes with 4400", async (_name, text) => {
  const { socket, closed } = await acknowledged();
  socket.send(text);
  expect(await closed).toBe(4400);
});

test("pings are answered before and after the introduction, with their payload; pongs need no ping", async () => {
  const { send, next, socket } = await connectSocket(app, null);
  send({ type: "ping" });
  expect(await next()).toEqual({ type: "pong" });
  send({ type: "pong" });
  send({ type: "ping", payload: { at: 1 } });
  expect(await next()).toEqual({ type: "pong", payload: { at: 1 } });
  send({ type: "connection_init", payload: { "x-api-key": app.key } });
  expect(await next()).toEqual({ type: "connection_ack" });
  send({ type: "ping", payload: { at: 2 } });
  expect(await next()).toEqual({ type: "pong", payload: { at: 2 } });
  socket.close();
});

test("a query answers next and complete", async () => {
  const connection = await acknowledged();
  connection.subscribe("q", QUERY);
  expect(await receive(connection, 2)).toEqual([
    { id: "q", type: "next", payload: ANSWER },
    { id: "q", type: "complete" },
  ]);
  connection.socket.close();
});

test.each([
  ["a syntax error", "{", "GRAPHQL_PARSE_FAILED"],
  ["an unknown field", "{ shoeSize }", "GRAPHQL_VALIDATION_FAILED"],
  ["no such operation", "query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"],
  [
    "too much",
    "{ customers(first: 100) { nodes { tickets(first: 100) { nodes { customer { tickets(first: 100) { nodes { id } } } } } } } }",
    "TOO_EXPENSIVE",
  ],
])(
  "%s answers that operation with an error and nothing else, and a stream beside it goes on",
  async (_name, query, code) => {
    const connection = await acknowledged();
    const [{ cursor }] = await recordContacts(app, ["before"]);
    connection.subscribe("stream", STREAM, { after: cursor });
    connection.subscribe("bad", query);
    const error = {
      id: "bad",
      type: "error",
      payload: [expect.objectContaining({ extensions: expect.objectContaining({ code }) })],
    };
    expect(await connection.next()).toEqual(error);
    expect(await sentBeforePong(connection)).toEqual([]);
    connection.subscribe("bad", QUERY);
    expect(await receive(connection, 2)).toEqual([
      { id: "bad", type: "next", payload: ANSWER },
      { id: "bad", type: "complete" },
    ]);
    await recordContacts(app, ["after"]);
    expect(summariesOf([await connection.next()], "stream")).toEqual(["after"]);
    connection.socket.close();
  },
);

test("a scope that the key does not hold is refused as that operation's error", async () => {
  const { key } = await givenKey(app, ["tickets:read"]);
  const { send, next, socket } = await connectSocket(app, { "x-api-key": key });
  await next();
  send({ id: "1", type: "subscribe", payload: { query: STREAM } });
  expect(await next()).toMatchObject({
    id: "1",
    type: "error",
    payload: [{ extensions: { code: "FORBIDDEN" } }],
  });
  expect(await sentBeforePong({ send, next })).toEqual([]);
  socket.close();
});

test("an error of one field comes in next, and the operation completes", async () => {
  const connection = await acknowledged();
  connection.subscribe("1", '{ __typename customer(id: "17") { id } }');
  expect(await receive(connection, 2)).toMatchObject([
    {
      id: "1",
      type: "next",
      payload: { data: { __typename: "Query", customer: null }, errors: [{ path: ["customer"] }] },
    },
    { id: "1", type: "complete" },
  ]);
  connection.socket.close();
});

test("a stream that the client completes sends nothing more, no complete either, and its id is free again", async () => {
  const connection = await acknowledged();
  const [{ cursor }] = await recordContacts(app, ["c0"]);
  connection.subscribe("1", STREAM, { after: cursor });
  await recordContacts(app, ["c1"]);
  expect(summariesOf([await connection.next()], "1")).toEqual(["c1"]);
  connection.send({ id: "1", type: "complete" });
  expect(await sentBeforePong(connection)).toEqual([]);
  await recordContacts(app, ["c2"]);
  connection.subscribe("1", QUERY);
  expect(await receive(connection, 2)).toEqual([
    { id: "1", type: "next", payload: ANSWER },
    { id: "1", type: "complete" },
  ]);
  connection.socket.close();
});

test("an id that is used again while what was taken back still runs is refused with 4409, or answers only the later", async () => {
  const connection = await acknowledged();
  connection.subscribe("1", STREAM);
  connection.send({ id: "1", type: "complete" });
  connection.subscribe("1", QUERY);
  const outcome = await Promise.race([connection.closed, receive(connection, 2)]);
  expect([
    4409,
    [
      { id: "1", type: "next", payload: ANSWER },
      { id: "1", type: "complete" },
    ],
  ]).toContainEqual(outcome);
  connection.socket.close();
});

test("a completion of what does not run, or has ended, changes nothing", async () => {
  const connection = await acknowledged();
  connection.send({ id: "never", type: "complete" });
  connection.subscribe("1", QUERY);
  await receive(connection, 2);
  connection.send({ id: "1", type: "complete" });
  expect(await sentBeforePong(connection)).toEqual([]);
  connection.socket.close();
});

test("an id that is in use closes with 4409; on another socket it is free", async () => {
  const [first, second] = [await acknowledged(), await acknowledged()];
  first.subscribe("same", STREAM);
  second.subscribe("same", QUERY);
  expect(await receive(second, 2)).toHaveLength(2);
  first.subscribe("same", QUERY);
  expect(await first.closed).toBe(4409);
  second.socket.close();
});

test("operations of one socket run side by side, each in its own order", async () => {
  const connection = await acknowledged();
  const [{ cursor }] = await recordContacts(app, ["i0"]);
  connection.subscribe("a", STREAM, { after: cursor });
  connection.subscribe("b", STREAM, { after: cursor });
  connection.subscribe("q", QUERY);
  await recordContacts(app, ["i1", "i2", "i3"]);
  const messages = await receive(connection, 8);
  expect([summariesOf(messages, "a"), summariesOf(messages, "b")]).toEqual([
    ["i1", "i2", "i3"],
    ["i1", "i2", "i3"],
  ]);
  expect(messages.filter(({ id }) => id === "q").map(({ type }) => type)).toEqual(["next", "complete"]);
  connection.send({ id: "a", type: "complete" });
  await recordContacts(app, ["i4"]);
  expect(summariesOf([await connection.next()], "b")).toEqual(["i4"]);
  expect(await sentBeforePong(connection)).toEqual([]);
  connection.socket.close();
});

test("ids and payloads of every kind of text come back as they were sent", async () => {
  const connection = await acknowledged();
  for (const id of ['"quoted\\"', "نشانه 🏷", "__proto__", "constructor", "x".repeat(1000)]) {
    connection.subscribe(id, QUERY);
    expect(await receive(connection, 2)).toEqual([
      { id, type: "next", payload: ANSWER },
      { id, type: "complete" },
    ]);
    const [{ cursor }] = await recordContacts(app, ["before"]);
    connection.subscribe(id, STREAM, { after: cursor });
    await recordContacts(app, ["سلام 👋"]);
    expect(summariesOf([await connection.next()], id)).toEqual(["سلام 👋"]);
    connection.send({ id, type: "complete" });
    expect(await sentBeforePong(connection)).toEqual([]);
  }
  connection.socket.close();
});

test("a message may come in fragments and as bytes", async () => {
  const connection = await acknowledged();
  const text = JSON.stringify({ id: "1", type: "subscribe", payload: { query: QUERY } });
  connection.socket.send(text.slice(0, 10), { fin: false });
  connection.socket.send(text.slice(10), { fin: true });
  expect(await receive(connection, 2)).toHaveLength(2);
  connection.socket.close();
});

test("a message that is too large, and text that is not UTF-8, end the socket by the codes of WebSocket", async () => {
  const large = await acknowledged();
  large.socket.send(" ".repeat(maxSocketMessageBytes + 1));
  expect(await large.closed).toBe(1009);
  const broken = await acknowledged();
  broken.socket.send(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false });
  expect(await broken.closed).toBe(1007);
});

test("a server that stops says 1001", async () => {
  const other = await startTestApp({ on: app });
  const { subscribe, closed, next, send } = await acknowledged(other);
  subscribe("1", STREAM);
  expect(await sentBeforePong({ next, send })).toEqual([]);
  await other.stop();
  expect(await closed).toBe(1001);
});

test("while nobody can be asked about a key, a socket is closed with 4500, and the reason says nothing of it", async () => {
  const { key } = await givenKey(app, ["events:read"]);
  const other = await startTestApp({ on: app });
  await other.database.close();
  const connection = await connectSocket(other, { "x-api-key": key });
  expect([await connection.closed, connection.reason]).toEqual([4500, "Internal server error"]);
  await other.stop();
});
