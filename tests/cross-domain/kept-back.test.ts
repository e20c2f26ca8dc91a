import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import type { GraphQLSchema } from "graphql";
import { scopes } from "../../src/platform/access/scopes.js";
import { builtSchema } from "../../src/server/build-schema.js";
import { limitedKey } from "../domains/loyalty/limited-key.js";
import { startTestApp, type TestApp } from "../support/app.js";
import { documents } from "../support/documents/documents.js";
import { givenEdgeCases } from "../support/documents/edge-cases.js";
import { type World, worldOf } from "../support/documents/world.js";

/** Documents that any client could send; the same on every commit. */
const runs = Number(process.env.DIFFERENTIAL_RUNS ?? 300);
const budgetMs = 15_000;
const timeoutMs = 60_000;
const readScopes = scopes.filter((scope) => scope.endsWith(":read"));

let app: TestApp;
let schema: GraphQLSchema;
let world: World;
beforeAll(async () => {
  schema = await builtSchema();
  app = await startTestApp();
  world = await worldOf(schema, app, await givenEdgeCases(app));
}, timeoutMs);
afterAll(() => app.stop());

/** Sends made-up documents, and looks at each answer as its bytes came. */
async function answers(key: string, look: (text: string) => void): Promise<number> {
  let withData = 0;
  const all = documents({ schema, world, rare: new Set(), scopes: null });
  await fc.assert(
    fc.asyncProperty(all, async (document) => {
      const response = await fetch(`${app.url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
        body: JSON.stringify(document),
      });
      const text = await response.text();
      if (text.includes('"INTERNAL_SERVER_ERROR"')) throw new Error(text.slice(0, 500));
      if (response.status === 200 && !text.includes('"data":null')) withData++;
      look(text);
    }),
    { numRuns: runs, interruptAfterTimeLimit: budgetMs, seed: 1 },
  );
  return withData;
}

test(
  "whatever is asked without pii:read, no answer holds a name, an address or a number of a person",
  async () => {
    const rows = await app.database.transaction((tx) =>
      tx.execute<{ value: string }>(sql`select value from identities
        union select display_name from customers where display_name like 'Person%'
        union select email from profiles where email is not null union select phone from profiles where phone is not null`),
    );
    const personal = rows.map(({ value }) => value).filter((value) => value.length > 5);
    expect(personal.length).toBeGreaterThan(10);
    const key = await limitedKey(
      app,
      readScopes.filter((scope) => scope !== "pii:read"),
    );
    const withData = await answers(key, (text) => {
      const shown = personal.find((value) => text.includes(`"${value}"`) || decoded(text).includes(value));
      if (shown) throw new Error(`${shown} is in ${text.slice(0, 500)}`);
    });
    expect(withData).toBeGreaterThan(20);
  },
  timeoutMs,
);

test(
  "whatever a partner asks, no answer holds an id that anybody else knows, cursors included",
  async () => {
    const key = await limitedKey(app, readScopes);
    await app.database.transaction((tx) => tx.execute(sql`update api_keys set partner = 'acme'`));
    const real = Object.values(world.ids)
      .flatMap((ids) => ids ?? [])
      .map((id) => id.slice(4));
    expect(real.length).toBeGreaterThan(50);
    let named = 0;
    const withData = await answers(key, (text) => {
      const all = text + decoded(text);
      const shown = real.find((uuid) => all.includes(uuid));
      if (shown) throw new Error(`${shown} is in ${text.slice(0, 500)}`);
      if (/"[a-z]{3}_[0-9a-f-]{36}"/.test(text)) named++;
    });
    expect(withData).toBeGreaterThan(20);
    expect(named).toBeGreaterThan(5);
  },
  timeoutMs,
);

/** What cursors say to who decodes them. */
function decoded(text: string): string {
  return [...text.matchAll(/"([A-Za-z0-9_-]{20,})"/g)]
    .map(([, cursor = ""]) => Buffer.from(cursor, "base64url").toString("utf8"))
    .join(" ");
}
