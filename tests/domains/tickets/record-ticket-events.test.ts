import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { startTestApp, type TestApp } from "../../support/app.js";
import { counts, event, RECORD, recorder, refusals } from "./given.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());
const record = recorder(() => app);

const nobody = { customer: null };
const person = (ref: string) => ({ customer: { sourceRef: ref } });

async function outbox(customerId: string) {
  const rows = await app.database.read.execute<{ type: string; subject_id: string | null }>(
    sql`select type, subject_id from events where customer_id = ${customerId.slice(4)}::uuid order by seq`,
  );
  return rows.map((row) => [row.type, row.subject_id]);
}

test("the first event opens a ticket, later ones change it, each with its event in the customer's log", async () => {
  const [opened, replied] = await record([
    event("life", 0, { ...person("life"), number: "T-1", subject: "Lamp is broken", priority: "HIGH" }),
    event("life", 1, { ...nobody, kind: "REPLIED" }),
  ]);
  const [closed] = await record([event("life", 2, { ...nobody, kind: "CLOSED" })]);

  expect(opened).toMatchObject({ index: 0, outcome: "RECORDED", error: null, cursor: expect.any(String) });
  expect(closed).toMatchObject({
    outcome: "RECORDED",
    cursor: expect.any(String),
    ticket: {
      id: opened?.ticket.id,
      number: "T-1",
      status: "CLOSED",
      priority: "HIGH",
      openedAt: "2026-11-21T09:00:00Z",
      solvedAt: "2026-11-21T09:02:00Z",
      closedAt: "2026-11-21T09:02:00Z",
    },
    ticketEvent: { kind: "CLOSED", occurredAt: "2026-11-21T09:02:00Z", interaction: null },
  });
  expect(new Set([opened?.cursor, replied?.cursor, closed?.cursor]).size).toBe(3);
  const ticket = opened?.ticket.id.slice(4);
  expect(await outbox(opened?.ticket.customer.id)).toEqual([
    ["CUSTOMER_CREATED", null],
    ["TICKET_OPENED", ticket],
    ["TICKET_CHANGED", ticket],
    ["TICKET_CHANGED", ticket],
  ]);
});

test("an event sent again is a duplicate of the same event and changes nothing", async () => {
  const [first] = await record([event("again", 0)]);
  const before = await counts(app);
  const [again, within] = await record([
    event("again", 0, { status: "CLOSED" }),
    event("again", 0, { status: "SOLVED" }),
  ]);
  expect(again).toEqual({ ...first, outcome: "DUPLICATE", cursor: null });
  expect(within).toEqual({ ...first, index: 1, outcome: "DUPLICATE", cursor: null });
  expect(await counts(app)).toEqual(before);
});

test("late and out-of-order events find their place, in one batch and in many", async () => {
  const life = (ref: string) => [
    event(ref, 0, { ...person(ref), status: "NEW" }),
    event(ref, 1, { status: "OPEN", team: "desk", ...nobody }),
    event(ref, 2, { kind: "SOLVED", ...nobody }),
    event(ref, 3, { kind: "REOPENED", team: "network", ...nobody }),
    event(ref, 4, { kind: "CLOSED", ...nobody }),
  ];
  const shown = {
    status: "CLOSED",
    openedAt: "2026-11-21T09:00:00Z",
    solvedAt: "2026-11-21T09:04:00Z",
    closedAt: "2026-11-21T09:04:00Z",
    reopenCount: 1,
    transferCount: 1,
  };

  const together = await record(life("shuffled-1").toReversed());
  const apart = [];
  const scattered = life("shuffled-2");
  for (const i of [0, 4, 2, 3, 1]) apart.push(...(await record([scattered[i] as object])));

  expect(together.map(({ outcome }) => outcome)).toEqual(Array(5).fill("RECORDED"));
  expect(together[0]?.ticket).toMatchObject(shown);
  expect(apart.map(({ outcome }) => outcome)).toEqual(Array(5).fill("RECORDED"));
  expect(apart[4]?.ticket).toMatchObject(shown);
  expect(apart[1]?.ticket).toMatchObject({ status: "CLOSED", reopenCount: 0, transferCount: 0 });
});

test("an event before the first known one opens the ticket earlier", async () => {
  await record([event("earlier", 5)]);
  const [early] = await record([event("earlier", 1, nobody)]);
  expect(early?.ticket).toMatchObject({ status: "NEW", openedAt: "2026-11-21T09:01:00Z" });
});

test("the first number told stays; until then the reference stands for it", async () => {
  const [unnumbered] = await record([event("numbered", 0)]);
  const [told] = await record([event("numbered", 1, { number: "A-7" })]);
  const [other] = await record([event("numbered", 2, { number: "B-8" })]);
  expect([unnumbered, told, other].map((result) => result?.ticket.number)).toEqual([
    "numbered",
    "A-7",
    "A-7",
  ]);
});

