import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { KnownDocuments } from "../../src/server/known-documents.js";
import { ManifestError, readManifest } from "../../src/server/manifest.js";
import { startTestApp, type TestApp } from "../support/app.js";
import { givenKey } from "../support/live.js";
import { connectSocket } from "../support/socket.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";

const sha = (text: string) => createHash("sha256").update(text).digest("hex");
const trusted = "query Trusted { viewer { kind } }";
const other = "query Other { viewer { apiKeyId } }";

let app: TestApp;
let open: string;
let limited: string;
const { folder, remove } = createTemporaryFolder();
beforeAll(async () => {
  const path = join(folder, "manifest.json");
  writeFileSync(path, JSON.stringify({ [`sha256:${sha(trusted)}`]: trusted, short: trusted }));
  app = await startTestApp({ trustedDocuments: path });
  open = (await givenKey(app, [])).key;
  const { id, key } = await givenKey(app, []);
  limited = key;
  await app.database.transaction((tx) =>
    tx.execute(sql`update api_keys set trusted_only = true where id = ${id}::uuid`),
  );
});
afterAll(async () => {
  await app.stop();
  remove();
});

interface Told {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an answer of any shape
  body: any;
}
const persisted = (hash: string) => ({ persistedQuery: { version: 1, sha256Hash: hash } });

