import type { PurchaseRow } from "#schema/purchases.js";
import type { PurchaseInput } from "../../domains/purchases/purchase-recording.type.js";
import { priceIn, products } from "./catalogue.js";
import { dayMs, historyMs, instantOf, momentBetween } from "./moments.js";
import { buyers, type Person, referenceAt } from "./people.js";
import { Random } from "./random.js";
import { type Region, regions } from "./regions.js";
import type { SourceCode, Told } from "./sources.js";

/** Who pay in cash and leave no name. */
export const guests = 40;

/** What the loyalty club needs to know of an order. */
export interface Order {
  ref: string;
  source: SourceCode;
  atMs: number;
  euros: number;
  back: { atMs: number; euros: number } | null;
}

export interface Purchases {
  told: Told<PurchaseInput>[];
  /** By the person's index; cancelled ones are left out. */
  orders: Map<number, Order[]>;
}

export function purchasesOf(seed: number, people: readonly Person[], untilMs: number): Purchases {
  const told: Told<PurchaseInput>[] = [];
  const orders = new Map<number, Order[]>();
  for (const person of people) {
    if (!buyers.has(person.stage)) continue;
    const random = new Random(seed, 3, person.index);
    const own: Order[] = [];
    const count = 1 + Math.floor(person.activity * 1.9 + random.next());
    for (let n = 1; n <= count; n++) own.push(...order(random, person, n, untilMs, told));
    if (random.chance(0.01)) told.push(looseReturn(random, person));
    orders.set(person.index, own);
  }
  return { told, orders };
}

export function guestPurchasesOf(seed: number, untilMs: number): Told<PurchaseInput>[] {
  return Array.from({ length: guests }, (_, i) => guestOrder(new Random(seed, 4, i), i + 1, untilMs));
}

function order(
  random: Random,
  person: Person,
  n: number,
  untilMs: number,
  told: Told<PurchaseInput>[],
): Order[] {
  const { region, knownFromMs, activeUntilMs } = person;
  const atMs = momentBetween(random, region.utcOffsetHours, knownFromMs, activeUntilMs);
  const online = person.sources.includes("webshop");
  const atTill = person.sources.includes("pos") ? !online || random.chance(0.5) : random.chance(0.03);
  const source = atTill ? "pos" : "webshop";
  const ref = `${atTill ? "P" : "W"}-${10_001 + person.index}-${n}`;
  const status = statusOf(random, (untilMs - atMs) / dayMs);
  const { items, euros } = basket(random, region);
  const channel = atTill
    ? "store"
    : random.weighted(["web", "app", "phone"], (c) => (c === "phone" ? 0.1 : 1));
  const head = { currency: region.currency, channel, occurredAt: instantOf(atMs) };
  told.push({
    source,
    atMs,
    item: { sourceRef: ref, customer: referenceAt(person, source), status, ...head, items },
  });
  const back =
    random.chance(0.07) && status === "FULFILLED" ? goodsBack(random, person, items, atMs, untilMs) : null;
  if (back) {
    const { atMs: backMs, line } = back;
    const item = { sourceRef: `R-${ref}`, kind: "RETURN" as const, returnOf: ref, currency: region.currency };
    const way = { channel: atTill ? "store" : "mail", reason: random.pick(person.phrases.returnReasons) };
    told.push({
      source,
      atMs: backMs,
      item: { ...item, ...way, occurredAt: instantOf(backMs), items: [line] },
    });
  }
  return status === "CANCELLED" ? [] : [{ ref, source, atMs, euros, back }];
}

function statusOf(random: Random, ageDays: number): PurchaseRow["status"] {
  if (ageDays < 3) return "PLACED";
  if (ageDays < 6) return "PAID";
  return random.chance(0.04) ? "CANCELLED" : "FULFILLED";
}

export function basket(random: Random, region: Region) {
  const chosen = new Set(Array.from({ length: random.int(1, 4) }, () => random.pick(products)));
  let euros = 0;
  const items = [...chosen].map((product) => {
    const quantity = random.chance(0.8) ? 1 : random.int(2, 4);
    euros += quantity * product.euros;
    const name = product.names[region.language];
    return { sku: product.sku, name, quantity, unitPrice: priceIn(region.currency, product.euros) };
  });
  return { items, euros };
}

/** One line comes back, if there was time enough. */
function goodsBack(
  random: Random,
  { region }: Person,
  items: PurchaseInput["items"],
  atMs: number,
  untilMs: number,
) {
  const backMs = momentBetween(random, region.utcOffsetHours, atMs + 3 * dayMs, atMs + 25 * dayMs);
  if (backMs >= untilMs) return null;
  const line = random.pick(items);
  const euros = line.quantity * (products.find(({ sku }) => sku === line.sku)?.euros ?? 0);
  return { atMs: backMs, euros, line };
}

/** Brought back to a store without a receipt: nobody knows the order. */
function looseReturn(random: Random, person: Person): Told<PurchaseInput> {
  const { region, phrases, knownFromMs, activeUntilMs } = person;
  const atMs = momentBetween(random, region.utcOffsetHours, knownFromMs, activeUntilMs);
  const [line] = basket(random, region).items;
  const item: PurchaseInput = {
    sourceRef: `RX-${10_001 + person.index}`,
    kind: "RETURN",
    customer: referenceAt(person, "pos"),
    occurredAt: instantOf(atMs),
    channel: "store",
    currency: region.currency,
    items: line ? [line] : [],
    reason: random.pick(phrases.returnReasons),
  };
  return { source: "pos", atMs, item };
}

function guestOrder(random: Random, n: number, untilMs: number): Told<PurchaseInput> {
  const region = random.pick(regions);
  const atMs = momentBetween(random, region.utcOffsetHours, untilMs - historyMs, untilMs);
  const head = { occurredAt: instantOf(atMs), status: "FULFILLED" as const, channel: "store" };
  const { items } = basket(random, region);
  return { source: "pos", atMs, item: { sourceRef: `G-${n}`, ...head, currency: region.currency, items } };
}
