import { balanceAfter, changeOf, emptyBalance } from "../../domains/loyalty/loyalty.rules.js";
import type { LoyaltyEntryInput } from "../../domains/loyalty/loyalty-recording.type.js";
import { rewards } from "./catalogue.js";
import { dayMs, hourMs, instantOf } from "./moments.js";
import { type Person, referenceAt } from "./people.js";
import type { Order } from "./purchases.js";
import { Random } from "./random.js";
import type { Told } from "./sources.js";

const pointsPerEuro = 5;
const welcomePoints = 100;
/** Points of the web shop wait until goods can no longer come back. */
const pendingMs = 26 * dayMs;
const lastsMs = 400 * dayMs;

interface Movement {
  atMs: number;
  kind: LoyaltyEntryInput["kind"];
  points: number;
  pending?: boolean;
  reason: string;
  reward?: string;
  expiresAt?: string;
}

/** The ledger of every member. What the programme would refuse is never planned: the balance is kept along. */
export function loyaltyOf(
  seed: number,
  people: readonly Person[],
  orders: ReadonlyMap<number, readonly Order[]>,
  untilMs: number,
): Told<LoyaltyEntryInput>[] {
  return people.flatMap((person) => {
    if (!person.card) return [];
    const random = new Random(seed, 5, person.index);
    const planned = plannedMovements(random, person, orders.get(person.index) ?? [], untilMs);
    return ledger(random, person, planned).map(({ atMs, ...movement }, i): Told<LoyaltyEntryInput> => {
      const sourceRef = `L-${10_001 + person.index}-${i + 1}`;
      const customer = referenceAt(person, "loyalty");
      return {
        source: "loyalty",
        atMs,
        item: { sourceRef, customer, ...movement, occurredAt: instantOf(atMs) },
      };
    });
  });
}

function plannedMovements(
  random: Random,
  person: Person,
  orders: readonly Order[],
  untilMs: number,
): Movement[] {
  const { points: why } = person.phrases;
  const planned: Movement[] = [
    { atMs: person.knownFromMs, kind: "ADJUST", points: welcomePoints, reason: why.welcome },
  ];
  for (const order of orders) planned.push(...movementsOf(order, person, untilMs));
  if (random.chance(0.06)) {
    const points = random.pick([50, -30]);
    const atMs = Math.max(person.knownFromMs, person.activeUntilMs - dayMs);
    planned.push({ atMs, kind: "ADJUST", points, reason: why.corrected });
  }
  return planned.toSorted((a, b) => a.atMs - b.atMs);
}

function movementsOf({ ref, source, atMs, euros, back }: Order, person: Person, untilMs: number): Movement[] {
  const { points: why } = person.phrases;
  const points = Math.round(euros * pointsPerEuro);
  const taken = back ? Math.round(back.euros * pointsPerEuro) : 0;
  const pending = source === "webshop";
  const expiresAt = instantOf(atMs + lastsMs);
  const reason = `${why.purchase} ${ref}`;
  const movements: Movement[] = [
    { atMs, kind: "EARN", points, pending, reason, ...(!pending && { expiresAt }) },
  ];
  if (back)
    movements.push({ atMs: back.atMs, kind: "REVERSE", points: taken, reason: `${why.returned} ${ref}` });
  const releasedMs = atMs + pendingMs;
  if (pending && releasedMs < untilMs && points > taken)
    movements.push({
      atMs: releasedMs,
      kind: "ACTIVATE",
      points: points - taken,
      reason: why.released,
      expiresAt,
    });
  return movements;
}

/** The movements in order, with what the member spends as soon as it can, and at the end what lapses. */
function ledger(random: Random, person: Person, planned: readonly Movement[]): Movement[] {
  const { points: why } = person.phrases;
  const entries: Movement[] = [];
  let balance = emptyBalance;
  const apply = (movement: Movement) => {
    const change = changeOf(balance, { pending: false, ...movement });
    if ("refusal" in change) return;
    balance = balanceAfter(balance, movement.kind, change);
    entries.push(movement);
  };
  for (const [i, movement] of planned.entries()) {
    apply(movement);
    const affordable = rewards.filter(
      ({ available, costPoints }) => available && costPoints <= balance.active,
    );
    if (affordable.length === 0 || !random.chance(0.12)) continue;
    const { code, costPoints } = random.pick(affordable);
    const atMs = Math.min(movement.atMs + hourMs, planned[i + 1]?.atMs ?? movement.atMs);
    apply({ atMs, kind: "SPEND", points: costPoints, reason: why.redeemed, reward: code });
  }
  const lapsedMs = person.activeUntilMs + 30 * dayMs;
  if (person.stage === "LAPSED" && balance.active > 0)
    apply({ atMs: lapsedMs, kind: "EXPIRE", points: Math.ceil(balance.active / 2), reason: why.lapsed });
  return entries;
}
