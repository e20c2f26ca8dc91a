import { sql } from "drizzle-orm";
import type { TestApp } from "../app.js";

const strange =
  'line\nbreak\ttab "quote" \\ back \u0001\u001f\u007f \u2028\u2029 😀 </script> \'; -- {a,b} $1';
const persian = "سلام ۱۲۳ می‌خواهم";
const arabic = "مُحَمَّد العربي";
const attributes = {
  whole: 1.0,
  huge: 1e21,
  long: Number("12345678901234567890"),
  small: 1e-7,
  negativeZero: -0,
  fraction: 0.1,
  nothing: null,
  yes: true,
  "": "",
  '"': strange,
  10: "ten",
  2: "two",
  deep: { [persian]: [{}, [], [[1, [2]]], { a: { b: { c: arabic } } }] },
};
const at = (minute: number, fraction = "") =>
  `2026-03-01T10:${String(minute).padStart(2, "0")}:00${fraction}Z`;
const person = (n: number) => ({ sourceRef: `p${n}` });
const people = 12;

/**
 * A small data set with every case that SQL and JavaScript could write differently: absent values wherever they may be,
 * times, amounts and texts of all kinds, guests, empty customers, full pages, merged customers. Answers the merged ones.
 */
export async function givenEdgeCases(app: TestApp): Promise<string[]> {
  await app.database.transaction(async (tx) => {
    await tx.execute(sql`insert into channels (code, name) values ('fax', ${strange})`);
    await tx.execute(sql`insert into rewards (code, name, cost_points, available)
      values ('mug', ${persian}, 9007199254740991, true), ('pen', 'Pen', 0, false)`);
  });
  await record(app, "upsertProfiles", "UpsertProfilesInput", "profiles", profiles());
  await record(app, "recordInteractions", "RecordInteractionsInput", "interactions", interactions());
  await record(app, "recordPurchases", "RecordPurchasesInput", "purchases", purchases());
  await record(app, "recordLoyaltyEntries", "RecordLoyaltyEntriesInput", "entries", loyaltyEntries());
  await record(app, "recordTicketEvents", "RecordTicketEventsInput", "events", ticketEvents());
  await record(app, "recordFeedback", "RecordFeedbackInput", "feedback", feedback());
  await record(app, "recordConsents", "RecordConsentsInput", "consents", consents());
  return merge(app);
}

async function record(app: TestApp, mutation: string, type: string, list: string, items: object[]) {
  const query = `mutation ($input: ${type}!) { ${mutation}(input: $input) { results { outcome error { code field message } } } }`;
  const { data, errors } = await app.execute(query, { input: { source: "crm", [list]: items } });
  const refused = data?.[mutation].results.filter(
    (result: { outcome: string }) => result.outcome !== "RECORDED",
  );
  if (errors || refused.length) throw new Error(JSON.stringify(errors ?? refused));
}

function profiles(): object[] {
  const known = Array.from({ length: people }, (_, n) => ({
    sourceRef: `p${n}`,
    displayName: `Person ${n}`,
  }));
  return [
    {
      sourceRef: "p0",
      displayName: strange,
      givenName: persian,
      familyName: arabic,
      email: "ada@example.com",
      phone: "+49 30 901820",
      locale: "fa-IR",
      timeZone: "Asia/Tehran",
      birthDate: "1969-12-31",
      addressLines: [strange, "", persian],
      postalCode: "00123",
      city: arabic,
      region: "%_",
      country: "IR",
      stage: "CUSTOMER",
      traits: attributes,
      identities: [
        { kind: "DEVICE", value: "device 1" },
        { kind: "SOCIAL_HANDLE", value: "mastodon:ada", verified: true },
      ],
      observedAt: at(0, ".100000"),
      knownSince: at(0, ".000001"),
    },
    { sourceRef: "p1", addressLines: [], traits: {} },
    ...known.slice(2),
  ];
}

