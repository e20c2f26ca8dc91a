import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { startTestApp, type TestApp } from "../../support/app.js";
import { limitedKey } from "../loyalty/limited-key.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

let refs = 0;

/** One answer as a source would send it; every call is another one. */
function answer(customer: string | null, kind: string, score: number, more: object = {}) {
  const about = customer && { customer: { sourceRef: customer } };
  return { sourceRef: `F-${++refs}`, ...about, kind, score, answeredAt: "2026-03-01T10:00:00Z", ...more };
}

const record = `mutation ($input: RecordFeedbackInput!) { recordFeedback(input: $input) { results {
  index outcome cursor error { code field }
  feedback { id kind score scaleMin scaleMax surveyVersion comment channel { code } ticket { number } answeredAt occurredAt
    customer { id } source { code } sourceRef }
} } }`;

async function send(feedback: object[], source = "survey") {
  const { data, errors } = await app.execute(record, { input: { source, feedback } });
  if (errors) throw new Error(JSON.stringify(errors));
  return data.recordFeedback.results;
}

async function openTicket(customer: string, ticketRef: string) {
  const { data, errors } = await app.execute(
    `mutation ($input: RecordTicketEventsInput!) { recordTicketEvents(input: $input) { results { error { code } ticket { id } } } }`,
    {
      input: {
        source: "survey",
        events: [
          {
            sourceRef: `${ticketRef}-opened`,
            ticketRef,
            customer: { sourceRef: customer },
            kind: "OPENED",
            occurredAt: "2026-02-01T10:00:00Z",
          },
        ],
      },
    },
  );
  expect(errors).toBeUndefined();
  return data.recordTicketEvents.results[0].ticket.id as string;
}

async function counts() {
  const [row] = await app.database.read.execute(sql`
    select (select count(*) from feedback)::int as feedback, (select count(*) from customers)::int as customers,
      (select count(*) from record_claims)::int as claims, (select count(*) from events)::int as events`);
  return row;
}

describe("what is recorded", () => {
  test("an answer keeps its scale, its version, its words, and where it was given", async () => {
    const item = answer("ada", "CSAT", 2, { surveyVersion: "v3", comment: "دیر شد", channel: "email" });
    const [result] = await send([item]);
    expect(result).toEqual({
      index: 0,
      outcome: "RECORDED",
      cursor: expect.any(String),
      error: null,
      feedback: {
        id: expect.stringMatching(/^fbk_/),
        kind: "CSAT",
        score: 2,
        scaleMin: 1,
        scaleMax: 5,
        surveyVersion: "v3",
        comment: "دیر شد",
        channel: { code: "email" },
        ticket: null,
        answeredAt: "2026-03-01T10:00:00Z",
        occurredAt: "2026-03-01T10:00:00Z",
        customer: { id: expect.stringMatching(/^cus_/) },
        source: { code: "survey" },
        sourceRef: item.sourceRef,
      },
    });
    const rows = await app.database.read.execute(
      sql`select type, seq::int from events where subject_id = ${result.feedback.id.slice(4)}`,
    );
    expect(rows).toEqual([{ type: "FEEDBACK_RECORDED", seq: 2 }]);
  });

  test("the ends of a scale that are left out are the usual ones", async () => {
    const results = await send([
      answer("ada", "CES", 7),
      answer("ada", "NPS", 0),
      answer("ada", "CSAT", 10, { scaleMax: 10 }),
      answer("ada", "CSAT", 0, { scaleMin: 0, scaleMax: 1 }),
    ]);
    expect(
      results.map(({ feedback }: { feedback: Scored }) => [
        feedback.score,
        feedback.scaleMin,
        feedback.scaleMax,
      ]),
    ).toEqual([
      [7, 1, 7],
      [0, 0, 10],
      [10, 1, 10],
      [0, 0, 1],
    ]);
  });

  test("an answer about a ticket leads to it; one that names nobody is that of the ticket's customer", async () => {
    const id = await openTicket("tia", "T-1");
    const [named, unnamed, empty] = await send([
      answer("tia", "CSAT", 5, { ticketRef: "T-1" }),
      answer(null, "CES", 1, { ticketRef: "T-1" }),
      answer(null, "NPS", 9, { ticketRef: "T-1", customer: {} }),
    ]);
    const { data } = await app.execute(
      `query ($id: ID!) { feedback(where: { ticketId: { eq: $id } }) { totalCount nodes { ticket { id } } }
        node(id: $id) { ... on Ticket { customer { id } } } }`,
      { id },
    );
    expect(data.feedback).toEqual({ totalCount: 3, nodes: Array(3).fill({ ticket: { id } }) });
    for (const result of [named, unnamed, empty])
      expect(result.feedback.customer.id).toBe(data.node.customer.id);
  });
});

