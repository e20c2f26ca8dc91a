import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startTestApp, type TestApp } from "../../support/app.js";
import { event, recorder } from "./given.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await record(given);
});
afterAll(() => app.stop());
const record = recorder(() => app);

const ann = { customer: { sourceRef: "ann" } };
const bob = { customer: { sourceRef: "bob" } };
const day = (n: number, more: object = {}) => ({ occurredAt: `2026-11-0${n}T08:00:00Z`, ...more });

/** Ann: 1 open, 2 pending, 3 closed and once reopened. Bob: 4 new. */
const given = [
  event("1", 0, { ...ann, ...day(1), status: "OPEN", priority: "LOW", team: "desk", slaMet: true }),
  event("2", 0, {
    ...ann,
    ...day(2),
    status: "PENDING",
    priority: "URGENT",
    channel: "chat",
    category: "goods",
  }),
  event("3", 0, { ...ann, ...day(3), priority: "HIGH", assignee: "kim", slaMet: false }),
  event("3", 1, { ...ann, ...day(4), kind: "SOLVED" }),
  event("3", 2, { ...ann, ...day(5), kind: "REOPENED" }),
  event("3", 3, { ...ann, ...day(6), kind: "CLOSED" }),
  event("4", 0, { ...bob, ...day(4), number: "N-4" }),
];

async function numbers(where: object | null, sort: object[] | null = null): Promise<string[]> {
  const { data, errors } = await app.execute(
    `query ($where: TicketFilter, $sort: [TicketSort!]) {
      tickets(where: $where, sort: $sort) { nodes { number } totalCount } }`,
    { where, sort },
  );
  expect(errors).toBeUndefined();
  const found = data.tickets.nodes.map((node: { number: string }) => node.number);
  expect(data.tickets.totalCount).toBe(found.length);
  return found;
}

test("tickets of all customers come newest opened first", async () => {
  expect(await numbers(null)).toEqual(["N-4", "3", "2", "1"]);
});

test.each([
  ["status", { status: { in: ["OPEN", "PENDING"] } }, ["2", "1"]],
  ["priority", { priority: { eq: "HIGH" } }, ["3"]],
  ["slaMet", { slaMet: { eq: false } }, ["3"]],
  ["slaMet unknown", { slaMet: { isNull: true } }, ["N-4", "2"]],
  ["reopenCount", { reopenCount: { gt: 0 } }, ["3"]],
  ["transferCount", { transferCount: { gt: 0 } }, []],
  ["source", { source: { eq: "desk" } }, ["N-4", "3", "2", "1"]],
  ["channel", { channel: { eq: "chat" } }, ["2"]],
  ["category", { category: { eq: "goods" } }, ["2"]],
  ["team", { team: { eq: "desk" } }, ["1"]],
  ["assignee", { assignee: { eq: "kim" } }, ["3"]],
  ["number", { number: { eq: "N-4" } }, ["N-4"]],
  ["openedAt", { openedAt: { gte: "2026-11-03T00:00:00Z" } }, ["N-4", "3"]],
  ["solvedAt", { solvedAt: { eq: "2026-11-06T08:00:00Z" } }, ["3"]],
  [
    "no reply yet, not open",
    { firstRepliedAt: { isNull: true }, not: { solvedAt: { isNull: true } } },
    ["3"],
  ],
])("tickets are found by %s", async (_, where, found) => {
  expect(await numbers(where)).toEqual(found);
});

test("tickets are found by customer and by id", async () => {
  const { data } = await app.execute(
    '{ tickets(where: { number: { eq: "N-4" } }) { nodes { id customer { id } } } }',
  );
  const [{ id, customer }] = data.tickets.nodes;
  expect(await numbers({ id: { eq: id } })).toEqual(["N-4"]);
  expect(await numbers({ customerId: { eq: customer.id } })).toEqual(["N-4"]);
});

test.each([
  ["OPENED_AT", "ASC", ["1", "2", "3", "N-4"]],
  ["UPDATED_AT", "DESC", ["3", "N-4", "2", "1"]],
  ["PRIORITY", "DESC", ["2", "3", "N-4", "1"]],
  ["STATUS", "ASC", ["N-4", "1", "2", "3"]],
  ["NUMBER", "ASC", ["1", "2", "3", "N-4"]],
])("tickets are sorted by %s", async (field, order, sorted) => {
  expect(await numbers(null, [{ field, order }])).toEqual(sorted);
});

