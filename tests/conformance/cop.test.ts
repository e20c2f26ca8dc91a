import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Client } from "graphql-ws";
import { startTestApp, type TestApp } from "../support/app.js";
import { type CopAnswer, findingsOfDocuments, findingsOfHttp, type Transport } from "./cop-checks.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ explainReads: false });
});
afterAll(() => app.stop());

const endpoint = () => `${app.url}/graphql`;

function overHttp(caller: Record<string, string>): Transport {
  return async (query) => {
    const response = await fetch(endpoint(), {
      method: "POST",
      headers: { "content-type": "application/json", ...caller },
      body: JSON.stringify({ query }),
    });
    return (await response.json()) as CopAnswer;
  };
}

/** Over server-sent events the answer is the last `next`; what is refused before the stream begins is plain JSON. */
function overEvents(caller: Record<string, string>): Transport {
  return async (query) => {
    const response = await fetch(endpoint(), {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream", ...caller },
      body: JSON.stringify({ query }),
    });
    const text = await response.text();
    const next = /^event: next\ndata: (.*)$/m.exec(text)?.[1];
    return JSON.parse(next ?? text) as CopAnswer;
  };
}

function overSocket(client: Client): Transport {
  return (query) =>
    new Promise((resolve) => {
      let answer: CopAnswer = {};
      client.subscribe(
        { query },
        {
          next: (result) => {
            answer = result as CopAnswer;
          },
          complete: () => resolve(answer),
          error: (error) => resolve(Array.isArray(error) ? { errors: error } : {}),
        },
      );
    });
}

/** Whoever holds a key may read the schema, and ask by GET: the key's header keeps other pages' forms out. */
test("a scanner with a key finds what is meant to be there: introspection, and queries by GET", async () => {
  expect(await findingsOfDocuments(overHttp({ "x-api-key": app.key }))).toEqual(["Introspection"]);
  expect(await findingsOfHttp(endpoint(), { "x-api-key": app.key })).toEqual(["GET Method Query Support"]);
});

test("a scanner without a key finds nothing", async () => {
  expect(await findingsOfDocuments(overHttp({}))).toEqual([]);
  expect(await findingsOfHttp(endpoint(), {})).toEqual([]);
});

test("over a socket or server-sent events a scanner finds no more, and nothing without a key", async () => {
  expect(await findingsOfDocuments(overEvents({ "x-api-key": app.key }))).toEqual(["Introspection"]);
  expect(await findingsOfDocuments(overEvents({}))).toEqual([]);
  expect(await findingsOfDocuments(overSocket(app.socket()))).toEqual(["Introspection"]);
  expect(await findingsOfDocuments(overSocket(app.socket("no-key")))).toEqual([]);
});