test("bad items are refused on their own with code and field, and leave nothing behind", async () => {
  const before = await counts(app);
  const results = await record([
    event("bad", 0, { ticketRef: "" }),
    event("bad", 1, { channel: "carrier-pigeon", ...person("bad") }),
    event("bad", 2, { subject: "" }),
    event("bad", 3, { note: "nul \u0000 inside" }),
    event("bad", 4, { revision: -1 }),
    event("bad", 5, { customer: { identity: { kind: "EMAIL", value: "no address" } } }),
    event("bad", 6, { customer: { id: "cus_00000000-0000-7000-8000-000000000000" } }),
    event("bad", 7, { ...person("bad"), interaction: contact({ channel: "carrier-pigeon" }) }),
    event("bad", 8, { interaction: contact({ kind: "" }) }),
    event("bad", 9, { kind: "REPLIED", interaction: contact({ direction: "INBOUND" }) }),
  ]);
  expect(refusals(results)).toEqual([
    ["REJECTED", "REQUIRED", "ticketRef"],
    ["REJECTED", "UNKNOWN_CHANNEL", "channel"],
    ["REJECTED", "REQUIRED", "subject"],
    ["REJECTED", "INVALID_TEXT", "note"],
    ["REJECTED", "INVALID_NUMBER", "revision"],
    ["REJECTED", "INVALID_EMAIL", "customer.identity.value"],
    ["REJECTED", "CUSTOMER_NOT_FOUND", "customer.id"],
    ["REJECTED", "UNKNOWN_CHANNEL", "interaction.channel"],
    ["REJECTED", "REQUIRED", "interaction.kind"],
    ["REJECTED", "INVALID_VALUE", "interaction.direction"],
  ]);
  expect(results.every(({ ticket, ticketEvent }) => ticket === null && ticketEvent === null)).toBe(true);
  expect(await counts(app)).toEqual(before);
});

function contact(more: object = {}) {
  return { channel: "phone", direction: "INBOUND", initiative: "UNSOLICITED", kind: "call", ...more };
}

test("the contact that caused an event is recorded with it, its own event first", async () => {
  const [result] = await record([
    event("caused", 0, { ...person("caused"), interaction: contact({ summary: "My lamp broke" }) }),
  ]);
  const { data } = await app.execute(
    `query ($id: ID!) { node(id: $id) { ... on Interaction {
      sourceRef kind channel { code } direction actor occurredAt summary source { code } customer { id } } } }`,
    { id: result?.ticketEvent.interaction.id },
  );
  expect(data.node).toEqual({
    sourceRef: "ticket-event:caused/0",
    kind: "call",
    channel: { code: "phone" },
    direction: "INBOUND",
    actor: "HUMAN",
    occurredAt: "2026-11-21T09:00:00Z",
    summary: "My lamp broke",
    source: { code: "desk" },
    customer: result?.ticket.customer,
  });
  expect(await outbox(result?.ticket.customer.id)).toEqual([
    ["CUSTOMER_CREATED", null],
    ["INTERACTION_RECORDED", result?.ticketEvent.interaction.id.slice(4)],
    ["TICKET_OPENED", result?.ticket.id.slice(4)],
  ]);
});

test("a contact that was recorded before on its own is refused, and its event with it", async () => {
  const { sourceRef, customer, occurredAt } = event("taken", 0);
  const own = { ...contact(), sourceRef: `ticket-event:${sourceRef}`, customer, occurredAt };
  await app.execute(
    "mutation ($input: RecordInteractionsInput!) { recordInteractions(input: $input) { results { outcome } } }",
    { input: { source: "desk", interactions: [own] } },
  );
  const before = await counts(app);
  const results = await record([event("taken", 0, { interaction: contact() })]);
  expect(refusals(results)).toEqual([["REJECTED", "INTERACTION_TAKEN", "interaction"]]);
  expect(await counts(app)).toEqual(before);
});

test("an event that names another customer than the ticket's is refused, in the opening batch and later", async () => {
  const [opened, stolen] = await record([
    event("mine", 0, person("owner")),
    event("mine", 1, person("thief")),
  ]);
  expect(opened?.outcome).toBe("RECORDED");
  expect(refusals([stolen as never])).toEqual([["REJECTED", "TICKET_OF_ANOTHER_CUSTOMER", "customer"]]);
  const before = await counts(app);
  const [later] = await record([event("mine", 2, person("thief"))]);
  expect(refusals([later as never])).toEqual([["REJECTED", "TICKET_OF_ANOTHER_CUSTOMER", "customer"]]);
  expect(await counts(app)).toEqual(before);
});

test("a ticket that names nobody belongs to one guest, whoever sends its events", async () => {
  const before = await counts(app);
  const opening = await record([event("guest", 0, nobody), event("guest", 1, { customer: {} })]);
  const [later] = await record([event("guest", 2, nobody)]);
  const owners = [...opening, later].map((result) => result?.ticket.customer.id);
  expect(new Set(owners).size).toBe(1);
  const after = await counts(app);
  expect([after.customers, after.profiles]).toEqual([
    (before.customers as number) + 1,
    (before.profiles as number) + 1,
  ]);
});

