import type { InteractionInput } from "../../domains/interactions/interaction-recording.type.js";
import { type ContactSort, contactOf, contactSorts } from "./contact-sorts.js";
import { conversation } from "./conversations.js";
import { historyMs, instantOf, momentBetween } from "./moments.js";
import { deviceId, type Person, referenceAt } from "./people.js";
import { Random } from "./random.js";
import type { Told } from "./sources.js";

/** Who visit the site and never say their name. */
export const visitors = 80;

/** How seldom a system hears of somebody who is not registered with it. */
const strangerShare = 0.01;

export function interactionsOf(seed: number, people: readonly Person[]): Told<InteractionInput>[] {
  return people.flatMap((person) => contacts(new Random(seed, 10, person.index), person));
}

export function visitsOf(seed: number, people: readonly Person[], untilMs: number): Told<InteractionInput>[] {
  return Array.from({ length: visitors }, (_, i) =>
    anonymousVisits(new Random(seed, 11, i), i + 1, people, untilMs),
  ).flat();
}

function contacts(random: Random, person: Person): Told<InteractionInput>[] {
  const { region, knownFromMs, activeUntilMs, activity } = person;
  const favourite = random.pick(contactSorts).channel;
  const likes = (sort: ContactSort) =>
    sort.weight *
    (sort.channel === favourite ? 3 : 1) *
    (person.sources.includes(sort.source) ? 1 : strangerShare);
  const told: Told<InteractionInput>[] = [];
  const count = 2 + Math.floor(activity * 3.5 + random.next());
  for (let n = 1; n <= count; n++) {
    const ref = `${10_001 + person.index}-${n}`;
    const atMs = momentBetween(random, region.utcOffsetHours, knownFromMs, activeUntilMs);
    if (random.chance(person.sources.includes("chat") ? 0.16 : 0.03)) {
      told.push(...conversation(random, person, ref, atMs, activeUntilMs));
      continue;
    }
    const sort = random.weighted(contactSorts, likes);
    const item = {
      sourceRef: `I-${ref}`,
      customer: referenceAt(person, sort.source),
      occurredAt: instantOf(atMs),
    };
    told.push({ source: sort.source, atMs, item: { ...item, ...contactOf(random, person.phrases, sort) } });
  }
  return told;
}

function anonymousVisits(random: Random, n: number, people: readonly Person[], untilMs: number) {
  const { phrases, region } = random.pick(people);
  const customer = { identity: { kind: "DEVICE" as const, value: deviceId(random) } };
  const visits = contactSorts.filter(({ kind, source }) => kind === "visit" && source === "webshop");
  return Array.from({ length: random.int(1, 6) }, (_, i): Told<InteractionInput> => {
    const atMs = momentBetween(random, region.utcOffsetHours, untilMs - historyMs, untilMs);
    const item = { sourceRef: `V-${n}-${i + 1}`, customer, occurredAt: instantOf(atMs) };
    return { source: "webshop", atMs, item: { ...item, ...contactOf(random, phrases, random.pick(visits)) } };
  });
}
