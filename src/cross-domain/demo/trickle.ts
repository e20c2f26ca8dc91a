import { randomUUID } from "node:crypto";
import { selectIdentityClaims } from "../../domains/customers/customer.queries.js";
import type { WriteServices } from "../../domains/customers/recording.rules.js";
import { contactOf, contactSorts } from "./contact-sorts.js";
import { conversation } from "./conversations.js";
import { type DemoBatch, demoSeed } from "./dataset.js";
import { recordDomain } from "./load.actions.js";
import { instantOf, minuteMs } from "./moments.js";
import { mainSource, type Person, peopleOf, refAt, referenceAt } from "./people.js";
import { basket } from "./purchases.js";
import { Random } from "./random.js";

/** Often enough to see something at once, seldom enough to read it. */
const pauseMs = 2_000;
const threadMs = 30 * minuteMs;

export interface Trickle {
  /** Lets what is under way end. */
  stop(): Promise<void>;
}

/**
 * Lets new facts about customers of the demonstration data arrive, a contact first. Faults end nothing: the first of a row
 * is told, and the next fact is tried all the same.
 */
export function startTrickle(
  services: WriteServices,
  options: { until: string; onFault: (error: unknown) => void; seed?: number },
): Trickle {
  const people = peopleOf(options.seed ?? demoSeed, Date.parse(options.until));
  const random = new Random(Date.now());
  let recorded = 0;
  let failing = false;
  let stopped = false;
  let underWay = Promise.resolve();
  const arrive = async () => {
    try {
      if (await recordOne(services, random, random.pick(people), recorded === 0)) recorded += 1;
      failing = false;
    } catch (error) {
      if (!failing) options.onFault(error);
      failing = true;
    }
    if (!stopped) schedule();
  };
  let timer: NodeJS.Timeout;
  const schedule = () => {
    timer = setTimeout(() => {
      underWay = arrive();
    }, pauseMs).unref();
  };
  schedule();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await underWay;
    },
  };
}

/** False where the person is no longer known: whoever was erased must not come back. */
async function recordOne(services: WriteServices, random: Random, person: Person, first: boolean) {
  const main = mainSource(person);
  const ids = [{ kind: "EXTERNAL_ID" as const, value: `${main}:${refAt(person, main)}` }];
  if ((await selectIdentityClaims(services.database.read, ids)).length === 0) return false;
  const arrival = first ? contact : random.weighted(arrivals, ({ weight }) => weight).make;
  const { domain, source, items } = arrival(random, person, Date.now());
  const results: { outcome: string; error: { code: string } | null }[] = await recordDomain[domain](
    services,
    source,
    items,
  );
  const refused = results.find(({ outcome }) => outcome !== "RECORDED");
  if (refused) throw new Error(`${domain}: ${refused.error?.code ?? refused.outcome}`);
  return true;
}

type Arrival = (random: Random, person: Person, nowMs: number) => DemoBatch;

const contact: Arrival = (random, person, nowMs) => {
  const sort = random.weighted(contactSorts, ({ weight }) => weight);
  const head = { ...newRef(), customer: referenceAt(person, sort.source), occurredAt: instantOf(nowMs) };
  return {
    domain: "interactions",
    source: sort.source,
    items: [{ ...head, ...contactOf(random, person.phrases, sort) }],
  };
};

const thread: Arrival = (random, person, nowMs) => {
  const told = conversation(random, person, newRef().sourceRef, nowMs - threadMs, nowMs);
  return { domain: "interactions", source: "chat", items: told.map(({ item }) => item) };
};

const order: Arrival = (random, person, nowMs) => {
  const { currency } = person.region;
  const head = {
    ...newRef(),
    customer: referenceAt(person, "webshop"),
    occurredAt: instantOf(nowMs),
    channel: "web",
  };
  const { items } = basket(random, person.region);
  return { domain: "purchases", source: "webshop", items: [{ ...head, status: "PLACED", currency, items }] };
};

const points: Arrival = (random, person, nowMs) => {
  const head = { ...newRef(), customer: referenceAt(person, "loyalty"), occurredAt: instantOf(nowMs) };
  const entry = { kind: "EARN", points: random.int(10, 400), reason: person.phrases.points.purchase };
  return { domain: "loyaltyEntries", source: "loyalty", items: [{ ...head, ...entry }] };
};

const arrivals = [
  { make: contact, weight: 7 },
  { make: thread, weight: 1.2 },
  { make: order, weight: 1 },
  { make: points, weight: 0.8 },
] as const;

function newRef() {
  return { sourceRef: `live-${randomUUID()}` };
}
