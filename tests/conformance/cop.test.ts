import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startTestApp, type TestApp } from "../support/app.js";
import { findingsOfDocuments, findingsOfHttp } from "./cop-checks.js";
import { transports } from "./transports.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ explainReads: false });
});
afterAll(() => app.stop());

test.each(Object.entries(transports))(
  "over %s a scanner with a key finds introspection, which is meant, and nothing else; without a key nothing",
  async (_name, transport) => {
    expect(await findingsOfDocuments(transport(app, app.key))).toEqual(["Introspection"]);
    expect(await findingsOfDocuments(transport(app, null))).toEqual([]);
  },
);

/** A key comes in a header that no page of another origin can send without asking first, so GET is safe. */
test("of HTTP itself a scanner with a key finds queries by GET, which are meant; without a key nothing", async () => {
  const endpoint = `${app.url}/graphql`;
  expect(await findingsOfHttp(endpoint, { "x-api-key": app.key })).toEqual(["GET Method Query Support"]);
  expect(await findingsOfHttp(endpoint, {})).toEqual([]);
});