describe("what is refused", () => {
  test.each([
    ["OUT_OF_SCALE", "score", { score: 6 }],
    ["OUT_OF_SCALE", "score", { score: 0 }],
    ["OUT_OF_SCALE", "score", { kind: "NPS", score: 11 }],
    ["INVALID_SCALE", "scaleMin", { kind: "NPS", scaleMin: 1 }],
    ["INVALID_SCALE", "scaleMax", { kind: "NPS", scaleMax: 5 }],
    ["INVALID_SCALE", "scaleMax", { scaleMin: 5 }],
    ["INVALID_NUMBER", "scaleMax", { scaleMax: 101 }],
    ["UNKNOWN_CHANNEL", "channel", { channel: "fax" }],
    ["UNKNOWN_TICKET", "ticketRef", { ticketRef: "none" }],
    ["UNKNOWN_TICKET", "ticketRef", { ticketRef: "none", customer: null }],
    ["TICKET_OF_ANOTHER_CUSTOMER", "ticketRef", { ticketRef: "T-9" }],
    ["TOO_LONG", "surveyVersion", { surveyVersion: "v".repeat(501) }],
    ["BAD_ID", "customer.id", { customer: { id: "cus_1" } }],
  ])("%s at %s: %j", async (code, field, wrong) => {
    await openTicket("somebody else", "T-9");
    const before = await counts();
    const [result] = await send([{ ...answer("nobody", "CSAT", 3), ...wrong }]);
    expect(result).toMatchObject({
      outcome: "REJECTED",
      feedback: null,
      cursor: null,
      error: { code, field },
    });
    expect(await counts()).toEqual(before);
  });

  test("a ticket of another source is unknown", async () => {
    await openTicket("tia", "T-2");
    const [result] = await send([answer(null, "CSAT", 3, { ticketRef: "T-2" })], "another");
    expect(result.error).toEqual({ code: "UNKNOWN_TICKET", field: "ticketRef" });
  });

  test("a bad item leaves the good ones of its batch alone", async () => {
    const results = await send([
      answer("bob", "CSAT", 9),
      answer("bob", "CSAT", 1),
      answer("bob", "NPS", 1, { channel: "fax" }),
    ]);
    expect(results.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      "REJECTED",
      "RECORDED",
      "REJECTED",
    ]);
    const { data } = await app.execute(
      `{ customerByIdentity(kind: EXTERNAL_ID, value: "survey:bob") { feedback { totalCount } } }`,
    );
    expect(data.customerByIdentity.feedback.totalCount).toBe(1);
  });
});

test("an answer sent again, in one batch or at the same moment, is recorded once", async () => {
  const item = answer("cyd", "NPS", 10);
  const results = (await Promise.all(Array.from({ length: 5 }, () => send([item, item])))).flat();
  expect(results.filter(({ outcome }) => outcome === "RECORDED")).toHaveLength(1);
  expect(results.filter(({ outcome }) => outcome === "DUPLICATE")).toHaveLength(9);
  expect(new Set(results.map(({ feedback }) => feedback.id)).size).toBe(1);
});

