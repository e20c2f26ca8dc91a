import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { asc, eq, sql } from "drizzle-orm";
import { customers } from "#schema/customers.js";
import { events } from "#schema/events.js";
import { appendEvents, subjectKindOf } from "../../../src/platform/events/events.js";
import { newId, uuidOf } from "../../../src/platform/ids.js";
import { type CustomerId, givenCustomers, givenDatabase, nameOf, occurredAt, write } from "./given.js";

let given: Awaited<ReturnType<typeof givenDatabase>>;
beforeAll(async () => {
  given = await givenDatabase();
});
afterAll(() => given.close());

test("events are numbered on per customer, in list order, and the customers' numbers follow", async () => {
  const [jane, john] = (await givenCustomers(given.database, 2)) as [CustomerId, CustomerId];
  await write(given.database, [jane]);

  const appended = await write(given.database, [john, jane, john, john, jane]);

  expect(appended.map(nameOf)).toEqual([`${john}:1`, `${jane}:2`, `${john}:2`, `${john}:3`, `${jane}:3`]);
  const rows = await given.database.read.select().from(events).orderBy(asc(events.ord));
  expect(rows.map(nameOf)).toEqual([`${jane}:1`, ...appended.map(nameOf)]);
  expect(rows.slice(1).map(({ id }) => id)).toEqual(appended.map(({ id }) => id));
  expect(await seqsOf([jane, john])).toEqual([3, 3]);
});

test("an event keeps its subject, payload and moment exactly", async () => {
  const [jane] = (await givenCustomers(given.database, 1)) as [CustomerId];
  const interactionId = newId("interaction");
  const payload = { into: "cus_x", amount: 1.5, nested: { text: 'a "quoted" 😀 text' } };
  const seqs = new Map([[jane, 0]]);

  const [first, second] = await given.database.transaction((tx) =>
    appendEvents(
      tx,
      [
        { customerId: jane, type: "INTERACTION_RECORDED", subjectId: interactionId, payload, occurredAt },
        {
          customerId: jane,
          type: "CUSTOMER_UPDATED",
          subjectId: null,
          occurredAt: "2026-11-21T10:30:00+02:00",
        },
      ],
      seqs,
    ),
  );

  expect(seqs.get(jane)).toBe(2);
  const rows = await given.database.read
    .select()
    .from(events)
    .where(eq(events.customerId, jane))
    .orderBy(events.seq);
  expect(rows).toMatchObject([
    { id: first?.id, seq: 1, subjectId: uuidOf(interactionId), payload, occurredAt, pos: null },
    { id: second?.id, seq: 2, subjectId: null, payload: null, occurredAt: "2026-11-21T08:30:00Z", pos: null },
  ]);
  expect(rows[0] && subjectKindOf(rows[0].type)).toBe("interaction");
});

test("a customer whose row was not read is a fault, and nothing is written", async () => {
  const [jane, john] = (await givenCustomers(given.database, 2)) as [CustomerId, CustomerId];
  const both = [jane, john].map((customerId) => ({
    customerId,
    type: "CUSTOMER_UPDATED" as const,
    subjectId: null,
    occurredAt,
  }));

  await expect(
    given.database.transaction((tx) => appendEvents(tx, both, new Map([[jane, 0]]))),
  ).rejects.toThrow("not locked");

  expect(await seqsOf([jane, john])).toEqual([0, 0]);
});

test("a number that is not the row's own is a fault, and nothing is written", async () => {
  const [jane] = (await givenCustomers(given.database, 1)) as [CustomerId];
  const event = { customerId: jane, type: "CUSTOMER_UPDATED" as const, subjectId: null, occurredAt };

  await expect(
    given.database.transaction((tx) => appendEvents(tx, [event], new Map([[jane, 4]]))),
  ).rejects.toThrow("customers changed");

  expect(await seqsOf([jane])).toEqual([0]);
  const found = await given.database.read.execute(
    sql`select from events where customer_id = ${uuidOf(jane)}::uuid`,
  );
  expect(found.length).toBe(0);
});

test("an empty list sends no statement", async () => {
  const noTransaction = undefined as never;
  expect(await appendEvents(noTransaction, [], new Map())).toEqual([]);
});

async function seqsOf(ids: CustomerId[]): Promise<(number | undefined)[]> {
  const rows = await given.database.read.select().from(customers);
  return ids.map((id) => rows.find((row) => row.id === id)?.seq);
}
