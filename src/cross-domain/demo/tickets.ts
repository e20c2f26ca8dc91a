import type { TicketEventInput } from "../../domains/tickets/ticket-recording.type.js";
import { hourMs, instantOf, minuteMs, momentBetween } from "./moments.js";
import { type Person, referenceAt } from "./people.js";
import { type Topic, topics } from "./phrases.js";
import { Random } from "./random.js";
import type { Told } from "./sources.js";

/** A ticket that was solved: somebody may be asked how it went. */
export interface SolvedTicket {
  person: Person;
  ref: string;
  solvedMs: number;
  channel: string;
  slaMet: boolean;
}

export interface Tickets {
  told: Told<TicketEventInput>[];
  solved: SolvedTicket[];
}

type Step = Omit<TicketEventInput, "sourceRef" | "ticketRef" | "occurredAt" | "revision"> & {
  afterMs: number;
};

const ways = [
  { channel: "phone", kind: "call" },
  { channel: "email", kind: "message" },
  { channel: "web_form", kind: "form" },
  { channel: "chat", kind: "message" },
  { channel: "messaging", kind: "message" },
  { channel: "social", kind: "message" },
  { channel: "store", kind: "visit" },
  { channel: "mail", kind: "letter" },
] as const;
const agents = ["agent.lee", "agent.noor", "agent.vogel", "agent.karimi", "agent.haddad"] as const;
const teams: Record<Topic, string> = {
  delivery: "logistics",
  payment: "billing",
  return: "returns",
  product: "product-care",
  account: "accounts",
  invoice: "billing",
};
/** A promise of the service-level agreement: solved within three days. */
const slaMs = 72 * hourMs;

export function ticketsOf(seed: number, people: readonly Person[], untilMs: number): Tickets {
  const told: Told<TicketEventInput>[] = [];
  const solved: SolvedTicket[] = [];
  for (const person of people) {
    const random = new Random(seed, 6, person.index);
    const count = Math.floor(person.activity * 0.5 + random.next());
    for (let n = 1; n <= count; n++) {
      const ref = `T-${10_001 + person.index}-${n}`;
      const openedMs = momentBetween(
        random,
        person.region.utcOffsetHours,
        person.knownFromMs,
        person.activeUntilMs - hourMs,
      );
      const way = random.weighted(ways, (candidate) => (candidate.channel === "mail" ? 0.3 : 1));
      let atMs = openedMs;
      for (const [revision, { afterMs, ...step }] of life(random, person, way).entries()) {
        atMs += afterMs;
        if (atMs >= untilMs) break;
        const item = {
          sourceRef: `${ref}/${revision}`,
          ticketRef: ref,
          revision,
          ...step,
          occurredAt: instantOf(atMs),
        };
        told.push({ source: "helpdesk", atMs, item });
        if (step.kind !== "SOLVED") continue;
        solved.push({ person, ref, solvedMs: atMs, channel: way.channel, slaMet: atMs - openedMs <= slaMs });
        item.slaMet = atMs - openedMs <= slaMs;
      }
    }
  }
  return { told, solved };
}

function life(random: Random, person: Person, way: (typeof ways)[number]): Step[] {
  const topic = random.pick(topics);
  const agent = random.pick(agents);
  const steps = [opened(random, person, topic, way)];
  const pause = (fromMs: number, toMs: number) => random.int(fromMs / minuteMs, toMs / minuteMs) * minuteMs;
  const add = (probability: number, afterMs: number, step: Omit<Step, "afterMs">) => {
    if (random.chance(probability)) steps.push({ ...step, afterMs });
  };
  add(0.65, pause(5 * minuteMs, 8 * hourMs), {
    kind: "ASSIGNED",
    assignee: agent,
    team: teams[topic],
    status: "OPEN",
  });
  add(0.08, pause(hourMs, 9 * hourMs), {
    kind: "NOTED",
    actor: agent,
    note: random.pick(person.phrases.replies),
  });
  add(0.08, pause(hourMs, 9 * hourMs), { kind: "UPDATED", status: "ON_HOLD", priority: "LOW" });
  add(0.06, pause(hourMs, 9 * hourMs), {
    kind: "UPDATED",
    status: "OPEN",
    priority: "URGENT",
    team: "second-line",
  });
  add(0.6, pause(10 * minuteMs, 20 * hourMs), replied(random, person, agent, way));
  add(0.93, pause(20 * minuteMs, 60 * hourMs), { kind: "SOLVED", actor: agent });
  if (steps.at(-1)?.kind !== "SOLVED") return steps;
  if (random.chance(0.07)) {
    add(1, pause(2 * hourMs, 90 * hourMs), {
      kind: "REOPENED",
      note: random.pick(person.phrases.complaints),
    });
    add(0.9, pause(2 * hourMs, 40 * hourMs), { kind: "SOLVED", actor: agent });
  }
  add(0.45, pause(24 * hourMs, 96 * hourMs), { kind: "CLOSED" });
  return steps;
}

function opened(
  random: Random,
  person: Person,
  topic: Topic,
  { channel, kind }: (typeof ways)[number],
): Step {
  const subject = random.pick(person.phrases.asks[topic]);
  const contact = { channel, kind, summary: subject };
  return {
    afterMs: 0,
    kind: "OPENED",
    customer: referenceAt(person, "helpdesk"),
    number: `#${random.int(100_000, 999_999)}`,
    status: "NEW",
    priority: random.weighted(["LOW", "NORMAL", "HIGH", "URGENT"], (word) => (word === "NORMAL" ? 6 : 1)),
    subject,
    category: topic,
    channel,
    interaction: { ...contact, direction: "INBOUND", initiative: "UNSOLICITED" },
  };
}

function replied(
  random: Random,
  person: Person,
  agent: string,
  { channel, kind }: (typeof ways)[number],
): Omit<Step, "afterMs"> {
  const summary = random.pick(person.phrases.replies);
  const contact = {
    channel,
    kind,
    direction: "OUTBOUND" as const,
    initiative: "SOLICITED" as const,
    summary,
  };
  return { kind: "REPLIED", actor: agent, status: "PENDING", note: summary, interaction: contact };
}
