import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { BatchTurn } from "../../../src/cross-domain/ingest/turns.js";
import { nothingMade, type WriteServices } from "../../../src/domains/customers/recording.rules.js";
import { ConcurrentChange } from "../../../src/platform/database/retry.js";
import { createPlace, type Place, visitHeader, visits } from "./given.js";

/** Batches of an import overlap: none of that may be seen in what they leave behind. */
let place: Place;
beforeEach(async () => {
  place = await createPlace();
});
afterEach(() => place.end());

test("a customer's facts have the order of the file, also where batches are rolled back under the next one's feet", async () => {
  const rows: string[] = [];
  const row = (id: number, way: string) => `v${id},c${id % 3},${way},2026-01-01T10:00:00Z,hello`;
  for (let id = 1; id <= 300; id++) {
    rows.push(row(id, "phone"));
    // Refused while the batch writes, so that it runs again; and a twin that belongs to the batch before.
    if (id % 25 === 0) rows.push(row(1_000 + id, "pigeon"));
    if (id % 10 === 0) rows.push(row(id - 9, "mail"));
  }
  const file = place.file("visits.csv", visitHeader + rows.join("\n"));
  const mapping = visits.replace("{ from: way, map: { call: phone, letter: mail } }", "way");
  const [report] = (await place.import({ mapping, files: [file], batchSize: 10 })).files;
  expect(report).toMatchObject({ rows: 342, recorded: 300, duplicates: 30, rejected: 12 });
  const found = await place.database.read.execute<{ refs: string[]; seqs: number[] }>(sql`
    select array_agg(i.source_ref order by e.seq) refs, array_agg(e.seq::int order by e.seq) seqs
    from events e join interactions i on i.id = e.subject_id and i.customer_id = e.customer_id
    group by e.customer_id`);
  const inFile = (first: number) => Array.from({ length: 100 }, (_, i) => `v${first + 3 * i}`);
  expect([...found].map(({ refs }) => refs).sort()).toEqual([inFile(1), inFile(2), inFile(3)].sort());
  // The first event of each tells that the customer is new.
  for (const { seqs } of found) expect(seqs).toEqual(Array.from({ length: 100 }, (_, i) => i + 2));
});

test("a batch counts on the customers that the one before has not committed yet, also where that is rolled back", async () => {
  // given: each batch makes two customers, and speaks of those of the batch before; some run again, and some name one anew
  const rows: string[] = [];
  for (let id = 1; id <= 200; id++) {
    rows.push(`v${id},c${Math.floor(id / 2)},phone,2026-01-01T10:00:00Z,hello`);
    rows.push(`w${id},c${Math.floor(id / 2) - 2},mail,2026-01-01T11:00:00Z,hello`);
    if (id % 14 === 0) rows.push(`x${id},c${Math.floor(id / 2)},pigeon,2026-01-01T10:00:00Z,hello`);
  }
  const file = place.file("visits.csv", visitHeader + rows.join("\n"));
  const mapping = visits.replace("{ from: way, map: { call: phone, letter: mail } }", "way");
  const options = { mapping, files: [file], batchSize: 8 };

  // when
  const [checked] = (await place.import({ ...options, dryRun: true })).files;
  const [report] = (await place.import(options)).files;

  // then
  expect(checked).toMatchObject({ rows: 414, recorded: 400, rejected: 14 });
  expect(report).toMatchObject({ rows: 414, recorded: 400, rejected: 14 });
  expect(await place.count("customers")).toBe(103);
  expect(await place.count("profiles")).toBe(103);
  expect(await place.count("identities")).toBe(103);
  const [made] = await place.database.read.execute(sql`
    select count(*)::int events, count(distinct (customer_id, seq))::int numbers,
      (select sum(seq)::int from customers) as last from events`);
  expect(made).toEqual({ events: 503, numbers: 503, last: 503 });
});