test("a customer shows the tickets that are asked for, newest opened first, and counts the open ones", async () => {
  const { data } = await app.execute(
    `query ($where: CustomerFilter) { customers(where: $where) { nodes {
      openTicketCount
      tickets(first: 10, where: { status: { in: [OPEN, PENDING] } }) { nodes { number status priority } totalCount }
    } } }`,
    { where: { source: { eq: "desk" } } },
  );
  expect(data.customers.nodes).toHaveLength(2);
  expect(data.customers.nodes).toEqual(
    expect.arrayContaining([
      {
        openTicketCount: 2,
        tickets: {
          totalCount: 2,
          nodes: [
            { number: "2", status: "PENDING", priority: "URGENT" },
            { number: "1", status: "OPEN", priority: "LOW" },
          ],
        },
      },
      { openTicketCount: 1, tickets: { totalCount: 0, nodes: [] } },
    ]),
  );
});

test("a ticket pages through its events in the order they happened, and each leads back to it", async () => {
  const { data } = await app.execute(
    `{ tickets(where: { number: { eq: "3" } }) { nodes {
      number subject channel { code } reopenCount slaMet source { code } sourceRef
      events(first: 3) { totalCount pageInfo { hasNextPage }
        nodes { __typename kind status occurredAt ticket { number } source { code } sourceRef } }
    } } }`,
  );
  const back = { __typename: "TicketEvent", ticket: { number: "3" }, source: { code: "desk" } };
  expect(data.tickets.nodes).toEqual([
    {
      number: "3",
      subject: null,
      channel: null,
      reopenCount: 1,
      slaMet: false,
      source: { code: "desk" },
      sourceRef: "3",
      events: {
        totalCount: 4,
        pageInfo: { hasNextPage: true },
        nodes: [
          { ...back, kind: "OPENED", status: null, occurredAt: "2026-11-03T08:00:00Z", sourceRef: "3/0" },
          { ...back, kind: "SOLVED", status: "SOLVED", occurredAt: "2026-11-04T08:00:00Z", sourceRef: "3/1" },
          { ...back, kind: "REOPENED", status: "OPEN", occurredAt: "2026-11-05T08:00:00Z", sourceRef: "3/2" },
        ],
      },
    },
  ]);
});

test("tickets and their events are nodes, and an event is an entry of a timeline", async () => {
  const { data } = await app.execute(
    '{ tickets(where: { number: { eq: "1" } }) { nodes { id events { nodes { id } } } } }',
  );
  const [ticket] = data.tickets.nodes;
  const answer = await app.execute(
    `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on TimelineEntry { occurredAt } } }`,
    { ids: [ticket.id, ticket.events.nodes[0].id] },
  );
  expect(answer.data.nodes).toEqual([
    { __typename: "Ticket", id: ticket.id },
    { __typename: "TicketEvent", id: ticket.events.nodes[0].id, occurredAt: "2026-11-01T08:00:00Z" },
  ]);
});

test("the ticket edges cost as many statements for 100 customers as for one", async () => {
  const crowd = Array.from({ length: 100 }, (_, i) =>
    event(`crowd-${i}`, 0, { customer: { sourceRef: `${i}` } }),
  );
  await record(crowd, "crowd");
  const list = `query ($first: Int!) { customers(first: $first, where: { source: { eq: "crowd" } }) { nodes {
    openTicketCount tickets(first: 2) { nodes { number customer { id } events(first: 2) { nodes { kind ticket { id } } } } }
  } } }`;
  const statementsFor = async (first: number) => {
    app.statements.length = 0;
    const { data } = await app.execute(list, { first });
    expect(data.customers.nodes).toHaveLength(first);
    expect(
      data.customers.nodes.every((node: { openTicketCount: number }) => node.openTicketCount === 1),
    ).toBe(true);
    return app.statements.length;
  };
  expect(await statementsFor(100)).toBe(await statementsFor(1));
});
