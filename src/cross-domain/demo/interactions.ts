import type { InteractionInput } from "../../domains/interactions/interaction-recording.type.js";
import { conversation } from "./conversations.js";
import { historyMs, instantOf, momentBetween } from "./moments.js";
import { deviceId, type Person, referenceAt } from "./people.js";
import { type Phrases, topics } from "./phrases.js";
import { Random } from "./random.js";
import type { SourceCode, Told } from "./sources.js";

/** Who visit the site and never say their name. */
export const visitors = 80;

/** How seldom a system hears of somebody who is not registered with it. */
const strangerShare = 0.01;

type Words = (random: Random, phrases: Phrases) => string;

/** One sort of contact, and how often it comes. */
interface Sort {
  channel: string;
  source: SourceCode;
  kind: string;
  direction: InteractionInput["direction"];
  initiative: InteractionInput["initiative"];
  actor: "HUMAN" | "BOT";
  weight: number;
  words: Words;
  seconds?: readonly [number, number];
}

const ask: Words = (random, { asks }) => random.pick(asks[random.pick(topics)]);
const reply: Words = (random, { replies }) => random.pick(replies);
const notice: Words = (random, { notices }) => random.pick(notices);
const offer: Words = (random, { offers }) => random.pick(offers);
const visit: Words = (random, { visits }) => random.pick(visits);
const opinion: Words = (random, { praise, complaints }) =>
  random.pick(random.chance(0.5) ? praise : complaints);

const asked = { direction: "INBOUND", initiative: "UNSOLICITED" } as const;
const answered = { direction: "OUTBOUND", initiative: "SOLICITED" } as const;
const offered = { direction: "OUTBOUND", initiative: "UNSOLICITED" } as const;
const confirmed = { direction: "INBOUND", initiative: "SOLICITED" } as const;

export const sorts: readonly Sort[] = [
  {
    channel: "phone",
    source: "helpdesk",
    kind: "call",
    ...asked,
    actor: "HUMAN",
    weight: 6,
    words: ask,
    seconds: [60, 1_500],
  },
  {
    channel: "phone",
    source: "helpdesk",
    kind: "callback",
    ...answered,
    actor: "HUMAN",
    weight: 2,
    words: reply,
    seconds: [40, 700],
  },
  {
    channel: "phone",
    source: "crm",
    kind: "sales_call",
    ...offered,
    actor: "HUMAN",
    weight: 1,
    words: offer,
    seconds: [20, 400],
  },
  { channel: "email", source: "helpdesk", kind: "message", ...asked, actor: "HUMAN", weight: 7, words: ask },
  {
    channel: "email",
    source: "helpdesk",
    kind: "reply",
    ...answered,
    actor: "HUMAN",
    weight: 4,
    words: reply,
  },
  {
    channel: "email",
    source: "webshop",
    kind: "notice",
    ...answered,
    actor: "BOT",
    weight: 5,
    words: notice,
  },
  { channel: "email", source: "crm", kind: "newsletter", ...offered, actor: "BOT", weight: 8, words: offer },
  {
    channel: "email",
    source: "crm",
    kind: "confirmation",
    ...confirmed,
    actor: "BOT",
    weight: 1,
    words: opinion,
  },
  {
    channel: "chat",
    source: "chat",
    kind: "message",
    ...asked,
    actor: "HUMAN",
    weight: 5,
    words: ask,
    seconds: [60, 900],
  },
  {
    channel: "bot",
    source: "chat",
    kind: "message",
    ...asked,
    actor: "BOT",
    weight: 5,
    words: ask,
    seconds: [10, 240],
  },
  { channel: "social", source: "chat", kind: "mention", ...asked, actor: "HUMAN", weight: 3, words: opinion },
  { channel: "social", source: "chat", kind: "reply", ...answered, actor: "HUMAN", weight: 1, words: reply },
  { channel: "messaging", source: "chat", kind: "message", ...asked, actor: "HUMAN", weight: 5, words: ask },
  {
    channel: "messaging",
    source: "chat",
    kind: "notice",
    ...answered,
    actor: "BOT",
    weight: 3,
    words: notice,
  },
  { channel: "web_form", source: "webshop", kind: "form", ...asked, actor: "HUMAN", weight: 2.5, words: ask },
  {
    channel: "web",
    source: "webshop",
    kind: "visit",
    ...asked,
    actor: "BOT",
    weight: 12,
    words: visit,
    seconds: [5, 1_800],
  },
  {
    channel: "app",
    source: "webshop",
    kind: "visit",
    ...asked,
    actor: "BOT",
    weight: 8,
    words: visit,
    seconds: [5, 1_200],
  },
  { channel: "app", source: "webshop", kind: "push", ...offered, actor: "BOT", weight: 3, words: offer },
  { channel: "store", source: "pos", kind: "visit", ...asked, actor: "HUMAN", weight: 5, words: visit },
  {
    channel: "self_service",
    source: "helpdesk",
    kind: "search",
    ...asked,
    actor: "BOT",
    weight: 5,
    words: ask,
    seconds: [20, 600],
  },
  { channel: "mail", source: "crm", kind: "letter", ...offered, actor: "HUMAN", weight: 1, words: offer },
  { channel: "mail", source: "helpdesk", kind: "letter", ...asked, actor: "HUMAN", weight: 0.6, words: ask },
];

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
  const favourite = random.pick(sorts).channel;
  const likes = (sort: Sort) =>
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
    const sort = random.weighted(sorts, likes);
    const item = {
      sourceRef: `I-${ref}`,
      customer: referenceAt(person, sort.source),
      occurredAt: instantOf(atMs),
    };
    told.push({ source: sort.source, atMs, item: { ...item, ...contactOf(random, person.phrases, sort) } });
  }
  return told;
}

/** What a contact of this sort says of itself, apart from who and when. */
export function contactOf(random: Random, phrases: Phrases, sort: Sort) {
  const { channel, direction, initiative, actor, kind, words, seconds } = sort;
  const summary = words(random, phrases);
  const detailed = channel === "email" && random.chance(0.3);
  return {
    channel,
    direction,
    initiative,
    actor,
    kind,
    summary,
    body: detailed ? `${summary}\n\n${random.pick(phrases.replies)}` : null,
    durationSeconds: seconds ? random.int(...(seconds as [number, number])) : null,
    attributes: kind === "visit" ? { pages: random.int(1, 14) } : null,
  };
}

function anonymousVisits(random: Random, n: number, people: readonly Person[], untilMs: number) {
  const { phrases, region } = random.pick(people);
  const customer = { identity: { kind: "DEVICE" as const, value: deviceId(random) } };
  const visits = sorts.filter(({ kind, source }) => kind === "visit" && source === "webshop");
  return Array.from({ length: random.int(1, 6) }, (_, i): Told<InteractionInput> => {
    const atMs = momentBetween(random, region.utcOffsetHours, untilMs - historyMs, untilMs);
    const item = { sourceRef: `V-${n}-${i + 1}`, customer, occurredAt: instantOf(atMs) };
    return { source: "webshop", atMs, item: { ...item, ...contactOf(random, phrases, random.pick(visits)) } };
  });
}
