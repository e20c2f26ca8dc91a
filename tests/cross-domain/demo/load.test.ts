import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { demoDataset } from "../../../src/cross-domain/demo/dataset.js";
import { loadDemo } from "../../../src/cross-domain/demo/load.actions.js";
import { startTrickle } from "../../../src/cross-domain/demo/trickle.js";
import { openDatabase } from "../../../src/platform/database/database.js";
import { Suppressions } from "../../../src/platform/privacy/suppressions.js";
import { startTestApp, type TestApp } from "../../support/app.js";
import { createTestDatabase } from "../../support/database.js";

/** Tens of thousands of records on a machine that does other things as well. */
const loadTimeoutMs = 300_000;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

const tables = [
  "customers",
  "profiles",
  "interactions",
  "purchases",
  "purchase_returns",
  "loyalty_accounts",
  "loyalty_entries",
  "tickets",
  "ticket_events",
  "feedback",
  "consents",
  "events",
] as const;

async function counts(): Promise<Record<string, number>> {
  const selects = tables.map((table) => `(select count(*)::int from ${table}) as ${table}`);
  const [row] = await app.database.read.execute(sql.raw(`select ${selects.join(", ")}`));
  return row as Record<string, number>;
}

function expected() {
  const dataset = demoDataset("2026-11-21T00:00:00Z");
  // biome-ignore lint/suspicious/noExplicitAny: the items of all domains, looked into by field name
  const of = (domain: string): any[] => dataset.filter((b) => b.domain === domain).flatMap((b) => b.items);
  const distinct = (items: unknown[]) => new Set(items).size;
  const returns = of("purchases").filter((item) => item.kind === "RETURN").length;
  const contacts = of("ticketEvents").filter((item) => item.interaction).length;
  return {
    customers: 2_000,
    interactions: of("interactions").length + contacts,
    purchases: of("purchases").length - returns,
    purchase_returns: returns,
    loyalty_accounts: distinct(of("loyaltyEntries").map((item) => item.customer.sourceRef)),
    loyalty_entries: of("loyaltyEntries").length,
    tickets: distinct(of("ticketEvents").map((item) => item.ticketRef)),
    ticket_events: of("ticketEvents").length,
    feedback: of("feedback").length,
    consents: of("consents").length,
  };
}

test(
  "a load that is interrupted goes on where it stopped: every record once, and nothing more the next time",
  async () => {
    const stop = new AbortController();
    const onProgress = (done: number, total: number) => done > total * 0.4 && stop.abort();

    const first = await loadDemo(app.services, { signal: stop.signal, onProgress });
    const halfway = await counts();
    // A process that was killed between a batch and the note of it: the batch comes again.
    await app.database.transaction((tx) =>
      tx.execute(sql`update import_runs set lines_done = lines_done - 1000`),
    );
    const second = await loadDemo(app.services);
    const loaded = await counts();
    const third = await loadDemo(app.services);

    expect([first.outcome, second.outcome, third.outcome]).toEqual(["STOPPED", "LOADED", "ALREADY_LOADED"]);
    expect([second.until, third.until]).toEqual([first.until, first.until]);
    expect(halfway).toMatchObject({ customers: 2_000, consents: 0 });
    expect(loaded).toMatchObject(expected());
    expect(await counts()).toEqual(loaded);
  },
  loadTimeoutMs,
);

test("customers of several systems are one, in every script, and every tier has members", async () => {
  const [row] = await app.database.read.execute(sql`select
    (select count(*)::int from (select from profiles group by customer_id having count(distinct source) > 1) x) as joined,
    (select count(*)::int from customers where anonymous) as anonymous,
    (select count(*)::int from customers where display_name ~ '[A-Za-z]') as latin,
    (select count(*)::int from customers where display_name ~ '[یکپچژگ]') as persian,
    (select count(*)::int from customers where display_name ~ '[يةىأإ]') as arabic,
    (select array_agg(distinct tier order by tier) from loyalty_accounts) as tiers,
    (select count(*)::int from conversations c where 1 < (select count(distinct channel) from interactions i
      where i.customer_id = c.customer_id and i.conversation_id = c.id)) as moved`);
  expect(row).toMatchObject({ anonymous: 120, tiers: ["basic", "gold", "platinum", "silver"] });
  for (const name of ["joined", "latin", "persian", "arabic", "moved"])
    expect([name, Number((row as Record<string, unknown>)[name]) > 200]).toEqual([name, true]);
});

test("the trickle reaches subscribers, invents no customer, and ends when it is stopped", async () => {
  const before = await counts();
  const { until } = await loadDemo(app.services);
  // The feed may still be numbering the load: what is asked for is news, by the time it happened.
  const events = app.socket().iterate({
    query: `subscription ($until: DateTimeOrDuration) { interactionRecorded(where: { occurredAt: { gt: $until } }) {
      interaction { sourceRef customer { displayName } } } }`,
    variables: { until },
  });
  const next = events.next();
  const trickle = startTrickle(app.services, {
    until: until as string,
    onFault: (error) => expect(error).toBeNull(),
  });

  const { value } = await next;
  await trickle.stop();
  const after = await counts();

  expect(value).toEqual({
    data: {
      interactionRecorded: {
        interaction: {
          sourceRef: expect.stringMatching(/^live-/),
          customer: { displayName: expect.any(String) },
        },
      },
    },
  });
  expect(after.customers).toBe(before.customers);
  expect(after.interactions).toBeGreaterThan(before.interactions as number);
  expect(await counts()).toEqual(after);
});

test("a database that is away is told once and stops nothing", async () => {
  const { connection, drop } = await createTestDatabase();
  const database = openDatabase(connection);
  const suppressions = await Suppressions.open(database, []);
  await database.close();
  const faults: unknown[] = [];
  let tries = 0;
  const services = {
    phoneRegion: null,
    suppressions,
    onCommitted() {},
    get database() {
      tries += 1;
      return database;
    },
  };
  const trickle = startTrickle(services, {
    until: "2026-11-21T00:00:00Z",
    onFault: (error) => faults.push(error),
  });
  while (tries < 2) await new Promise((resolve) => setImmediate(resolve));
  await trickle.stop();
  await drop();
  expect(faults).toHaveLength(1);
});

test("a database with customers of its own is left alone", async () => {
  const other = await startTestApp();
  try {
    await other.database.transaction((tx) =>
      tx.execute(sql`insert into customers (id) values (gen_random_uuid())`),
    );
    expect(await loadDemo(other.services)).toEqual({ outcome: "FOREIGN", until: null });
    const [row] = await other.database.read.execute(sql`select
      (select count(*)::int from customers) as customers, (select count(*)::int from sources) as sources,
      (select count(*)::int from rewards) as rewards, (select count(*)::int from import_runs) as runs`);
    expect(row).toEqual({ customers: 1, sources: 0, rewards: 0, runs: 0 });
  } finally {
    await other.stop();
  }
});

test("a record that is refused ends the load with its code", async () => {
  const other = await startTestApp();
  try {
    await other.database.transaction((tx) => tx.execute(sql`delete from channels where code = 'web'`));
    await expect(loadDemo(other.services)).rejects.toThrow(
      "Demonstration data is broken: interactions of webshop, UNKNOWN_CHANNEL in channel",
    );
  } finally {
    await other.stop();
  }
});
