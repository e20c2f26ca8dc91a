import type { InteractionInput } from "../../domains/interactions/interaction-recording.type.js";
import { type Phrases, topics } from "./phrases.js";
import type { Random } from "./random.js";
import type { SourceCode } from "./sources.js";

type Words = (random: Random, phrases: Phrases) => string;
type Way = Pick<InteractionInput, "direction" | "initiative">;

/** One sort of contact, and how often it comes. */
export interface ContactSort extends Way {
  channel: string;
  source: SourceCode;
  kind: string;
  actor: "HUMAN" | "BOT";
  weight: number;
  words: Words;
  /** How long it lasts, from and to. */
  seconds: readonly [number, number] | null;
}

const ask: Words = (random, { asks }) => random.pick(asks[random.pick(topics)]);
const reply: Words = (random, { replies }) => random.pick(replies);
const notice: Words = (random, { notices }) => random.pick(notices);
const offer: Words = (random, { offers }) => random.pick(offers);
const visit: Words = (random, { visits }) => random.pick(visits);
const opinion: Words = (random, { praise, complaints }) =>
  random.pick(random.chance(0.5) ? praise : complaints);

const asked: Way = { direction: "INBOUND", initiative: "UNSOLICITED" };
const answered: Way = { direction: "OUTBOUND", initiative: "SOLICITED" };
const offered: Way = { direction: "OUTBOUND", initiative: "UNSOLICITED" };
const confirmed: Way = { direction: "INBOUND", initiative: "SOLICITED" };

export const contactSorts: readonly ContactSort[] = [
  sort("phone", "helpdesk", "call", asked, "HUMAN", 6, ask, [60, 1_500]),
  sort("phone", "helpdesk", "callback", answered, "HUMAN", 2, reply, [40, 700]),
  sort("phone", "crm", "sales_call", offered, "HUMAN", 1, offer, [20, 400]),
  sort("email", "helpdesk", "message", asked, "HUMAN", 7, ask),
  sort("email", "helpdesk", "reply", answered, "HUMAN", 4, reply),
  sort("email", "webshop", "notice", answered, "BOT", 5, notice),
  sort("email", "crm", "newsletter", offered, "BOT", 8, offer),
  sort("email", "crm", "confirmation", confirmed, "BOT", 1, opinion),
  sort("chat", "chat", "message", asked, "HUMAN", 5, ask, [60, 900]),
  sort("bot", "chat", "message", asked, "BOT", 5, ask, [10, 240]),
  sort("social", "chat", "mention", asked, "HUMAN", 3, opinion),
  sort("social", "chat", "reply", answered, "HUMAN", 1, reply),
  sort("messaging", "chat", "message", asked, "HUMAN", 5, ask),
  sort("messaging", "chat", "notice", answered, "BOT", 3, notice),
  sort("web_form", "webshop", "form", asked, "HUMAN", 2.5, ask),
  sort("web", "webshop", "visit", asked, "BOT", 12, visit, [5, 1_800]),
  sort("app", "webshop", "visit", asked, "BOT", 8, visit, [5, 1_200]),
  sort("app", "webshop", "push", offered, "BOT", 3, offer),
  sort("store", "pos", "visit", asked, "HUMAN", 5, visit),
  sort("self_service", "helpdesk", "search", asked, "BOT", 5, ask, [20, 600]),
  sort("mail", "crm", "letter", offered, "HUMAN", 1, offer),
  sort("mail", "helpdesk", "letter", asked, "HUMAN", 0.6, ask),
];

/** What a contact of this sort says of itself, apart from who and when. */
export function contactOf(random: Random, phrases: Phrases, sort: ContactSort) {
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
    durationSeconds: seconds ? random.int(...seconds) : null,
    attributes: kind === "visit" ? { pages: random.int(1, 14) } : null,
  };
}

function sort(
  channel: string,
  source: SourceCode,
  kind: string,
  way: Way,
  actor: ContactSort["actor"],
  weight: number,
  words: Words,
  seconds: ContactSort["seconds"] = null,
): ContactSort {
  return { channel, source, kind, ...way, actor, weight, words, seconds };
}
