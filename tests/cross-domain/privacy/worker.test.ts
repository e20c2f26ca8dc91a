import { EventEmitter, once } from "node:events";
import { afterAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { erasedAtOnce } from "../../../src/cross-domain/privacy/erase.js";
import { startPrivacyWorker } from "../../../src/cross-domain/privacy/worker.js";
import { UnknownSuppressionSecret } from "../../../src/platform/privacy/suppressions.js";
import { startTestApp, type TestApp } from "../../support/app.js";
import { type Program, startProgram } from "../../support/program.js";
import { createTemporaryFolder } from "../../support/temporary-folder.js";
import { until } from "../../support/until.js";
import { ask, at, customerOf, done, ended, everythingAbout, givenPerson, record } from "./given.js";

const { folder, remove } = createTemporaryFolder();
afterAll(remove);

const contacts = (count: number, mark: string) =>
  Array.from({ length: count }, (_, i) => ({
    sourceRef: `${mark}-${i}`,
    customer: { identity: { kind: "EMAIL", value: `${mark}@example.com` } },
    channel: "chat",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "message",
    occurredAt: at,
  }));

const key = "worker-test-key-0123456789";
interface Node {
  program: Program;
  // biome-ignore lint/suspicious/noExplicitAny: an answer's shape follows from its document
  ask(query: string, variables?: object): Promise<any>;
}

async function started(): Promise<Node> {
  const program = startProgram("src/main.ts", {
    DATA_FOLDER: `${folder}/data`,
    PORT: "0",
    ADMIN_API_KEY: key,
    LOG_LEVEL: "error",
  });
  const [, url = ""] = /GraphQL +(http:\S+)/.exec(await program.printed(/GraphQL +http:\S+\/graphql/)) ?? [];
  return {
    program,
    async ask(query, variables = {}) {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = (await response.json()) as { data: unknown; errors: unknown };
      if (errors) throw new Error(JSON.stringify(errors));
      return data;
    },
  };
}

const REQUEST = "id status finishedAt receipt { table action rows }";

test("an erasure survives kill -9: another process goes on where it stood, and every row is counted once", async () => {
  const batches = 12;
  let node = await started();
  for (let batch = 0; batch < batches; batch++) {
    const interactions = contacts(1_000, "mathilda").map((item) => ({
      ...item,
      sourceRef: `${batch}-${item.sourceRef}`,
    }));
    await node.ask(
      `mutation ($input: RecordInteractionsInput!) { recordInteractions(input: $input) { results { outcome } } }`,
      { input: { source: "chat", interactions } },
    );
  }
  const { customerByIdentity: customer } = await node.ask(
    `{ customerByIdentity(kind: EMAIL, value: "mathilda@example.com") { id } }`,
  );
  const erase = `mutation { eraseCustomer(input: { customerId: "${customer.id}" }) { request { ${REQUEST} } } }`;
  const { id } = (await node.ask(erase)).eraseCustomer.request;
  const look = async () => (await node.ask(`{ privacyRequest(id: "${id}") { ${REQUEST} } }`)).privacyRequest;
  const rowsOf = (request: { receipt: { table: string; rows: number }[] }, table: string) =>
    request.receipt.find((line) => line.table === table)?.rows ?? 0;
  while (rowsOf(await look(), "interactions") === 0);
  node.program.kill("SIGKILL");
  await node.program.ended;

  node = await started();
  let request = await look();
  while (!request.finishedAt) request = await look();
  expect(request.status).toBe("DONE");
  expect([rowsOf(request, "interactions"), rowsOf(request, "record_claims")]).toEqual([12_000, 12_000]);
  expect([rowsOf(request, "events"), rowsOf(request, "suppressions")]).toEqual([12_001, 12_001]);
  const { interactions } = await node.ask(`{ interactions { totalCount } }`);
  expect(interactions.totalCount).toBe(0);
  node.program.kill("SIGTERM");
  expect(await node.program.ended).toBe(0);
}, 120_000);

async function withApp(
  work: (app: TestApp) => Promise<void>,
  secrets: readonly string[] = [],
): Promise<void> {
  const app = await startTestApp({ privacySecrets: secrets });
  try {
    await work(app);
  } finally {
    await app.stop();
  }
}

test("an erasure is made of transactions of a bounded size", () =>
  withApp(async (app) => {
    const interactions = contacts(erasedAtOnce * 2 + 1, "nora");
    for (let i = 0; i < interactions.length; i += 1_000)
      await record(app, { interactions: interactions.slice(i, i + 1_000) });
    const customerId = await customerOf(app, "nora@example.com");
    app.statements.length = 0;
    await done(app, "eraseCustomer", customerId);
    const deletions = app.statements.filter((text) => /erase \*\/ delete from "interactions"/.test(text));
    expect(deletions.length).toBe(3);
  }));

test("writers that come while somebody is being erased are refused or erased: nothing stays, no stream has a gap", () =>
  withApp(async (app) => {
    const customerId = await givenPerson(app, "olga");
    let writing = true;
    const told = new Set<string>();
    const telling = new EventEmitter();
    const [recorded, refused] = [once(telling, "RECORDED"), once(telling, "PERSON_ERASED")];
    const writers = [1, 2, 3].map(async (writer) => {
      for (let i = 0; writing; i++) {
        const { consents, interactions } = everythingAbout("olga");
        const renamed = (items: readonly object[]) =>
          items.map((item) => ({ ...item, sourceRef: `${writer}-${i}` }));
        const results = await record(app, {
          interactions: renamed(interactions).map((item) => ({ ...item, conversationRef: null })),
          consents: renamed(consents),
        } as never);
        for (const code of Object.values(results).flat()) {
          told.add(code);
          telling.emit(code);
        }
      }
    });
    try {
      await recorded;
      await done(app, "eraseCustomer", customerId);
      await refused;
    } finally {
      writing = false;
    }
    await Promise.all(writers);
    expect([...told].toSorted()).toEqual(["PERSON_ERASED", "RECORDED"]);
    const [left] = await app.database.read.execute(sql`select
      (select count(*)::int from interactions) + (select count(*)::int from consents) + (select count(*)::int from profiles) as rows,
      (select count(*)::int from customers) as customers,
      (select count(*)::int from identity_claims) + (select count(*)::int from record_claims) as claims,
      (select max(seq) = count(*) and bool_and(type in ('EVENT_ERASED', 'CUSTOMER_ERASED')) from events) as "asOne",
      (select type from events order by seq desc limit 1) as last`);
    expect(left).toEqual({ rows: 0, customers: 1, claims: 0, asOne: true, last: "CUSTOMER_ERASED" });
  }));

test("an erasure that waits for a row of a writer does not hold the customer that this writer asks for next", () =>
  withApp(async (app) => {
    const customerId = await givenPerson(app, "otto");
    const erasedAt = await app.database.transaction(async (tx) => {
      await tx.execute(sql`update identities set last_seen_at = now()`);
      await ask(app, "eraseCustomer", customerId);
      await until(
        () =>
          app.database.read.execute(sql`select 1 from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and query ~ 'erase'`),
        ({ length }) => length > 0,
      );
      const [row] = await tx.execute<{ erasedAt: string }>(
        sql`select erased_at as "erasedAt" from customers for no key update`,
      );
      return row?.erasedAt;
    });
    expect(erasedAt).toEqual(expect.any(String));
    await done(app, "eraseCustomer", customerId);
  }));

test("several nodes share the work, and each piece is done once", () =>
  withApp(async (app) => {
    const others = [await startTestApp({ on: app }), await startTestApp({ on: app })];
    try {
      await record(app, { interactions: contacts(900, "petra") });
      await record(app, { interactions: contacts(900, "quirin") });
      const [petra, quirin] = [
        await customerOf(app, "petra@example.com"),
        await customerOf(app, "quirin@example.com"),
      ];
      const asked = await Promise.all([
        ask(others[0] as TestApp, "eraseCustomer", petra),
        ask(others[1] as TestApp, "eraseCustomer", quirin),
        ask(app, "exportCustomer", petra),
      ]);
      for (const { request } of asked.slice(0, 2)) {
        const { status, receipt } = await ended(app, request.id);
        expect(status).toBe("DONE");
        expect(receipt).toContainEqual({ table: "interactions", action: "DELETED", rows: 900 });
      }
    } finally {
      await Promise.all(others.map((other) => other.stop()));
    }
  }));

test(
  "a request that keeps failing ends as FAILED with a code, and may be made again",
  () =>
    withApp(async (app) => {
      const customerId = await givenPerson(app, "rosa");
      const change = (text: string) =>
        app.services.database.transaction((tx) => tx.execute(sql.raw(text)).then(() => undefined));
      await change(`create table stray (id uuid primary key, customer_id uuid, profile_id uuid,
      foreign key (customer_id, profile_id) references profiles (customer_id, id))`);
      await change(`insert into stray select gen_random_uuid(), customer_id, id from profiles`);
      const { request } = await ask(app, "eraseCustomer", customerId);
      const helper = startPrivacyWorker(app.services.database, { ...app.services, onFault: () => {} });
      const failed = await ended(app, request.id, async () => {
        await change(`update privacy_requests set try_after = now() where status = 'RUNNING'`);
        helper.poke();
      });
      await helper.stop();
      expect([failed.status, failed.errorCode]).toEqual(["FAILED", "23503"]);
      await change("drop table stray");
      const again = await done(app, "eraseCustomer", customerId);
      expect(again.id).not.toBe(request.id);
    }),
  60_000,
);

test("suppressions outlive a change of the secret, and a node that lacks one of them does not start", () => {
  const [first, second] = ["a".repeat(32), "b".repeat(32)];
  return withApp(
    async (app) => {
      await done(app, "eraseCustomer", await givenPerson(app, "sophie"));
      const { consents } = everythingAbout("sophie");
      const started = (secrets: readonly string[]) => startTestApp({ on: app, privacySecrets: secrets });
      const rotated = await started([second, first]);
      expect(await record(rotated, { consents })).toEqual({ consents: ["PERSON_ERASED"] });
      await rotated.stop();
      await expect(started([second])).rejects.toThrow(UnknownSuppressionSecret);
      await expect(started([])).rejects.toThrow(/PRIVACY_SECRETS lacks a secret/);
    },
    [first],
  );
});
