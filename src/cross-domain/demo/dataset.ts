import { maxBatchItems } from "../../platform/limits.js";
import { consentsOf } from "./consents.js";
import { feedbackOf } from "./feedback.js";
import { interactionsOf, visitsOf } from "./interactions.js";
import { loyaltyOf } from "./loyalty.js";
import { peopleOf } from "./people.js";
import { profilesOf } from "./profiles.js";
import { guestPurchasesOf, purchasesOf } from "./purchases.js";
import { demoSources, type SourceCode, type Told } from "./sources.js";
import { ticketsOf } from "./tickets.js";

export type DemoDomain =
  | "profiles"
  | "interactions"
  | "purchases"
  | "loyaltyEntries"
  | "ticketEvents"
  | "feedback"
  | "consents";

/** One call of a recording action. */
export interface DemoBatch {
  domain: DemoDomain;
  source: SourceCode;
  items: readonly object[];
}

export const demoSeed = 360;

/** Quarters of the two years: customers are made in the order in which they became known, nearly. */
const periods = 8;

/**
 * Two years of a company's memory that end at `until`, the start of a day: batches in the order in which they must be
 * recorded. The same arguments give the same data; a later day gives the same records, each later by the difference.
 */
export function demoDataset(until: string, seed = demoSeed): DemoBatch[] {
  const untilMs = Date.parse(until);
  const people = peopleOf(seed, untilMs);
  const profiles = profilesOf(seed, people, untilMs);
  const purchases = purchasesOf(seed, people, untilMs);
  const tickets = ticketsOf(seed, people, untilMs);
  const main = profiles.main.toSorted(byTime);
  const share = Math.ceil(main.length / periods);
  return [
    // The newest customers are shown first: those without a name come before all others.
    ...batches("interactions", visitsOf(seed, people, untilMs)),
    ...batches("purchases", guestPurchasesOf(seed, untilMs)),
    ...Array.from({ length: periods }, (_, i) =>
      batches("profiles", main.slice(i * share, (i + 1) * share)),
    ).flat(),
    ...batches("profiles", profiles.further),
    ...batches("purchases", purchases.told),
    ...batches("loyaltyEntries", loyaltyOf(seed, people, purchases.orders, untilMs)),
    ...batches("ticketEvents", tickets.told),
    ...batches("feedback", feedbackOf(seed, people, tickets.solved, untilMs)),
    ...batches("consents", consentsOf(seed, people, untilMs)),
    ...batches("interactions", interactionsOf(seed, people)),
  ];
}

/** Source by source, each in the order in which things happened. */
function batches(domain: DemoDomain, told: readonly Told<object>[]): DemoBatch[] {
  return demoSources.flatMap(({ code: source }) => {
    const items = told
      .filter((fact) => fact.source === source)
      .toSorted(byTime)
      .map(({ item }) => item);
    return Array.from({ length: Math.ceil(items.length / maxBatchItems) }, (_, i) => ({
      domain,
      source,
      items: items.slice(i * maxBatchItems, (i + 1) * maxBatchItems),
    }));
  });
}

function byTime(a: Told<object>, b: Told<object>): number {
  return a.atMs - b.atMs;
}
