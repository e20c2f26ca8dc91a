import { describe, expect, test } from "@jest/globals";
import { check } from "./support/check.js";
import type { Attempt, Delivery, History, StoredEvent, Subscriber } from "./support/history.js";

// A checker that finds nothing proves nothing unless it finds what is wrong: every history below is doctored in one way.

/** Two customers, four contacts, one refused item, two subscribers of which one resumed with a repeat. */
function goodHistory() {
  const events: StoredEvent[] = [
    event("a", 1, 1, null, "CUSTOMER_CREATED"),
    event("a", 2, 2, "i1"),
    event("b", 1, 3, null, "CUSTOMER_CREATED"),
    event("b", 2, 4, "i2"),
    event("a", 3, 5, "i3"),
    event("b", 3, 6, "i4"),
  ];
  const all = events.map((each) => delivery(each, 1));
  const resumed = [
    ...all.slice(0, 4),
    ...events.slice(2).map((each) => delivery(each, 2)), // the third and fourth come again
  ];
  const attempts: Attempt[] = [
    ...["1", "2", "3", "4"].map((n) => attempt(`r${n}`, "ok", [`i${n}`])),
    { ...attempt("refused", "fail", []), isBad: true },
    attempt("unheard", "unknown", []),
  ];
  return {
    attempts,
    subscribers: [
      { name: "steady", beganAt: 0, deliveries: all },
      { name: "resumed", beganAt: 0, deliveries: resumed },
    ],
    facts: ["1", "2", "3", "4"].map((n) => ({ ref: `r${n}`, id: `i${n}` })),
    events,
    customers: [
      { id: "a", seq: 3 },
      { id: "b", seq: 3 },
    ],
    head: 6,
    servers: [{ name: "node1", output: "GraphQL http://…", peakMb: 150, crashes: [] as string[] }],
  } satisfies History;
}

function event(
  customerId: string,
  seq: number,
  pos: number | null,
  subjectId: string | null,
  type = "INTERACTION_RECORDED",
): StoredEvent {
  return { customerId, seq, pos, subjectId, type };
}

function delivery({ customerId, seq, subjectId }: StoredEvent, connection: number): Delivery {
  return { customerId, seq, subjectId, connection, at: 0 };
}

function attempt(ref: string, outcome: Attempt["outcome"], ids: string[]): Attempt {
  return { ref, customerRef: "c", sentAt: 0, outcome, ids, sends: 1 };
}

/** What makes a subscriber one that has asked for contacts only. */
function onlyContacts(deliveries: readonly Delivery[]): object {
  return { type: "INTERACTION_RECORDED", deliveries: deliveries.filter(({ subjectId }) => subjectId) };
}

type Good = ReturnType<typeof goodHistory>;