test("a contact that names nobody belongs to the conversation that the batch before has opened", async () => {
  const rows: string[] = [];
  for (let thread = 1; thread <= 20; thread++) {
    rows.push(`v${thread}a,c${thread},call,2026-01-01T10:00:00Z,t${thread}`);
    rows.push(`v${thread}b,,call,2026-01-01T11:00:00Z,t${thread}`);
  }
  const file = place.file("visits.csv", visitHeader + rows.join("\n"));
  const mapping = visits.replace("summary: text", "conversationRef: text");
  const [report] = (await place.import({ mapping, files: [file], batchSize: 1 })).files;
  expect(report).toMatchObject({ recorded: 40, rejected: 0 });
  expect(await place.count("customers")).toBe(20);
});

test("a batch begins while the one before writes, and passes its turn when that one has ended", async () => {
  const told: string[] = [];
  const beside = given();
  const first = new BatchTurn(null);
  const second = new BatchTurn(first);
  const writing = first.take(services(), async ({ database }) => {
    await database.transaction(async (tx) => {
      await first.come(tx);
      first.hold(nothingMade);
      await beside.promise;
      told.push("first writes");
    });
  });
  const following = second.take(services(), async ({ database }) => {
    await database.transaction(async (tx) => {
      told.push("second begins");
      const coming = second.come(tx);
      beside.resolve();
      await coming;
      told.push("second comes");
    });
  });
  await Promise.all([writing, following]);
  expect(told).toEqual(["second begins", "first writes", "second comes"]);
});

test("what a batch did beside a transaction that was rolled back does not count: it runs again, behind", async () => {
  const told: string[] = [];
  const beside = given();
  const first = new BatchTurn(null);
  const second = new BatchTurn(first);
  let runs = 0;
  const writing = first.take(services(), async ({ database }) => {
    await database.transaction(async (tx) => {
      await first.come(tx);
      first.hold(nothingMade);
      await beside.promise;
      if (runs++ === 0) throw new ConcurrentChange("somebody was faster");
      told.push("first is done");
    });
  });
  const following = second.take(services(), async ({ database }) => {
    await database.transaction(async (tx) => {
      told.push("second begins");
      const coming = second.come(tx);
      beside.resolve();
      await coming;
      await tx.execute(sql`insert into sources (code, name) values (${`run-${told.length}`}, 'x')`);
    });
  });
  await Promise.all([writing, following]);
  expect(told.filter((line) => line === "first is done")).toHaveLength(1);
  expect(told.at(-1)).toBe("second begins");
  const kept = await place.database.read.execute(sql`select code from sources where name = 'x'`);
  expect([...kept]).toEqual([{ code: `run-${told.length}` }]);
});

test("behind a batch that failed nothing is written", async () => {
  const beside = given();
  const first = new BatchTurn(null);
  const second = new BatchTurn(first);
  const writing = first.take(services(), async ({ database }) => {
    await database.transaction(async (tx) => {
      await first.come(tx);
      first.hold(nothingMade);
      await beside.promise;
      throw new Error("the disk is full");
    });
  });
  const following = second.take(services(), async ({ database }) => {
    await database.transaction(async (tx) => {
      const coming = second.come(tx);
      beside.resolve();
      await coming;
      await tx.execute(sql`insert into sources (code, name) values ('late', 'late')`);
    });
  });
  const [failed, followed] = await Promise.allSettled([writing, following]);
  expect([failed, followed]).toMatchObject([
    { status: "rejected", reason: { message: "the disk is full" } },
    { status: "rejected" },
  ]);
  const kept = await place.database.read.execute(sql`select code from sources where code = 'late'`);
  expect([...kept]).toEqual([]);
});

function services(): WriteServices {
  return { database: place.database } as WriteServices;
}

function given() {
  let resolve = () => {};
  const promise = new Promise<void>((give) => {
    resolve = give;
  });
  return { promise, resolve: () => resolve() };
}