function interactions(): object[] {
  const base = { direction: "INBOUND", initiative: "SOLICITED", kind: "message" };
  const full = {
    ...base,
    direction: "OUTBOUND",
    initiative: "UNSOLICITED",
    actor: "BOT",
    kind: strange,
    summary: persian,
    body: strange,
    durationSeconds: 0,
    attributes,
  };
  // Person n has n contacts, so that pages of every size are exactly full somewhere; two of each minute share it.
  const many = Array.from({ length: 7 }, (_, n) =>
    Array.from({ length: n }, (_, i) => ({
      ...(i % 2 ? base : full),
      ...(i % 3 < 2 && { conversationRef: `c${n}` }),
      sourceRef: `i${n}-${i}`,
      customer: person(n),
      channel: ["fax", "phone", "chat"][i % 3],
      occurredAt: at(i >> 1, ["", ".5", ".120000", ".000001", ".999999", ".100"][i]),
    })),
  ).flat();
  return [
    ...many,
    {
      ...full,
      sourceRef: "i0",
      conversationRef: "c0",
      customer: person(0),
      channel: "fax",
      occurredAt: at(59),
    },
    { ...base, sourceRef: "i-guest", channel: "web", occurredAt: "0001-01-01T00:00:00Z" },
    {
      ...base,
      sourceRef: "i-late",
      customer: person(3),
      channel: "web",
      occurredAt: "9999-12-31T23:59:59.999999Z",
      attributes: {},
    },
  ];
}

function purchases(): object[] {
  const order = (sourceRef: string, currency: string, unitPrice: string, more: object = {}) => ({
    sourceRef,
    currency,
    occurredAt: at(1),
    items: [{ sku: "A", quantity: 1, unitPrice }],
    ...more,
  });
  return [
    order("o1", "EUR", "0.10", { customer: person(0), channel: "fax", orderNumber: strange, status: "PAID" }),
    order("o2", "EUR", "1000000.001", { customer: person(0) }),
    order("o3", "JPY", "100", { customer: person(2), status: "CANCELLED" }),
    order("o4", "KWD", "0.0005", { customer: person(3) }),
    order("o5", "USD", "2.50", {
      customer: person(4),
      items: [
        { sku: strange, name: persian, quantity: -3, unitPrice: "2.50" },
        { sku: "B", quantity: 2_000, unitPrice: "-0.5" },
        { sku: "C", name: "", quantity: 1, unitPrice: "0" },
      ],
    }),
    order("o-guest", "GBP", "12345678901234567.89"),
    order("r1", "EUR", "0.10", {
      kind: "RETURN",
      returnOf: "o1",
      reason: strange,
      channel: "web",
      occurredAt: at(2, ".250000"),
    }),
    order("r2", "EUR", "3", { kind: "RETURN", customer: person(5) }),
    order("r-guest", "EUR", "0.001", { kind: "RETURN", reason: arabic }),
  ];
}

function loyaltyEntries(): object[] {
  const entry = (sourceRef: string, n: number, kind: string, points: number, more: object = {}) => ({
    sourceRef,
    customer: person(n),
    kind,
    points,
    occurredAt: at(Math.abs(points) % 60),
    ...more,
  });
  return [
    entry("l1", 0, "EARN", 1_200, { reason: strange, expiresAt: at(30, ".000100") }),
    entry("l2", 0, "SPEND", 300, { reward: "mug" }),
    entry("l3", 0, "ADJUST", -2_000),
    entry("l4", 2, "EARN", 1, { pending: true }),
    entry("l5", 3, "EARN", 25_000, { reward: "pen", reason: persian }),
    entry("l6", 3, "EXPIRE", 24),
  ];
}

