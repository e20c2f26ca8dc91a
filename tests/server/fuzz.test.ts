import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import type { GraphQLSchema } from "graphql";
import { createPseudonyms } from "../../src/platform/access/pseudonyms.js";
import { roles } from "../../src/platform/access/roles.js";
import { scopes } from "../../src/platform/access/scopes.js";
import { builtSchema } from "../../src/server/build-schema.js";
import { pseudonymSecret, startTestApp, type TestApp } from "../support/app.js";
import { lookAt } from "../support/documents/answer-check.js";
import { Choices, choiceRange } from "../support/documents/choices.js";
import { givenEdgeCases } from "../support/documents/edge-cases.js";
import { type World, worldOf } from "../support/documents/world.js";
import { requestBy, type Sender, type Sent, send, type Told } from "../support/fuzz.js";

/** Requests of each caller: a few hundred on every commit, thousands where somebody asks for them. */
const runs = Number(process.env.FUZZ_RUNS ?? 300);
/** The same requests on every commit; others in long runs. */
const { FUZZ_SEED: chosenSeed } = process.env;
const seed = chosenSeed ? Number(chosenSeed) : process.env.FUZZ_RUNS ? Date.now() % 2 ** 31 : 1;
/** On a busy machine fewer requests are sent rather than more time spent. */
const budgetMs = process.env.FUZZ_RUNS ? runs * 1_000 : 8_000;
const timeoutMs = 60_000 + budgetMs * 2;
/** Streams are looked at until a sign of life says that nothing waits. */
const keepAliveMs = 200;
/** Decisions of one request, and of what is wrong with it. */
const [maxChoices, maxSpoiling] = [700, 200];
const boundless = 1_000_000_000;

/** Words of a database, of a stack, of files: a fault that was not masked. */
const faultWords =
  /"INTERNAL_SERVER_ERROR"|node_modules|\.[jt]s:\d+|relation \\"|column \\"|invalid input syntax|violates |PostgresError|stacktrace|ECONNREFUSED/;

let app: TestApp;
let schema: GraphQLSchema;
let world: World;
/** Uuids that no partner may meet. */
let real: string[];
beforeAll(async () => {
  schema = await builtSchema();
  app = await startTestApp({
    budget: { maximum: boundless, restoreRate: boundless },
    live: { patience: { keepAliveMs } },
    webhookPrivateAddresses: false,
  });
  world = await worldOf(schema, app, await givenEdgeCases(app));
  const { data } = await app.execute("{ customers { nodes { liveCursor } } feedCursor }");
  Object.assign(world.values, {
    after: [data.feedCursor, ...data.customers.nodes.map((one: { liveCursor: string }) => one.liveCursor)],
    scopes: [...scopes],
    source: ["crm", "shop"],
    url: ["http://127.0.0.1:9/hook", "https://example.com/hook"],
    document: ["subscription { events { events { type } } }", "{ customers { totalCount } }"],
    partner: ["acme"],
  });
  real = Object.values(world.ids).flatMap((ids) => (ids ?? []).map((id) => id.slice(4)));
}, timeoutMs);
afterAll(() => app.stop());

async function senderWith(input: { role?: string; scopes?: string[]; partner?: string }): Promise<Sender> {
  const { data } = await app.execute(
    "mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey { scopes } } }",
    { input: { name: "fuzz", ...input } },
  );
  const { key } = data.createApiKey;
  const partner = input.partner !== undefined;
  const own = input.role ? roles[input.role as keyof typeof roles] : (input.scopes ?? []);
  return { key, scopes: new Set(own), partner, world: partner ? namedFor(input.partner as string) : world };
}

/** The world under the names that a partner gives it. */
function namedFor(partner: string): World {
  const { seal, sealText } = createPseudonyms(pseudonymSecret)(partner);
  const named = (ids: readonly string[]) => ids.map(seal);
  const cursors = Object.entries(world.cursors).map(([name, places]) => {
    return [name, places.map((place) => ({ ...place, cursors: place.cursors.map(sealText) }))] as const;
  });
  return {
    ...world,
    ids: Object.fromEntries(Object.entries(world.ids).map(([name, ids]) => [name, named(ids)])),
    values: { ...world.values, id: named((world.values.id ?? []) as string[]) },
    cursors: Object.fromEntries(cursors),
  };
}

