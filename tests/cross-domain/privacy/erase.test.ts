import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { startTestApp, type TestApp } from "../../support/app.js";
import {
  ask,
  at,
  customerOf,
  done,
  everyRow,
  everyStoredRow,
  everythingAbout,
  givenPerson,
  phoneOf,
  record,
} from "./given.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

const uuid = (id: string) => id.slice(4);

test("an erasure leaves no word of the person in any table, and a receipt of every row", async () => {
  const customerId = await givenPerson(app, "annabel");
  await givenPerson(app, "bystander");
  const before = await everyRow(app);
  const ofBystander = (rows: [string, string][]) => rows.filter(([, row]) => row.includes("bystander"));

  const request = await done(app, "eraseCustomer", customerId);

  const after = await everyRow(app);
  expect(
    after.filter(([, row]) => /annabel/i.test(row) || row.includes(phoneOf("annabel").slice(1))),
  ).toEqual([]);
  expect(ofBystander(after).toSorted()).toEqual(ofBystander(before).toSorted());
  const forms = [uuid(customerId), uuid(customerId).replaceAll("-", "")]; // an audit entry holds ids as bytes
  const still = after.filter(([, row]) => forms.some((form) => row.includes(form))).map(([table]) => table);
  expect([...new Set(still)].toSorted()).toEqual([
    "audit_entries",
    "customers",
    "events",
    "privacy_requests",
  ]);
  expect(request).toMatchObject({ kind: "ERASE", customerId, requestedBy: "admin", documentPath: null });
  expect(
    request.receipt.map((line: { table: string; action: string; rows: number }) =>
      Object.values(line).join(" "),
    ),
  ).toEqual([
    "customers BLANKED 1",
    "identity_claims DELETED 4",
    "suppressions SUPPRESSED 14",
    "identities DELETED 4",
    "ticket_events DELETED 1",
    "record_claims DELETED 10",
    "interactions DELETED 2",
    "conversations DELETED 1",
    "purchase_items DELETED 1",
    "purchase_return_items DELETED 1",
    "purchase_returns DELETED 1",
    "purchases DELETED 1",
    "loyalty_entries DELETED 1",
    "feedback DELETED 1",
    "tickets DELETED 1",
    "consents DELETED 1",
    "profiles DELETED 1",
    "loyalty_accounts DELETED 1",
    "events BLANKED 9",
  ]);
});

test("events of the erased stay as empty places, and CUSTOMER_ERASED is the last of their stream", async () => {
  const customerId = await givenPerson(app, "carola");
  const [before] = await app.database.read.execute(
    sql`select max(seq)::int as seq from events where customer_id = ${uuid(customerId)}::uuid`,
  );
  await done(app, "eraseCustomer", customerId);

  const rows = await app.database.read.execute<Record<string, unknown>>(sql`
    select seq::int, type, subject_id, payload, occurred_at = recorded_at as "atRecording" from events
    where customer_id = ${uuid(customerId)}::uuid order by seq`);
  const last = Number(before?.seq) + 1;
  expect(rows.map((row) => row.seq)).toEqual(Array.from({ length: last }, (_, i) => i + 1));
  expect(rows.at(-1)).toMatchObject({ type: "CUSTOMER_ERASED", subject_id: null, payload: null });
  for (const row of rows.slice(0, -1))
    expect(row).toMatchObject({ type: "EVENT_ERASED", subject_id: null, payload: null, atRecording: true });
  const { data } = await app.execute(
    `query ($id: ID!) { customer(id: $id) { id seq erasedAt displayName email anonymous
    profiles { sourceRef } identities { value } interactions { totalCount } } }`,
    { id: customerId },
  );
  expect(data.customer).toEqual({
    id: customerId,
    seq: last,
    erasedAt: expect.any(String),
    displayName: null,
    email: null,
    anonymous: true,
    profiles: [],
    identities: [],
    interactions: { totalCount: 0 },
  });
  const listed = await app.execute(
    `query ($id: ID!) { customers(where: { id: { eq: $id } }) { totalCount } }`,
    {
      id: customerId,
    },
  );
  expect(listed.data.customers.totalCount).toBe(0);
});

test("subscribers of the customer and of the feed are told", async () => {
  const customerId = await givenPerson(app, "doris");
  const told = new Promise<unknown[]>((resolve, reject) => {
    const seen: unknown[] = [];
    app.socket().subscribe(
      {
        query: `subscription ($id: ID!) { customerChanged(id: $id) { type customer { erasedAt displayName } } }`,
        variables: { id: customerId },
      },
      {
        next: ({ data }) => {
          seen.push(data?.customerChanged);
          resolve(seen);
        },
        error: reject,
        complete: () => {},
      },
    );
  });
  while (app.services.feed.status.waiters === 0) await new Promise((resolve) => setImmediate(resolve));
  await done(app, "eraseCustomer", customerId);
  expect(await told).toEqual([
    { type: "CUSTOMER_ERASED", customer: { erasedAt: expect.any(String), displayName: null } },
  ]);
});