function ticketEvents(): object[] {
  const event = (ticketRef: string, step: number, more: object = {}) => ({
    sourceRef: `${ticketRef}/${step}`,
    ticketRef,
    kind: step ? "UPDATED" : "OPENED",
    occurredAt: at(step, ".010000"),
    ...more,
  });
  const contact = {
    channel: "fax",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "call",
    summary: strange,
  };
  return [
    event("t1", 0, {
      customer: person(0),
      subject: strange,
      category: persian,
      channel: "fax",
      priority: "URGENT",
      interaction: contact,
    }),
    event("t1", 1, {
      assignee: arabic,
      team: "T",
      slaMet: false,
      reopenCount: 0,
      actor: strange,
      note: persian,
      revision: 7,
    }),
    event("t1", 2, { kind: "SOLVED", slaMet: true }),
    event("t2", 0, { customer: person(2) }),
    event("t2", 1, { kind: "CLOSED" }),
    ...Array.from({ length: 5 }, (_, n) =>
      event(`t${n + 3}`, 0, { customer: person(3), status: n % 2 ? "PENDING" : "NEW", number: `N-${n}` }),
    ),
  ];
}

function feedback(): object[] {
  return [
    {
      sourceRef: "f1",
      customer: person(0),
      kind: "NPS",
      score: 0,
      comment: strange,
      surveyVersion: persian,
      channel: "fax",
      ticketRef: "t1",
      answeredAt: at(3, ".100"),
    },
    { sourceRef: "f2", customer: person(2), kind: "CSAT", score: 5, answeredAt: at(3) },
    {
      sourceRef: "f3",
      customer: person(2),
      kind: "CES",
      score: -3,
      scaleMin: -10,
      scaleMax: 100,
      answeredAt: at(3),
    },
  ];
}

function consents(): object[] {
  return [
    {
      sourceRef: "n1",
      customer: person(0),
      purpose: "MARKETING",
      channel: "email",
      status: "GRANTED",
      occurredAt: at(1, ".5"),
      expiresAt: "2026-04-01T00:00:00Z",
    },
    { sourceRef: "n2", customer: person(0), purpose: "MARKETING", status: "DENIED", occurredAt: at(1, ".5") },
    {
      sourceRef: "n3",
      customer: person(4),
      purpose: "SERVICE",
      channel: "fax",
      status: "REVOKED",
      occurredAt: at(2),
    },
    ...[1, 2, 4, 7, 8].map((n) => ({
      sourceRef: `n4-${n}`,
      customer: person(n),
      purpose: "MARKETING",
      status: n === 7 ? "REVOKED" : "GRANTED",
      occurredAt: at(n),
    })),
    { sourceRef: "n5", customer: person(5), purpose: "ANALYTICS", status: "GRANTED", occurredAt: at(2) },
  ];
}

/** Tables whose rows follow their customer. */
const owned = [
  "profiles",
  "identities",
  "identity_claims",
  "conversations",
  "interactions",
  "purchases",
  "purchase_items",
  "purchase_returns",
  "purchase_return_items",
  "tickets",
  "ticket_events",
  "feedback",
  "consents",
];

/** Persons 5 and 6 turn out to be person 4: their rows move, and their ids point at the survivor. */
async function merge(app: TestApp): Promise<string[]> {
  const merged: string[] = [];
  await app.database.transaction(async (tx) => {
    // Rows and those that refer to them change in one go; only the last of these statements leaves them in order.
    await tx.execute(sql`set local session_replication_role = replica`);
    const idOf = async (ref: string) => {
      const [row] = await tx.execute<{ id: string }>(
        sql`select customer_id as id from profiles where source_ref = ${ref}`,
      );
      return (row as { id: string }).id;
    };
    const survivor = await idOf("p4");
    for (const loser of [await idOf("p5"), await idOf("p6")]) {
      for (const table of owned)
        await tx.execute(
          sql`update ${sql.identifier(table)} set customer_id = ${survivor}::uuid where customer_id = ${loser}::uuid`,
        );
      await tx.execute(sql`update customers set merged_into = ${survivor}::uuid where id = ${loser}::uuid`);
      merged.push(`cus_${loser}`);
    }
  });
  return merged;
}