/** What is wrong with an answer; null where nothing is. */
function wrongWith({ kind, body }: Sent, { status, text, bodies }: Told, sender: Sender): string | null {
  if (status >= 500) return `status ${status}`;
  if (faultWords.test(text)) return `a fault shows: ${faultWords.exec(text)?.[0]}`;
  if (sender.partner && real.some((uuid) => text.includes(uuid))) return "a partner meets a real id";
  for (const { data, errors = [], extensions } of bodies) {
    for (const { extensions: told } of errors)
      if (typeof told?.code !== "string" || !told.requestId) return "an error lacks its code or requestId";
    if (sender.key === null && (status !== 401 || data)) return "somebody without a key is answered";
    if (!data) {
      if (errors.length === 0) return "neither data nor errors";
      continue;
    }
    const { wrong, objects, foreseen } = lookAt(schema, body.query, data, sender);
    if (wrong.length) return wrong.join("; ");
    if (kind === "subscription") continue;
    if (!extensions?.cost) return "it does not tell its cost";
    const { requested, actual } = extensions.cost;
    // A mutation pays for what it writes, whatever it answers.
    if (actual !== (kind === "mutation" ? requested : Math.max(objects, 1)))
      return `it costs ${actual}, and holds ${objects} objects`;
    if (requested < foreseen) return `it was priced ${requested}, and holds ${foreseen} objects`;
  }
  return null;
}

const numbersOf = (maxLength: number) => fc.array(fc.nat(choiceRange - 1), { maxLength, size: "max" });

interface Tally {
  all: number;
  answered: number;
  refused: number;
}

/** Fails with a request whose answer is wrong, the smallest that was found. */
async function fuzz(sender: Sender): Promise<Tally> {
  const tally: Tally = { all: 0, answered: 0, refused: 0 };
  const requests = fc
    .tuple(fc.noBias(numbersOf(maxChoices)), fc.noBias(numbersOf(maxSpoiling)))
    .map(([made, spoilt]) => requestBy(new Choices(made), new Choices(spoilt), schema, sender));
  await fc.assert(
    fc.asyncProperty(requests, async (sent) => {
      const told = await send(app, sent, sender.key);
      tally.all++;
      if (told.bodies.some(({ data }) => data)) tally.answered++;
      if (told.bodies.some(({ errors }) => errors)) tally.refused++;
      const wrong = wrongWith(sent, told, sender);
      if (wrong) throw new Error(`${wrong}\n${told.text.slice(0, 1_000)}`);
    }),
    { numRuns: runs, interruptAfterTimeLimit: budgetMs, seed },
  );
  if (process.env.FUZZ_REPORT) console.log(tally);
  return tally;
}

test.each([
  ["AGENT", { role: "AGENT" }],
  ["ANALYST", { role: "ANALYST" }],
  ["INTEGRATOR", { role: "INTEGRATOR" }],
  ["PARTNER", { role: "PARTNER", partner: "acme" }],
  ["ADMIN", { role: "ADMIN" }],
  ["one scope", { scopes: ["tickets:read"] }],
])(
  "whatever %s asks and sends, no fault shows, nothing beyond its scopes is answered, and the price was enough",
  async (_name, input) => {
    const { answered, refused } = await fuzz(await senderWith(input));
    expect(answered).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  },
  timeoutMs,
);

test(
  "whatever is sent without a key is refused with 401",
  async () => {
    const { answered } = await fuzz({ key: null, scopes: new Set(), partner: false, world });
    expect(answered).toBe(0);
  },
  timeoutMs,
);

test("what was asked of the privacy worker did not fail", async () => {
  const failed = await app.database.read.execute(
    sql`select error_code from privacy_requests where error_code is not null`,
  );
  expect(failed).toEqual([]);
});
