import type { ConsentInput } from "../../domains/consent/consent.type.js";
import { dayMs, hourMs, instantOf } from "./moments.js";
import { mainSource, type Person, referenceAt } from "./people.js";
import { Random } from "./random.js";
import type { Told } from "./sources.js";

type Said = Pick<ConsentInput, "purpose" | "channel" | "status" | "expiresAt"> & { atMs: number };

/** Channels on which people are asked whether they want advertising. */
const marketingChannels = [
  { channel: "email", asked: 0.9, yes: 0.6 },
  { channel: "messaging", asked: 0.35, yes: 0.45 },
  { channel: "phone", asked: 0.2, yes: 0.25 },
  { channel: "mail", asked: 0.1, yes: 0.5 },
] as const;
const lastsMs = 730 * dayMs;

export function consentsOf(seed: number, people: readonly Person[], untilMs: number): Told<ConsentInput>[] {
  return people.flatMap((person) => {
    const random = new Random(seed, 9, person.index);
    const source = mainSource(person);
    const said = answers(random, person, untilMs).toSorted((a, b) => a.atMs - b.atMs);
    return said.map(({ atMs, ...consent }, i): Told<ConsentInput> => {
      const sourceRef = `C-${10_001 + person.index}-${i + 1}`;
      const occurredAt = instantOf(atMs);
      return {
        source,
        atMs,
        item: { sourceRef, customer: referenceAt(person, source), ...consent, occurredAt },
      };
    });
  });
}

function answers(random: Random, { knownFromMs }: Person, untilMs: number): Said[] {
  const laterMs = () => random.int(Math.floor((knownFromMs + dayMs) / 1000), untilMs / 1000) * 1000;
  const said: Said[] = [{ atMs: knownFromMs, purpose: "SERVICE", status: "GRANTED" }];
  for (const { channel, asked, yes } of marketingChannels) {
    if (!random.chance(asked)) continue;
    const granted = random.chance(yes);
    const atMs = knownFromMs + random.int(0, 20) * hourMs;
    const expiresAt = granted && random.chance(0.3) ? instantOf(atMs + lastsMs) : null;
    const about = { purpose: "MARKETING", channel } as const;
    said.push({ atMs, ...about, status: granted ? "GRANTED" : "DENIED", expiresAt });
    if (random.chance(0.18))
      said.push({ atMs: laterMs(), ...about, status: granted ? "REVOKED" : "GRANTED" });
  }
  if (random.chance(0.5))
    said.push({ atMs: laterMs(), purpose: "ANALYTICS", status: random.chance(0.7) ? "GRANTED" : "DENIED" });
  return said;
}