const doctored: [string, (history: Good) => void, RegExp][] = [
  ["an acknowledged contact is lost", ({ facts }) => facts.pop(), /^acknowledged, but not stored \(1\): r4$/],
  ["a repeat was answered with another id", ({ attempts }) => attempts[0]!.ids.push("i9"), /another id/],
  ["something was stored that nobody sent", ({ attempts }) => attempts.shift(), /never sent \(1\): r1/],
  [
    "a refused item is stored",
    ({ facts, events, customers }) => {
      facts.push({ ref: "refused", id: "i5" });
      events.push(event("a", 4, 7, "i5"));
      customers[0]!.seq = 4;
    },
    /refused, but stored/,
  ],
  [
    "a good contact was refused",
    ({ attempts }) => attempts.push(attempt("r9", "fail", [])),
    /answered wrongly \(1\): r9/,
  ],
  ["one key has two facts", ({ facts }) => facts.push({ ref: "r1", id: "i1b" }), /stored twice \(1\): r1/],
  [
    "a fact has no event",
    ({ facts, attempts }) => {
      facts.push({ ref: "r5", id: "i5" });
      attempts.push(attempt("r5", "ok", ["i5"]));
    },
    /without an event \(1\): r5/,
  ],
  ["an event has no fact", ({ events }) => (events[1]!.subjectId = "i7"), /without what it is about/],
  ["two events are of one fact", ({ events }) => (events[3]!.subjectId = "i1"), /two events of one fact/],
  ["a customer's number is skipped", ({ events }) => (events[4]!.seq = 4), /seq is not 1, 2, 3/],
  ["a customer's number lags", ({ customers }) => (customers[1]!.seq = 2), /seq is not 1, 2, 3/],
  ["a position is given twice", ({ events }) => (events[5]!.pos = 5), /positions are not/],
  ["a position is skipped", ({ events }) => (events[5]!.pos = 7), /positions are not/],
  ["an event was never stamped", ({ events }) => (events[5]!.pos = null), /without a position \(1\)/],
  ["the head is ahead of the log", (history) => (history.head = 7), /the head is 7/],
  [
    "numbers and positions disagree",
    ({ events }) => {
      [events[1]!.pos, events[4]!.pos] = [5, 2];
    },
    /another order than their numbers/,
  ],
  [
    "something was delivered that is not stored",
    ({ subscribers }) => subscribers[0]!.deliveries.push(delivery(event("a", 9, null, "i9"), 1)),
    /^steady: delivered, but not stored \(1\): a:9$/,
  ],
  [
    "an event was missed in the middle",
    ({ subscribers }) => subscribers[0]!.deliveries.splice(3, 1),
    /^steady: out of order/,
  ],
  [
    "the first event was missed",
    ({ subscribers }) => subscribers[0]!.deliveries.shift(),
    /^steady: out of order/,
  ],
  [
    "the last event was missed",
    ({ subscribers }) => subscribers[0]!.deliveries.pop(),
    /^steady: stopped at 5 of 6$/,
  ],
  [
    "an event was missed by a resume",
    ({ subscribers }) => subscribers[1]!.deliveries.splice(4, 3),
    /^resumed: out of order/,
  ],
  [
    "an event came twice without a resume",
    ({ subscribers }) => {
      const { deliveries } = subscribers[0]!;
      deliveries.splice(3, 0, deliveries[2]!);
    },
    /without a resume/,
  ],
  [
    "two events changed places",
    ({ subscribers }) => {
      const { deliveries } = subscribers[0]!;
      [deliveries[2], deliveries[3]] = [deliveries[3]!, deliveries[2]!];
    },
    /^steady: out of order/,
  ],
  [
    "an event was missed by one who asked for its type only",
    ({ subscribers }) =>
      Object.assign(subscribers[0]!, onlyContacts(subscribers[0]!.deliveries.toSpliced(3, 1))),
    /^steady: out of order \(1\): a:3 came at 3 for 2$/,
  ],
  [
    "an event was delivered that was sent long after the access had ended",
    ({ subscribers, attempts }) => {
      attempts[3]!.sentAt = 5_000;
      Object.assign(subscribers[0]!, { lostAccessAt: 3_999 });
    },
    /^steady: delivered after its access had ended \(1\): b:3$/,
  ],
  [
    "somebody was shown what only another class sees",
    ({ subscribers }) => {
      Object.assign(subscribers[0]!.deliveries[1]!, { shown: "secret" });
      Object.assign(subscribers[0]!, { maySee: ["open"] });
    },
    /^steady: shown what another class sees \(1\): a:2 secret$/,
  ],
  ["a server ended by itself", ({ servers }) => servers[0]!.crashes.push("node1 ended"), /^node1 ended$/],
  [
    "a rejection went unhandled",
    ({ servers }) => (servers[0]!.output += "triggered an UnhandledPromiseRejection"),
    /unhandled error/,
  ],
  ["a server grew", ({ servers }) => (servers[0]!.peakMb = 900), /took 900 MB/],
];

test("a history that keeps every promise has no findings", () => {
  expect(check(goodHistory())).toEqual([]);
});

test("who asked for one type, began later or lost access need not have everything", () => {
  const history = goodHistory();
  const [all] = history.subscribers.map(({ deliveries }) => deliveries) as [Delivery[]];
  const subscribers = [
    { name: "contacts", beganAt: 0, ...onlyContacts(all) },
    { name: "later", beganAt: 3, ...onlyContacts(all.slice(3)) },
    { name: "revoked", beganAt: 0, deliveries: all.slice(0, 4), lostAccessAt: 0 },
  ] as Subscriber[];
  expect(check({ ...history, subscribers })).toEqual([]);
});

describe("a history is found out when", () => {
  test.each(doctored)("%s", (_, doctor, finding) => {
    const history = goodHistory();
    doctor(history);
    const findings = check(history);
    expect(findings).toEqual(expect.arrayContaining([expect.stringMatching(finding)]));
  });
});
