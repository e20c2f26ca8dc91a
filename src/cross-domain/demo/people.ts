import type { CustomerRow } from "#schema/customers.js";
import type { CustomerReference } from "../../domains/customers/identity.type.js";
import { dayMs } from "./moments.js";
import { type Name, nameLists } from "./names.js";
import { type Phrases, phrasesOf } from "./phrases.js";
import { Random } from "./random.js";
import { type Region, regions } from "./regions.js";
import type { SourceCode } from "./sources.js";

/** With the visitors and guests that have no name they make 2,000 customers. */
export const namedPeople = 1_880;

/** Somebody with a name, made up. Times are milliseconds since 1970. */
export interface Person {
  index: number;
  region: Region;
  phrases: Phrases;
  given: Name;
  family: Name;
  email: string | null;
  phone: string | null;
  device: string | null;
  card: string | null;
  handle: string | null;
  stage: CustomerRow["stage"];
  knownFromMs: number;
  activeUntilMs: number;
  /** 1 is usual; a few are forty times as active. */
  activity: number;
  /** The systems that know this person; the first one knows every address. */
  sources: readonly SourceCode[];
}

/** Since when people of a stage are known, and when they were last heard of, in days before the end. */
const stages = [
  { stage: "CUSTOMER", weight: 60, known: [30, 730], gone: [0, 0], member: 0.92 },
  { stage: "LEAD", weight: 14, known: [3, 240], gone: [0, 0], member: 0.1 },
  { stage: "LAPSED", weight: 13, known: [400, 730], gone: [200, 330], member: 0.92 },
  { stage: "OPPORTUNITY", weight: 8, known: [10, 300], gone: [0, 0], member: 0.3 },
  { stage: "LOST", weight: 5, known: [300, 730], gone: [60, 250], member: 0.7 },
] as const;

/** Stages of those who have bought. */
export const buyers: ReadonlySet<string> = new Set(["CUSTOMER", "LAPSED", "LOST"]);

export function peopleOf(seed: number, untilMs: number): Person[] {
  const phonesGiven = new Map<Region, number>();
  return Array.from({ length: namedPeople }, (_, index) => {
    const random = new Random(seed, 1, index);
    const region = random.weighted(regions, ({ weight }) => weight);
    const n = phonesGiven.get(region) ?? 0;
    phonesGiven.set(region, n + 1);
    return person(random, index, region, region.phone(n), untilMs);
  });
}

/** How a source names the person: by its own id where it has one, else by an address. */
export function referenceAt(person: Person, source: SourceCode): CustomerReference {
  if (person.sources.includes(source)) return { sourceRef: refAt(person, source) };
  return person.email !== null
    ? { identity: { kind: "EMAIL", value: person.email } }
    : { identity: { kind: "PHONE", value: person.phone as string } };
}

export function mainSource({ sources }: Person): SourceCode {
  return sources[0] as SourceCode;
}

export function refAt({ index }: Person, source: SourceCode): string {
  return `${source}-${10_001 + index}`;
}

function person(random: Random, index: number, region: Region, phone: string, untilMs: number): Person {
  const { given, family } = nameLists[region.names];
  const name = { given: random.pick(given), family: random.pick(family) };
  const mailbox = `${name.given.ascii}.${name.family.ascii}${index + 1}`;
  const fate = random.weighted(stages, ({ weight }) => weight);
  const ago = ([from, to]: readonly [number, number]) => untilMs - random.int(from, to) * dayMs;
  const hasEmail = random.chance(0.88);
  const hasPhone = !hasEmail || random.chance(0.8);
  const isMember = random.chance(fate.member);
  return {
    index,
    region,
    phrases: phrasesOf[region.language],
    ...name,
    email: hasEmail ? `${mailbox}@example.${random.pick(["com", "org", "net"])}` : null,
    phone: hasPhone ? phone : null,
    device: random.chance(0.3) ? deviceId(random) : null,
    card: isMember ? `7360${String(1_000_000 + index * 37)}` : null,
    handle: random.chance(0.5) ? `${random.pick(["instagram", "telegram", "x"])}:${mailbox}` : null,
    stage: fate.stage,
    knownFromMs: ago(fate.known) + random.int(5 * 3600, 19 * 3600) * 1000,
    activeUntilMs: ago(fate.gone),
    activity: activity(random, fate.stage),
    sources: sourcesOf(random, isMember, hasEmail, buyers.has(fate.stage)),
  };
}

/** A Pareto tail: most have a little to do with the company, a few very much. */
function activity(random: Random, stage: Person["stage"]): number {
  const weight = Math.min(40, (1 - random.next()) ** (-1 / 1.6));
  return stage === "LEAD" || stage === "OPPORTUNITY" ? weight / 2 : weight;
}

/** Three systems at most; the club knows all its members, and a shop whoever bought. */
function sourcesOf(random: Random, isMember: boolean, hasEmail: boolean, isBuyer: boolean): SourceCode[] {
  const likely = [
    ["webshop", hasEmail ? 0.62 : 0.2],
    ["pos", 0.3],
    ["crm", 0.4],
    ["chat", 0.3],
    ["helpdesk", 0.3],
  ] as const;
  const known: SourceCode[] = likely.flatMap(([source, probability]) =>
    random.chance(probability) ? [source] : [],
  );
  if (isBuyer && !known.includes("webshop") && !known.includes("pos"))
    known.unshift(hasEmail ? "webshop" : "pos");
  if (isMember) return [...known.slice(0, 2), "loyalty"];
  return known.length ? known.slice(0, 3) : ["crm"];
}

export function deviceId(random: Random): string {
  return `device-${random
    .int(0, 2 ** 31)
    .toString(16)
    .padStart(8, "0")}${random
    .int(0, 2 ** 31)
    .toString(16)
    .padStart(8, "0")}`;
}
