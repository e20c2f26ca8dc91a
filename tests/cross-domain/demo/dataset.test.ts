import { expect, test } from "@jest/globals";
import { consentPurpose, consentStatus } from "#schema/consent.js";
import { customerStage, identityKind } from "#schema/customers.js";
import { feedbackKind } from "#schema/feedback.js";
import { interactionActor, interactionDirection, interactionInitiative } from "#schema/interactions.js";
import { loyaltyEntryKind } from "#schema/loyalty.js";
import { purchaseStatus } from "#schema/purchases.js";
import { ticketEventKind, ticketPriority, ticketStatus } from "#schema/tickets.js";
import { type DemoDomain, demoDataset, demoSeed } from "../../../src/cross-domain/demo/dataset.js";
import { demoSources } from "../../../src/cross-domain/demo/sources.js";

const until = "2026-11-21T00:00:00Z";
const dataset = demoDataset(until);

// biome-ignore lint/suspicious/noExplicitAny: the items of all domains, looked into by field name
type Item = Record<string, any>;
function itemsOf(domain: DemoDomain): Item[] {
  return dataset.filter((batch) => batch.domain === domain).flatMap((batch) => batch.items as Item[]);
}

function valuesOf(domain: DemoDomain, field: string): string[] {
  return [...new Set(itemsOf(domain).flatMap((item) => item[field] ?? []))].toSorted();
}

/** Every text anywhere in the data, with the name of its field. */
function texts(value: unknown, field = ""): [field: string, text: string][] {
  if (typeof value === "string") return [[field, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => texts(inner, Array.isArray(value) ? field : name));
}
const allTexts = dataset.flatMap(({ items }) => texts(items));

test("the same seed and day give the same data, another seed gives other data", () => {
  const written = JSON.stringify(dataset);
  expect(JSON.stringify(demoDataset(until, demoSeed)) === written).toBe(true);
  expect(JSON.stringify(demoDataset(until, demoSeed + 1)) === written).toBe(false);
});

test("a later day gives the same records, each later by the difference", () => {
  const dayLater = (text: string) =>
    text.replace(
      /^\d{4}-\d\d-\d\dT.*Z$/,
      (time) => `${new Date(Date.parse(time) + 86_400_000).toISOString().slice(0, 19)}Z`,
    );
  const moved = JSON.stringify(dataset, (_, value) => (typeof value === "string" ? dayLater(value) : value));
  expect(JSON.stringify(demoDataset("2026-11-22T00:00:00Z")) === moved).toBe(true);
});

test("there are about as many records as a company of two thousand customers has", () => {
  const domains: DemoDomain[] = [
    "profiles",
    "interactions",
    "purchases",
    "loyaltyEntries",
    "ticketEvents",
    "feedback",
    "consents",
  ];
  expect(Object.fromEntries(domains.map((domain) => [domain, itemsOf(domain).length]))).toEqual({
    profiles: 4_779,
    interactions: 21_579,
    purchases: 8_873,
    loyaltyEntries: 15_401,
    ticketEvents: 8_084,
    feedback: 2_058,
    consents: 6_269,
  });
  expect(Math.max(...dataset.map(({ items }) => items.length))).toBeLessThanOrEqual(1_000);
});

test("everything happened in the two years before, and is told by one of the demo's sources", () => {
  const times = allTexts.filter(([field]) =>
    ["occurredAt", "answeredAt", "knownSince", "observedAt"].includes(field),
  );
  const instants = times.map(([, text]) => text).toSorted();
  expect(instants[0]! >= "2024-11-20T00:00:00Z").toBe(true);
  expect(instants.at(-1)! <= until).toBe(true);
  expect(new Set(dataset.map(({ source }) => source))).toEqual(new Set(demoSources.map(({ code }) => code)));
});

test("every channel and every value of every enumeration occurs", () => {
  const channels = [
    "app",
    "bot",
    "chat",
    "email",
    "mail",
    "messaging",
    "phone",
    "self_service",
    "social",
    "store",
    "web",
    "web_form",
  ];
  expect(valuesOf("interactions", "channel")).toEqual(channels);
  const enumerations: [DemoDomain, string, readonly string[]][] = [
    ["profiles", "stage", customerStage.enumValues],
    ["interactions", "direction", interactionDirection.enumValues],
    ["interactions", "initiative", interactionInitiative.enumValues],
    ["interactions", "actor", interactionActor.enumValues],
    ["purchases", "status", purchaseStatus.enumValues],
    ["loyaltyEntries", "kind", loyaltyEntryKind.enumValues],
    ["ticketEvents", "kind", ticketEventKind.enumValues],
    ["ticketEvents", "priority", ticketPriority.enumValues],
    ["feedback", "kind", feedbackKind.enumValues],
    ["consents", "purpose", consentPurpose.enumValues],
    ["consents", "status", consentStatus.enumValues],
  ];
  for (const [domain, field, values] of enumerations)
    expect([field, valuesOf(domain, field)]).toEqual([field, [...values].toSorted()]);
  const implied = ["SOLVED", "CLOSED"];
  expect([...valuesOf("ticketEvents", "status"), ...implied].toSorted()).toEqual(
    [...ticketStatus.enumValues].toSorted(),
  );
  const kinds = new Set(
    itemsOf("profiles")
      .flatMap(({ identities }) => identities as { kind: string }[])
      .map(({ kind }) => kind),
  );
  // E-mail and phone have fields of their own, and every profile's reference is an external id.
  expect([...kinds, "PHONE", "EXTERNAL_ID"].toSorted()).toEqual([...identityKind.enumValues].toSorted());
});

test("names and summaries are in Latin, Persian and Arabic script, some with a zero-width non-joiner", () => {
  const names = itemsOf("profiles").map(({ familyName, displayName }) => `${familyName ?? displayName}`);
  const summaries = itemsOf("interactions").map(({ summary }) => `${summary}`);
  for (const written of [names, summaries]) {
    expect(written.filter((text) => /\p{Script=Latin}/u.test(text)).length).toBeGreaterThan(500);
    expect(written.filter((text) => /[یکپچژگ]/u.test(text)).length).toBeGreaterThan(500);
    expect(written.filter((text) => /[يةىأإ]/u.test(text)).length).toBeGreaterThan(200);
    expect(written.filter((text) => text.includes("\u200c")).length).toBeGreaterThan(100);
  }
});

test("nobody real can be reached: addresses and numbers are those set aside for examples", () => {
  const emails = allTexts.filter(([, text]) => text.includes("@")).map(([, text]) => text);
  expect(emails.filter((text) => !/^[a-z0-9.]+@example\.(com|org|net)$/.test(text))).toEqual([]);
  const numbers = allTexts
    .map(([, text]) => text.replace(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - 0x06f0)))
    .filter((text) => /^\+\d/.test(text));
  const fictitious =
    /^\+(1\d{3}55501\d\d|447700900\d{3}|493023125\d{3}|33639980\d{3}|98\d{3}00000\d\d|201\d000000\d\d|9665\d00000\d\d|9715\d00000\d\d)$/;
  expect(numbers.length).toBeGreaterThan(1_000);
  expect(numbers.filter((text) => !fictitious.test(text))).toEqual([]);
});