describe("what is read", () => {
  beforeAll(() =>
    send(
      Array.from({ length: 1_000 }, (_, i) =>
        answer(`r-${i % 100}`, "NPS", i % 11, { surveyVersion: "crowd" }),
      ),
    ),
  );

  test("all feedback can be filtered, sorted and paged", async () => {
    const page = `feedback(first: 3, where: { surveyVersion: { eq: "crowd" }, score: { lte: 6 } },
      sort: [{ field: SCORE }, { field: ANSWERED_AT, order: ASC }]`;
    const { data } = await app.execute(`{ ${page}) { totalCount nodes { score } pageInfo { endCursor } } }`);
    expect(data.feedback.nodes).toEqual([{ score: 6 }, { score: 6 }, { score: 6 }]);
    expect(data.feedback.totalCount).toBe(637);
    const next = await app.execute(
      `query ($after: String) { ${page}, after: $after) { nodes { score } pageInfo { hasPreviousPage } } }`,
      {
        after: data.feedback.pageInfo.endCursor,
      },
    );
    expect(next.data.feedback).toEqual({
      nodes: Array(3).fill({ score: 6 }),
      pageInfo: { hasPreviousPage: true },
    });
  });

  test("feedback is a node and a timeline entry", async () => {
    const [{ feedback }] = await send([answer("dan", "CES", 4)]);
    const { data } = await app.execute(
      `query ($id: ID!) { node(id: $id) { __typename ... on TimelineEntry { occurredAt } ... on Feedback { score } } }`,
      { id: feedback.id },
    );
    expect(data.node).toEqual({ __typename: "Feedback", occurredAt: "2026-03-01T10:00:00Z", score: 4 });
  });

  test("the feedback of 100 customers costs as many statements as that of one", async () => {
    const costs = [];
    for (const first of [1, 100]) {
      app.statements.length = 0;
      const { data } = await app.execute(
        `query ($first: Int) { customers(first: $first, where: { source: { eq: "survey" } }) {
          nodes { feedback(first: 5, where: { score: { gte: 0 } }) { totalCount nodes { score channel { code } customer { id } } } } } }`,
        { first },
      );
      expect(data.customers.nodes).toHaveLength(first);
      costs.push([...app.statements]);
    }
    expect(costs[1]).toEqual(costs[0]);
    expect(costs[0]).toHaveLength(1);
  });

  test("a batch of 1,000 takes as many statements as one answer", async () => {
    await openTicket("eve", "T-5");
    const costs = [];
    for (const size of [1, 1_000]) {
      const items = Array.from({ length: size }, () =>
        answer("eve", "CSAT", 3, { channel: "chat", ticketRef: "T-5" }),
      );
      app.statements.length = 0;
      expect((await send(items)).at(-1).outcome).toBe("RECORDED");
      costs.push(app.statements.map((text) => text.slice(0, 60)));
    }
    expect(costs[1]).toEqual(costs[0]);
  });
});

test("reading takes feedback:read, recording feedback:write", async () => {
  const other = await limitedKey(app, ["customers:read", "tickets:read"]);
  for (const document of [
    "{ feedback { totalCount } }",
    "{ customers { nodes { feedback { totalCount } } } }",
    `mutation { recordFeedback(input: { source: "survey", feedback: [] }) { results { index } } }`,
  ]) {
    const { data, errors } = await app.execute(document, {}, { key: other });
    expect([data ?? null, errors?.[0].extensions.code]).toEqual([null, "FORBIDDEN"]);
  }
  const reader = await limitedKey(app, ["feedback:read"]);
  expect((await app.execute("{ feedback { totalCount } }", {}, { key: reader })).errors).toBeUndefined();
  const { errors } = await app.execute("{ feedback { nodes { ticket { id } } } }", {}, { key: reader });
  expect(errors?.[0].extensions.code).toBe("FORBIDDEN");
});

interface Scored {
  score: number;
  scaleMin: number;
  scaleMax: number;
}
