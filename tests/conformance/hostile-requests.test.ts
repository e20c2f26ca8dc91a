import { randomBytes } from "node:crypto";
import { connect as connectTcp } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startTestApp, type TestApp } from "../support/app.js";
import { connectSocket } from "../support/socket.js";
import { transports } from "./transports.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

const times = (count: number, part: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => part(i)).join(" ");
const ring = (length: number) => times(length, (i) => `fragment f${i} on Query { ...f${(i + 1) % length} }`);
const doubled = (levels: number) =>
  times(levels, (i) => `fragment d${i} on Customer { ...d${i + 1} ...d${i + 1} }`);

const documents: [string, string, RegExp][] = [
  ["10,000 aliases", `{ ${times(10_000, (i) => `a${i}:__typename`)} }`, /^PAYLOAD_TOO_LARGE$/],
  [
    "as many aliases as fit",
    `{ ${times(600, (i) => `a${i}:__typename`)} }`,
    /^TOO_MANY_(ALIASES|ROOT_FIELDS)$/,
  ],
  ["10,000 fields", `{ ${times(10_000, () => "a")} }`, /^TOO_MANY_TOKENS$/],
  ["a fragment that holds itself", "{ ...f0 } fragment f0 on Query { ...f0 }", /^GRAPHQL_VALIDATION_FAILED$/],
  ["a ring of 200 fragments", `{ ...f0 } ${ring(200)}`, /^GRAPHQL_VALIDATION_FAILED$/],
  [
    "a ring below fields",
    "{ customers { nodes { ...c } } } fragment c on Customer { tickets { nodes { customer { ...c } } } }",
    /^GRAPHQL_VALIDATION_FAILED$/,
  ],
  ["a ring that nobody uses", `{ __typename } ${ring(50)}`, /^GRAPHQL_VALIDATION_FAILED$/],
  [
    "fragments that double at each of 100 levels",
    `{ customers { nodes { ...d0 } } } ${doubled(100)} fragment d100 on Customer { tickets { totalCount } }`,
    /^(TOO_EXPENSIVE|GRAPHQL_VALIDATION_FAILED)$/,
  ],
  ["400 levels", `{ ${"a { ".repeat(400)} b ${"}".repeat(400)} }`, /^TOO_DEEP$/],
  [
    "a value of 600 levels",
    `{ customers(where: ${"{ not: ".repeat(400)} {} ${"}".repeat(400)}) { totalCount } }`,
    /^(BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED)$/,
  ],
  ["900 directives", `{ __typename ${"@skip(if:true) ".repeat(280)} }`, /^TOO_MANY_DIRECTIVES$/],
  [
    "200 fragments that select the same",
    `{ ${times(190, (i) => `...s${i}`)} } ${times(190, (i) => `fragment s${i} on Query { a }`)}`,
    /^GRAPHQL_VALIDATION_FAILED$/,
  ],
  [
    "introspection in circles",
    `{ __schema { types { ${"fields { type { ".repeat(20)} name ${"} }".repeat(20)} } } }`,
    /^GRAPHQL_VALIDATION_FAILED$/,
  ],
];

test.each(Object.keys(transports))(
  "over %s hostile documents are refused with a code, before anything runs",
  async (name) => {
    const ask = transports[name]?.(app, app.key);
    for (const [what, document, code] of documents) {
      app.statements.length = 0;
      const answer = await ask?.(document);
      expect([what, answer?.errors?.[0].extensions.code]).toEqual([what, expect.stringMatching(code)]);
      expect([what, JSON.stringify(answer)]).toEqual([
        what,
        expect.not.stringMatching(/node_modules|\.ts:|select /),
      ]);
      expect([what, app.statements]).toEqual([what, []]);
    }
    expect((await ask?.("{ __typename }"))?.data).toEqual({ __typename: "Query" });
  },
);

test.each(["application/json", "text/event-stream"])(
  "a document of 2 MB and a batch are refused for %s",
  async (accept) => {
    const post = async (body: unknown) => {
      const response = await fetch(`${app.url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", accept, "x-api-key": app.key },
        body: JSON.stringify(body),
      });
      const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
      return [response.status, errors[0]?.extensions.code];
    };
    const large = { query: `{ __typename } #${" ".repeat(2 * 1024 * 1024)}` };
    expect(await post(large)).toEqual([413, "PAYLOAD_TOO_LARGE"]);
    expect(await post(Array.from({ length: 1_000 }, () => ({ query: "{ __typename }" })))).toEqual([
      400,
      "BAD_REQUEST",
    ]);
  },
);

test("a document of 2 MB on a socket closes it with 1009, and the server lives on", async () => {
  const { send, closed } = await connectSocket(app);
  send({ id: "1", type: "subscribe", payload: { query: `{ __typename } #${" ".repeat(2 * 1024 * 1024)}` } });
  expect(await closed).toBe(1009);
  expect((await app.execute("{ __typename }")).data).toEqual({ __typename: "Query" });
});

/** Speaks just enough WebSocket to send what no library would: answers with the opening and what came after it. */
async function sendRaw(bytes: Buffer, headers: Record<string, string> = {}) {
  const { hostname, port } = new URL(app.url);
  const socket = connectTcp(Number(port), hostname);
  const lines = {
    host: `${hostname}:${port}`,
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": randomBytes(16).toString("base64"),
    "sec-websocket-protocol": "graphql-transport-ws",
    ...headers,
  };
  const request = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET /graphql HTTP/1.1\r\n${request.join("")}\r\n`);
  const chunks: Buffer[] = [];
  let sent = false;
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    if (sent || !Buffer.concat(chunks).includes("\r\n\r\n")) continue;
    sent = true;
    socket.write(bytes);
  }
  const all = Buffer.concat(chunks);
  const end = all.indexOf("\r\n\r\n") + 4;
  return { opening: all.toString("latin1", 0, end), after: all.subarray(end) };
}

/** The head of a frame: final, text, masked, of this length. The rest never comes. */
function frameHead(length: bigint): Buffer {
  const head = Buffer.alloc(14);
  head.writeUInt8(0x81, 0);
  head.writeUInt8(0xff, 1);
  head.writeBigUInt64BE(length, 2);
  return head;
}

const closeFrame = (code: number) => Buffer.from([0x88, 2, code >> 8, code & 0xff]);

test.each([
  ["of 100 MiB", frameHead(100n * 1024n * 1024n), 1009],
  ["longer than any memory", frameHead(1n << 62n), 1009],
  ["that is not masked", Buffer.from([0x81, 2, 0x7b, 0x7d]), 1002],
])("a frame %s ends the socket by its head alone", async (_name, bytes, code) => {
  const { opening, after } = await sendRaw(bytes);
  expect(opening).toContain("101 Switching Protocols");
  expect(after).toEqual(closeFrame(code));
});

test("compression is never agreed on: a small frame cannot unfold into a large one", async () => {
  const { opening } = await sendRaw(frameHead(1n << 40n), {
    "sec-websocket-extensions": "permessage-deflate; client_max_window_bits",
  });
  expect(opening).toContain("101 Switching Protocols");
  expect(opening.toLowerCase()).not.toContain("sec-websocket-extensions");
});

test.each(["https://evil.example", "null", "http://localhost.evil.example", "nonsense"])(
  "a page of %s gets no socket",
  async (origin) => {
    const { opening } = await sendRaw(Buffer.alloc(0), { origin });
    expect(opening).toContain("403 Forbidden");
  },
);
