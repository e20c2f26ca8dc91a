import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { impliedStatus, type TicketStep, ticketStateOf } from "../../../src/domains/tickets/ticket.rules.js";

const nothingSaid = {
  kind: "UPDATED",
  status: null,
  priority: null,
  subject: null,
  category: null,
  channel: null,
  assignee: null,
  team: null,
  slaMet: null,
  reopenCount: null,
} as const;

/** Steps a minute apart, in the order given. */
function steps(...said: Partial<TicketStep>[]): TicketStep[] {
  return said.map((more, i) => ({
    ...nothingSaid,
    id: `tev_0000000${i}-0000-7000-8000-000000000000`,
    occurredAt: at(i),
    revision: 0,
    ...more,
  }));
}

function at(minute: number): string {
  return `2026-11-21T09:${String(minute).padStart(2, "0")}:00Z`;
}

test("a ticket of which nothing was said is NEW and NORMAL, opened and last changed with its event", () => {
  expect(ticketStateOf(steps({}))).toEqual({
    status: "NEW",
    priority: "NORMAL",
    subject: null,
    category: null,
    channel: null,
    assignee: null,
    team: null,
    slaMet: null,
    openedAt: at(0),
    firstRepliedAt: null,
    solvedAt: null,
    closedAt: null,
    reopenCount: 0,
    transferCount: 0,
    updatedAt: at(0),
  });
});

test("of each field the latest word holds, and silence changes nothing", () => {
  const state = ticketStateOf(
    steps(
      { priority: "HIGH", subject: "Lamp", category: "goods", channel: "phone", assignee: "a", slaMet: true },
      { subject: "Broken lamp", slaMet: false },
      { priority: "LOW", assignee: "b" },
    ),
  );
  expect(state).toMatchObject({
    priority: "LOW",
    subject: "Broken lamp",
    category: "goods",
    channel: "phone",
    assignee: "b",
    slaMet: false,
    updatedAt: at(2),
  });
});

describe("solving, closing and reopening", () => {
  const statuses = (...names: TicketStep["status"][]) =>
    ticketStateOf(steps(...names.map((status) => ({ status }))));

  test("closing a solved ticket keeps the time it was solved and reopens nothing", () => {
    expect(statuses("OPEN", "SOLVED", "CLOSED")).toMatchObject({
      status: "CLOSED",
      solvedAt: at(1),
      closedAt: at(2),
      reopenCount: 0,
    });
  });

  test("a ticket closed at once is solved by that", () => {
    expect(statuses("NEW", "CLOSED")).toMatchObject({ solvedAt: at(1), closedAt: at(1) });
  });

  test("saying SOLVED or CLOSED again moves neither time", () => {
    expect(statuses("SOLVED", "SOLVED", "CLOSED", "CLOSED")).toMatchObject({
      solvedAt: at(0),
      closedAt: at(2),
    });
  });

  test.each(["NEW", "OPEN", "PENDING", "ON_HOLD"] as const)("going back to %s is a reopening", (status) => {
    expect(statuses("SOLVED", status)).toMatchObject({ solvedAt: null, closedAt: null, reopenCount: 1 });
    expect(statuses("CLOSED", status)).toMatchObject({ solvedAt: null, closedAt: null, reopenCount: 1 });
  });

  test("each return counts, and the last solving is the one shown", () => {
    expect(statuses("SOLVED", "OPEN", "PENDING", "CLOSED", "OPEN", "SOLVED")).toMatchObject({
      status: "SOLVED",
      solvedAt: at(5),
      closedAt: null,
      reopenCount: 2,
    });
  });

  test("a ticket that goes from CLOSED back to SOLVED is not closed any more, and not reopened", () => {
    expect(statuses("CLOSED", "SOLVED")).toMatchObject({ solvedAt: at(0), closedAt: null, reopenCount: 0 });
  });

  test("a kind implies the status that its word means, the others none", () => {
    expect(
      (["OPENED", "UPDATED", "ASSIGNED", "REPLIED", "NOTED", "SOLVED", "REOPENED", "CLOSED"] as const).map(
        (kind) => [kind, impliedStatus(kind)],
      ),
    ).toEqual([
      ["OPENED", null],
      ["UPDATED", null],
      ["ASSIGNED", null],
      ["REPLIED", null],
      ["NOTED", null],
      ["SOLVED", "SOLVED"],
      ["REOPENED", "OPEN"],
      ["CLOSED", "CLOSED"],
    ]);
  });
});

test("the first team is no transfer, every change after it is one", () => {
  const state = ticketStateOf(
    steps({}, { team: "desk" }, { team: "desk" }, {}, { team: "network" }, { team: "desk" }),
  );
  expect(state).toMatchObject({ team: "desk", transferCount: 2 });
});

test("the first reply is the first REPLIED event, whatever was noted or solved before", () => {
  const state = ticketStateOf(
    steps({ kind: "OPENED" }, { kind: "NOTED" }, { kind: "REPLIED" }, { kind: "REPLIED" }),
  );
  expect(state.firstRepliedAt).toBe(at(2));
});

test("events at the same time stand in the order of their revisions, then of their ids", () => {
  const [a, b, c] = steps(
    { occurredAt: at(0), revision: 2, status: "CLOSED" },
    { occurredAt: at(0), revision: 1, status: "SOLVED" },
    { occurredAt: at(0), revision: 2, status: "OPEN" },
  ) as [TicketStep, TicketStep, TicketStep];
  expect(ticketStateOf([c, b, a])).toMatchObject({ status: "OPEN", reopenCount: 1 });
});

test("a time without a fraction is before the same second with one", () => {
  const state = ticketStateOf(
    steps(
      { occurredAt: "2026-11-21T09:30:00.5Z", status: "SOLVED" },
      { occurredAt: "2026-11-21T09:30:00Z", status: "OPEN" },
      { occurredAt: "2026-11-21T09:30:00.25Z", status: "PENDING" },
    ),
  );
  expect(state).toMatchObject({ status: "SOLVED", openedAt: "2026-11-21T09:30:00Z", reopenCount: 0 });
});

test("the order in which events come in changes nothing", () => {
  const status = fc.option(
    fc.constantFrom(
      "NEW" as const,
      "OPEN" as const,
      "PENDING" as const,
      "SOLVED" as const,
      "CLOSED" as const,
    ),
  );
  const said = fc.record({
    status,
    team: fc.option(fc.constantFrom("a", "b", "c")),
    kind: fc.constantFrom("UPDATED" as const, "REPLIED" as const),
    occurredAt: fc.integer({ min: 0, max: 5 }).map(at),
    revision: fc.integer({ min: 0, max: 2 }),
  });
  const shuffled = fc
    .array(said, { minLength: 1, maxLength: 10 })
    .map((list) => steps(...list))
    .chain((list) =>
      fc.tuple(
        fc.constant(list),
        fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
      ),
    );
  fc.assert(
    fc.property(shuffled, ([inOrder, outOfOrder]) => {
      expect(ticketStateOf(outOfOrder)).toEqual(ticketStateOf(inOrder));
    }),
  );
});

test("a source that counts reopenings itself is believed: its latest word holds", () => {
  const state = ticketStateOf(
    steps({ status: "SOLVED", reopenCount: 0 }, { status: "OPEN", reopenCount: 3 }, { status: "CLOSED" }),
  );
  expect(state.reopenCount).toBe(3);
});