/** Every way to ask; each tells the code of the refusal, or the answer. */
const ways: Record<string, (key: string, asked: object) => Promise<Told>> = {
  async post(key, asked) {
    return told(await send("POST", key, asked));
  },
  async get(key, asked) {
    const values = Object.entries(asked).map(([name, value]): [string, string] => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const headers = { authorization: `Bearer ${key}` };
    return told(await fetch(`${app.url}/graphql?${new URLSearchParams(values)}`, { headers }));
  },
  async events(key, asked) {
    const response = await send("POST", key, asked, { accept: "text/event-stream" });
    const text = await response.text();
    const data = /^data: (.+)$/m.exec(text)?.[1] ?? text;
    return { status: response.status, body: JSON.parse(data) };
  },
  async socket(key, payload) {
    const socket = await connectSocket({ url: app.url, key });
    await socket.next();
    socket.send({ id: "1", type: "subscribe", payload });
    const { type, payload: body } = await socket.next();
    socket.socket.close();
    return { status: 0, body: type === "error" ? { errors: body } : body };
  },
};

async function told(response: Response): Promise<Told> {
  return { status: response.status, body: await response.json() };
}

function send(method: string, key: string, body: object, headers: Record<string, string> = {}) {
  return fetch(`${app.url}/graphql`, {
    method,
    headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify(body),
  });
}

const outcome = ({ body }: Told) => body.errors?.[0].extensions.code ?? body.data;
const answer = { viewer: { kind: "API_KEY" } };

test.each(Object.keys(ways))("by %s a trusted document is asked by its id, by every key", async (name) => {
  const ask = ways[name] as (typeof ways)[string];
  for (const key of [open, limited]) {
    for (const asked of [
      { documentId: sha(trusted) },
      { documentId: `sha256:${sha(trusted)}` },
      { documentId: "short" },
      { extensions: persisted(sha(trusted)) },
    ])
      expect([asked, outcome(await ask(key, asked))]).toEqual([asked, answer]);
    expect(outcome(await ask(key, { documentId: "nothing" }))).toBe("DOCUMENT_NOT_FOUND");
    expect(outcome(await ask(key, { extensions: persisted(sha("nothing")) }))).toBe(
      "PERSISTED_QUERY_NOT_FOUND",
    );
  }
});

test.each(Object.keys(ways))(
  "by %s a limited key is refused every text, and registers none",
  async (name) => {
    const ask = ways[name] as (typeof ways)[string];
    const text = `query ${name} { __typename }`;
    for (const asked of [{ query: other }, { query: text, extensions: persisted(sha(text)) }]) {
      expect(outcome(await ask(limited, asked))).toBe("DOCUMENT_NOT_TRUSTED");
    }
    expect(outcome(await ask(open, { extensions: persisted(sha(text)) }))).toBe("PERSISTED_QUERY_NOT_FOUND");
    expect(outcome(await ask(open, { query: other }))).toHaveProperty("viewer.apiKeyId");
  },
);

test.each(Object.keys(ways))(
  "by %s a client registers a text by its hash, and only under its own",
  async (name) => {
    const ask = ways[name] as (typeof ways)[string];
    const text = `query Registered_${name} { viewer { kind } }`;
    // That it was sent as a text registers nothing.
    expect(outcome(await ask(open, { query: text }))).toEqual(answer);
    expect(outcome(await ask(open, { extensions: persisted(sha(text)) }))).toBe("PERSISTED_QUERY_NOT_FOUND");
    const wrong = await ask(open, { query: text, extensions: persisted(sha(other)) });
    expect(wrong.body.errors).toHaveLength(1);
    expect(outcome(await ask(open, { query: text, extensions: persisted(sha(text)) }))).toEqual(answer);
    expect(outcome(await ask(open, { extensions: persisted(sha(text)) }))).toEqual(answer);
    // A limited key does not find what others registered.
    for (const hash of [sha(text), [sha(text)]]) {
      const asked = { extensions: persisted(hash as string) };
      expect([hash, outcome(await ask(limited, asked))]).toEqual([hash, "PERSISTED_QUERY_NOT_FOUND"]);
    }
  },
);

test("a text that came before is answered as the first time, errors too; each text is its own document", async () => {
  const texts = [
    "{ viewer { kind } }",
    "{ viewer { shoeSize } }",
    "{",
    "{ viewer { kind } } ",
    "mutation { a }",
  ];
  const tell = async (query: string) => {
    const { status, body } = await told(await send("POST", open, { query }));
    for (const error of body.errors ?? []) delete error.extensions.requestId;
    return [status, body.data, body.errors];
  };
  const first = [];
  for (const text of texts) first.push(await tell(text));
  for (let again = 0; again < 2; again++)
    for (const [i, text] of texts.entries()) expect(await tell(text)).toEqual(first[i]);
  expect(first.map(([status]) => status)).toEqual([200, 400, 400, 200, 400]);
});

test("the names that Apollo gets forget the texts that fell out, and never name another", async () => {
  const documents = new KnownDocuments();
  const nameOf = (text: string) => documents.extensionsFor(text).persistedQuery.sha256Hash;
  const large = (i: number) => `${i} ${"x".repeat(100_000)}`;
  const first = nameOf(large(0));
  expect(await documents.cache.get(`apq:${first}`)).toBe(large(0));
  for (let i = 1; i < 60; i++) expect(await documents.cache.get(`apq:${nameOf(large(i))}`)).toBe(large(i));
  expect(await documents.cache.get(`apq:${first}`)).toBeUndefined();
  expect(nameOf(large(0))).not.toBe(first);
});

test("many small texts are forgotten like few large ones", async () => {
  const documents = new KnownDocuments();
  const nameOf = (text: string) => documents.extensionsFor(text).persistedQuery.sha256Hash;
  const register = (i: number) => documents.cache.set(`apq:${i}`, "{a}");
  const first = nameOf("first");
  await register(0);
  for (let i = 1; i <= 10_000; i++) {
    nameOf(String(i));
    await register(i);
  }
  expect(await documents.cache.get(`apq:${first}`)).toBeUndefined();
  expect(await documents.cache.get("apq:0")).toBeUndefined();
  expect(await documents.cache.get("apq:10000")).toBe("{a}");
});

test("manifests of Apollo and of codegen are read; one with a wrong hash, or of another shape, is not", () => {
  const file = (content: unknown) => {
    const path = join(folder, `${sha(JSON.stringify(content))}.json`);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  const operations = [{ id: sha(trusted), name: "Trusted", type: "query", body: trusted }];
  const apollo = { format: "apollo-persisted-query-manifest", version: 1, operations };
  expect([...readManifest(file(apollo))]).toEqual([[sha(trusted), trusted]]);
  expect([...readManifest(file({ [sha(other)]: other }))]).toEqual([[sha(other), other]]);
  expect(() => readManifest(file({ [sha(other)]: trusted }))).toThrow(ManifestError);
  expect(() => readManifest(file([1]))).toThrow(ManifestError);
  expect(() => readManifest(join(folder, "nothing.json"))).toThrow(ManifestError);
});