test("nothing brings an erased person back: every sort of item is refused, and nothing is written", async () => {
  const customerId = await givenPerson(app, "esther");
  await done(app, "eraseCustomer", customerId);
  const before = await everyStoredRow(app);

  const told = await record(app, everythingAbout("esther"));
  expect(told).toEqual({
    profiles: ["PERSON_ERASED"],
    interactions: ["PERSON_ERASED"],
    purchases: ["PERSON_ERASED", "ORDER_REFUSED"],
    loyaltyEntries: ["PERSON_ERASED"],
    ticketEvents: ["PERSON_ERASED"],
    feedback: ["PERSON_ERASED"],
    consents: ["PERSON_ERASED"],
  });
  const byId = { customer: { id: customerId }, occurredAt: at, sourceRef: "new" };
  expect(await record(app, { consents: [{ ...byId, purpose: "SERVICE", status: "DENIED" }] })).toEqual({
    consents: ["PERSON_ERASED"],
  });
  const elsewhere = { ...byId, customer: { identity: { kind: "EMAIL", value: "Esther@Example.com" } } };
  expect(
    await record(app, { consents: [{ ...elsewhere, purpose: "SERVICE", status: "DENIED" }] }, "other"),
  ).toEqual({
    consents: ["PERSON_ERASED"],
  });
  expect(await everyStoredRow(app)).toEqual(before);
});

test("a record of the erased comes back under nobody's name either, and new ones of others do", async () => {
  const customerId = await givenPerson(app, "flora");
  await done(app, "eraseCustomer", customerId);
  const { interactions, purchases, ticketEvents } = everythingAbout("flora");
  const nameless = (items: readonly object[]) => items.map((item) => ({ ...item, customer: null }));
  const [call] = interactions as [object];
  const [opened] = ticketEvents as [object];
  expect(
    await record(app, {
      interactions: nameless([
        call,
        { ...call, sourceRef: "later-in-the-thread" },
        { ...call, sourceRef: "stranger", conversationRef: null },
      ]),
      purchases: nameless(purchases),
      ticketEvents: nameless([opened, { ...opened, sourceRef: "later", kind: "NOTED" }]),
    }),
  ).toEqual({
    interactions: ["PERSON_ERASED", "PERSON_ERASED", "RECORDED"],
    purchases: ["PERSON_ERASED", "ORDER_REFUSED"],
    ticketEvents: ["PERSON_ERASED", "TICKET_NOT_OPENED"],
  });
});

test("a batch keeps its good items when one is about an erased person", async () => {
  const customerId = await givenPerson(app, "grete");
  await done(app, "eraseCustomer", customerId);
  const { profiles } = everythingAbout("grete");
  const innocent = { sourceRef: "innocent", displayName: "Somebody Else", observedAt: at };
  expect(await record(app, { profiles: [...profiles, innocent] })).toEqual({
    profiles: ["PERSON_ERASED", "RECORDED"],
  });
});

test("a lifted suppression lets the person come back by that name, as somebody new", async () => {
  const customerId = await givenPerson(app, "hanna");
  await done(app, "eraseCustomer", customerId);
  const LIFT = `mutation ($input: LiftSuppressionInput!) { liftSuppression(input: $input) { lifted userErrors { code field } } }`;
  const lift = async (value: string) =>
    (await app.execute(LIFT, { input: { kind: "EMAIL", value } })).data.liftSuppression;
  expect(await lift(" HANNA@example.com")).toEqual({ lifted: true, userErrors: [] });
  expect(await lift("hanna@example.com")).toEqual({ lifted: false, userErrors: [] });
  expect(await lift("nobody")).toEqual({
    lifted: false,
    userErrors: [{ code: "INVALID_EMAIL", field: "input.value" }],
  });
  const consent = { occurredAt: at, sourceRef: "hanna-2", purpose: "SERVICE", status: "GRANTED" };
  const customer = { identity: { kind: "EMAIL", value: "hanna@example.com" } };
  expect(await record(app, { consents: [{ ...consent, customer }] })).toEqual({ consents: ["RECORDED"] });
  expect(await customerOf(app, "hanna@example.com")).not.toBe(customerId);
});

test("whoever was merged into the erased goes with them, and the old id means the survivor", async () => {
  const survivor = await givenPerson(app, "inge");
  const [loser] = await app.services.database.transaction((tx) =>
    tx.execute<{ id: string }>(sql`insert into customers (id, merged_into, display_name, seq)
      values (gen_random_uuid(), ${uuid(survivor)}::uuid, 'inge before', 1) returning id`),
  );
  await app.services.database.transaction((tx) =>
    tx.execute(sql`insert into events (customer_id, seq, id, type, occurred_at, payload)
      values (${loser?.id}::uuid, 1, gen_random_uuid(), 'CUSTOMER_MERGED', now(), '{"name": "inge"}')`),
  );
  const request = await done(app, "eraseCustomer", `cus_${loser?.id}`);
  expect(request.customerId).toBe(survivor);
  expect(request.receipt).toContainEqual({ table: "customers", action: "BLANKED", rows: 2 });
  expect((await everyRow(app)).filter(([, row]) => row.includes("inge"))).toEqual([]);
});

test("asking twice is asking once, at the same time and later; who is not there is refused", async () => {
  const customerId = await givenPerson(app, "jana");
  const both = await Promise.all([
    ask(app, "eraseCustomer", customerId),
    ask(app, "eraseCustomer", customerId),
  ]);
  const request = await done(app, "eraseCustomer", customerId);
  expect(new Set([...both.map((answer) => answer.request.id), request.id]).size).toBe(1);
  const refused = (code: string) => ({ request: null, userErrors: [{ code, field: "input.customerId" }] });
  expect(await ask(app, "eraseCustomer", "cus_00000000-0000-7000-8000-000000000000")).toEqual(
    refused("CUSTOMER_NOT_FOUND"),
  );
  expect(await ask(app, "exportCustomer", "tkt_nonsense")).toEqual(refused("BAD_ID"));
});