test("an unnamed event beside a named one of the same new ticket belongs to that customer", async () => {
  const [first, second] = await record([event("beside", 0, nobody), event("beside", 1, person("beside"))]);
  expect(first?.ticket.customer).toEqual(second?.ticket.customer);
  const { data } = await app.execute("query ($id: ID!) { customer(id: $id) { anonymous } }", {
    id: first?.ticket.customer.id,
  });
  expect(data.customer.anonymous).toBe(false);
});

test("where the event that says whose a new ticket is was refused, the others are too: no guest takes it", async () => {
  const before = await counts(app);
  const wrong = { customer: { identity: { kind: "EMAIL", value: "no address" } } };
  const results = await record([event("orphan", 0, wrong), event("orphan", 1, nobody)]);
  expect(refusals(results)).toEqual([
    ["REJECTED", "INVALID_EMAIL", "customer.identity.value"],
    ["REJECTED", "TICKET_NOT_OPENED", "ticketRef"],
  ]);
  expect(await counts(app)).toEqual(before);
});

test("the same reference at another source is another ticket", async () => {
  const [desk] = await record([event("shared", 0)], "desk");
  const [shop] = await record([event("shared", 0)], "shop");
  expect(shop?.outcome).toBe("RECORDED");
  expect(shop?.ticket.id).not.toBe(desk?.ticket.id);
});

test("concurrent batches that open the same tickets agree on one ticket and customer each", async () => {
  const before = await counts(app);
  const lane = (name: string, step: number) =>
    Array.from({ length: 60 }, (_, i) => event(`race-${i}`, step, person(i % 2 ? "even" : `${name}-${i}`)));
  const lanes = ["a", "b", "c", "d"].map(lane);

  const answers = await Promise.all(lanes.map((events, i) => record(i % 2 ? events.toReversed() : events)));

  const results = answers.flat();
  const settled = results.map(({ outcome, error }) => error?.code ?? outcome);
  // Of the even ones all agree; of the odd ones the first of four takes the ticket.
  expect(settled.filter((word) => word === "RECORDED")).toHaveLength(30 * 4 + 30);
  expect(settled.filter((word) => word === "TICKET_OF_ANOTHER_CUSTOMER")).toHaveLength(30 * 3);
  const after = await counts(app);
  expect({ tickets: after.tickets, customers: after.customers, events: after.ticketEvents }).toEqual({
    tickets: (before.tickets as number) + 60,
    customers: (before.customers as number) + 31,
    events: (before.ticketEvents as number) + 150,
  });
});

test("concurrent twins of a batch record every event once and fold all of them", async () => {
  const batch = Array.from({ length: 60 }, (_, i) =>
    event(`twin-${i % 10}`, Math.floor(i / 10), {
      ...(i < 10 ? person(`twin-${i % 3}`) : nobody),
      status: i % 20 < 10 ? "OPEN" : "SOLVED",
    }),
  );
  const answers = await Promise.all(
    Array.from({ length: 4 }, (_, i) => record(i % 2 ? batch : batch.toReversed())),
  );
  const outcomes = answers.flat().map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome === "RECORDED")).toHaveLength(60);
  expect(outcomes.filter((outcome) => outcome === "DUPLICATE")).toHaveLength(180);
  const rows = await app.database.read.execute(
    sql`select distinct status, reopen_count, opened_at::text from tickets where source_ref like 'twin-%'`,
  );
  expect([...rows]).toEqual([{ status: "SOLVED", reopen_count: 2, opened_at: "2026-11-21 09:00:00+00" }]);
});

test("batches of different events of the same tickets, at once, lose none in the fold", async () => {
  await record(Array.from({ length: 10 }, (_, i) => event(`fold-${i}`, 0, person(`fold-${i % 3}`))));
  const teams = Array.from({ length: 5 }, (_, lane) =>
    Array.from({ length: 10 }, (_, i) => event(`fold-${i}`, lane + 1, { ...nobody, team: `team ${lane}` })),
  );
  await Promise.all(teams.map((events, i) => record(i % 2 ? events.toReversed() : events)));
  const rows = await app.database.read.execute(
    sql`select distinct team, transfer_count from tickets where source_ref like 'fold-%'`,
  );
  expect([...rows]).toEqual([{ team: "team 4", transfer_count: 4 }]);
});

test("a batch of 1,000 is taken with as many statements as one of 10, one of 1,001 is refused whole", async () => {
  const batch = (name: string, size: number) =>
    Array.from({ length: size }, (_, i) =>
      event(`${name}-${i % (size / 5)}`, Math.floor(i / (size / 5)), {
        ...person(`${name}-${i % (size / 10)}`),
        channel: "phone",
        interaction: contact(),
      }),
    );
  app.statements.length = 0;
  await record(batch("ten", 10));
  const forTen = app.statements.length;
  app.statements.length = 0;
  const results = await record(batch("thousand", 1000));
  expect(results.every(({ outcome }) => outcome === "RECORDED")).toBe(true);
  expect(app.statements.length).toBe(forTen);
  const before = await counts(app);
  const { errors } = await app.execute(RECORD, {
    input: { source: "desk", events: Array.from({ length: 1001 }, (_, i) => event("more", i % 60)) },
  });
  expect(errors?.[0].extensions.code).toBe("BATCH_TOO_LARGE");
  expect(await counts(app)).toEqual(before);
});
