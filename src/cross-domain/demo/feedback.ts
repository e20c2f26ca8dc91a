import type { FeedbackInput } from "../../domains/feedback/feedback-recording.type.js";
import { hourMs, instantOf, momentBetween } from "./moments.js";
import { mainSource, type Person, referenceAt } from "./people.js";
import { Random } from "./random.js";
import type { Told } from "./sources.js";
import type { SolvedTicket } from "./tickets.js";

/** Answers about solved tickets, and what customers answered now and then about the company as a whole. */
export function feedbackOf(
  seed: number,
  people: readonly Person[],
  solved: readonly SolvedTicket[],
  untilMs: number,
): Told<FeedbackInput>[] {
  const aboutTickets = solved.flatMap((ticket, i) => {
    const random = new Random(seed, 7, ticket.person.index, i);
    const atMs = ticket.solvedMs + random.int(1, 60) * hourMs;
    return atMs < untilMs && random.chance(0.55) ? [satisfaction(random, ticket, i, atMs)] : [];
  });
  const asked = people.flatMap((person) => {
    const random = new Random(seed, 8, person.index);
    return [
      ...(random.chance(0.32) ? [recommendation(random, person)] : []),
      ...(random.chance(0.2) ? [effort(random, person)] : []),
    ];
  });
  return [...aboutTickets, ...asked];
}

/** CSAT, 1 to 5. The ticket tells whose it is; some surveys name the customer all the same. */
function satisfaction(random: Random, ticket: SolvedTicket, n: number, atMs: number): Told<FeedbackInput> {
  const { person, ref, channel, slaMet } = ticket;
  const score = slaMet ? random.pick([3, 4, 4, 5, 5, 5]) : random.pick([1, 1, 2, 3, 4]);
  const item: FeedbackInput = {
    sourceRef: `CSAT-${n + 1}`,
    customer: random.chance(0.5) ? referenceAt(person, "helpdesk") : null,
    kind: "CSAT",
    score,
    surveyVersion: "csat-2",
    comment: comment(random, person, score >= 4),
    channel: channel === "phone" || channel === "mail" || channel === "store" ? "email" : channel,
    ticketRef: ref,
    answeredAt: instantOf(atMs),
  };
  return { source: "helpdesk", atMs, item };
}

/** NPS, 0 to 10. */
function recommendation(random: Random, person: Person): Told<FeedbackInput> {
  const gone = person.stage === "LOST" || person.stage === "LAPSED";
  const score = gone ? random.int(0, 8) : random.pick([4, 6, 7, 8, 8, 9, 9, 10, 10]);
  const about = { kind: "NPS" as const, score, surveyVersion: "nps-2024", channel: "email" };
  return answer(random, person, "NPS", { ...about, comment: comment(random, person, score >= 7) });
}

/** CES: 1 to 7, the older survey 1 to 5. */
function effort(random: Random, person: Person): Told<FeedbackInput> {
  const old = random.chance(0.3);
  const score = random.int(2, old ? 5 : 7);
  const scale = old ? { scaleMin: 1, scaleMax: 5, surveyVersion: "ces-1" } : { surveyVersion: "ces-2" };
  return answer(random, person, "CES", {
    kind: "CES",
    score,
    ...scale,
    channel: random.pick(["web", "app"]),
  });
}

function answer(
  random: Random,
  person: Person,
  word: string,
  about: Omit<FeedbackInput, "sourceRef" | "customer" | "answeredAt">,
): Told<FeedbackInput> {
  const atMs = momentBetween(random, person.region.utcOffsetHours, person.knownFromMs, person.activeUntilMs);
  const source = mainSource(person);
  const sourceRef = `${word}-${10_001 + person.index}`;
  return {
    source,
    atMs,
    item: { sourceRef, customer: referenceAt(person, source), ...about, answeredAt: instantOf(atMs) },
  };
}

function comment(random: Random, { phrases }: Person, good: boolean): string | null {
  return random.chance(0.4) ? random.pick(good ? phrases.praise : phrases.complaints) : null;
}
