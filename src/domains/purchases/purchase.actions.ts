import type { Tx } from "../../platform/database/database.js";
import { ConcurrentChange } from "../../platform/database/retry.js";
import type { Refusal } from "../../platform/errors.js";
import type { Id } from "../../platform/ids.js";
import { selectClaims } from "../../platform/ingest/claims.js";
import { recordBatch } from "../customers/recording.actions.js";
import type {
  Anchor,
  Draft,
  Fact,
  Recorded,
  Recording,
  WriteServices,
  Written,
} from "../customers/recording.rules.js";
import { advanceToCustomer } from "../customers/stage.actions.js";
import { unknownChannels } from "../interactions/interaction.actions.js";
import { insertPurchases, selectPurchaseSubjects } from "./purchase.queries.js";
import { type PurchaseItem, purchaseItem } from "./purchase.rules.js";
import { insertReturns } from "./purchase-return.queries.js";

/** What an item becomes: an order, or a return. */
export type PurchaseId = "purchase" | "purchaseReturn";
type PurchaseDraft = Draft<PurchaseItem, PurchaseId>;
type PurchaseFact = Fact<PurchaseItem, PurchaseId>;

const order = { record: "PURCHASE", id: "purchase" } as const;
const goodsBack = { record: "RETURN", id: "purchaseReturn" } as const;

/**
 * Records orders and returns; see `recordBatch` for what it promises. A return belongs to the customer of its order,
 * wherever in the batch the order stands. Refuses UNKNOWN_CHANNEL, and ORDER_REFUSED for a return whose order is refused.
 */
export function recordPurchases(
  services: WriteServices,
  source: string,
  items: readonly unknown[],
): Promise<Recorded<PurchaseId>[]> {
  const sent = orderRefs(items);
  const recording: Recording<PurchaseItem, PurchaseId> = {
    ...order,
    item: purchaseItem,
    typeOf: (item) => (item.kind === "ORDER" ? order : goodsBack),
    anchor: (tx, of, drafts) => anchorsOfReturns(tx, of, drafts, sent),
    partOf: ({ returnOf }) => (returnOf === null ? null : { record: order.record, sourceRef: returnOf }),
    refused: unknownChannels,
    write: writePurchases,
  };
  return recordBatch(services, recording, source, items);
}

/** References of all orders in the batch, the bad ones included. */
function orderRefs(items: readonly unknown[]): ReadonlySet<unknown> {
  const given = items as readonly ({ kind?: unknown; sourceRef?: unknown } | null)[];
  return new Set(given.filter((item) => item?.kind !== "RETURN").map((item) => item?.sourceRef));
}

/** A return is about whoever its order is about. One of an unknown order is resolved by its own reference. */
async function anchorsOfReturns(
  tx: Tx,
  source: string,
  drafts: readonly PurchaseDraft[],
  sent: ReadonlySet<unknown>,
): Promise<Map<number, Anchor>> {
  const anchors = new Map<number, Anchor>();
  const places = new Map(drafts.filter(isOrder).map(({ index, item }) => [item.sourceRef, index]));
  const earlier = await earlierOrders(tx, source, drafts, places);
  for (const { index, item } of drafts) {
    if (item.returnOf === null) continue;
    const sameAs = places.get(item.returnOf);
    const known = earlier.get(item.returnOf);
    if (sameAs !== undefined) anchors.set(index, { sameAs });
    else if (known) anchors.set(index, { customerId: known.customerId, profileId: known.profileId });
    else if (sent.has(item.returnOf)) anchors.set(index, { refusal: orderRefused });
  }
  return anchors;
}

const orderRefused: Refusal = {
  code: "ORDER_REFUSED",
  field: "returnOf",
  message: "The order of this return is in the same batch and was refused.",
};

/** The orders of these returns that were recorded before, by reference; two statements at most. */
async function earlierOrders(
  tx: Tx,
  source: string,
  items: readonly PurchaseDraft[],
  inBatch: ReadonlyMap<string, unknown>,
) {
  const refs = new Set(items.flatMap(({ item }) => item.returnOf ?? []).filter((ref) => !inBatch.has(ref)));
  const claims = await selectClaims(tx, source, order, [...refs]);
  const rows = claims.size ? await selectPurchaseSubjects(tx, [...claims.values()]) : [];
  const byId = new Map(rows.map((row) => [row.id, row]));
  return new Map([...claims].map(([ref, id]) => [ref, byId.get(id)]));
}

async function writePurchases(tx: Tx, source: string, facts: readonly PurchaseFact[]): Promise<Written> {
  const orders = facts.filter(isOrder);
  const inBatch = new Map(orders.map(({ id, item }) => [item.sourceRef, id]));
  const earlier = await earlierOrders(tx, source, facts, inBatch);
  const bought = orders.filter(({ item }) => item.status !== "CANCELLED");
  const done = Promise.all([
    writeOrders(tx, source, orders),
    writeReturns(tx, source, facts.filter(isReturn), inBatch, earlier),
    advanceToCustomer(tx, [...new Set(bought.map((fact) => fact.customerId))]),
  ]);
  return { events: facts.map(eventOf), done };
}

/** Sent before it returns, as returns are: they may point at these. */
async function writeOrders(
  tx: Tx,
  source: string,
  orders: readonly Fact<PurchaseItem, "purchase">[],
): Promise<void> {
  const rows = orders.map(({ id, customerId, profileId, item }) => ({
    id,
    customerId,
    profileId,
    source,
    sourceRef: item.sourceRef,
    orderNumber: item.orderNumber ?? item.sourceRef,
    status: item.status ?? ("PLACED" as const),
    channel: item.channel,
    currency: item.currency,
    total: item.total,
    placedAt: item.occurredAt,
  }));
  const lines = orders.flatMap((order) => linesOf(order, { purchaseId: order.id }));
  await insertPurchases(tx, rows, lines);
}

async function writeReturns(
  tx: Tx,
  source: string,
  returns: readonly Fact<PurchaseItem, "purchaseReturn">[],
  inBatch: ReadonlyMap<string, Id<"purchase">>,
  earlier: Awaited<ReturnType<typeof earlierOrders>>,
): Promise<void> {
  const rows = returns.map(({ id, customerId, profileId, item }) => {
    const known = item.returnOf === null ? undefined : earlier.get(item.returnOf);
    // Read again under the row locks: an order that has moved since starts the transaction again.
    if (known && known.customerId !== customerId) throw new ConcurrentChange("an order changed hands");
    return {
      id,
      customerId,
      profileId,
      purchaseId: inBatch.get(item.returnOf ?? "") ?? known?.id ?? null,
      source,
      sourceRef: item.sourceRef,
      returnNumber: item.orderNumber ?? item.sourceRef,
      channel: item.channel,
      reason: item.reason,
      currency: item.currency,
      total: item.total,
      returnedAt: item.occurredAt,
    };
  });
  const lines = returns.flatMap((goods) => linesOf(goods, { purchaseReturnId: goods.id }));
  await insertReturns(tx, rows, lines);
}

/** The rows of what an order or a return consists of. */
function linesOf<P>({ customerId, item }: PurchaseFact, parent: P) {
  return item.items.map(({ sku, name, quantity, unitPrice }, i) => ({
    customerId,
    ...parent,
    position: i + 1,
    sku,
    name,
    quantity,
    unitPrice,
  }));
}

function eventOf(fact: PurchaseFact): Written["events"][number] {
  const { index, customerId, item } = fact;
  const about = { index, customerId, occurredAt: item.occurredAt };
  return isOrder(fact)
    ? { ...about, type: "PURCHASE_RECORDED", subjectId: fact.id }
    : { ...about, type: "RETURN_RECORDED", subjectId: fact.id as Id<"purchaseReturn"> };
}

function isOrder<F extends PurchaseDraft>(draft: F): draft is F & Draft<PurchaseItem, "purchase"> {
  return draft.item.kind === "ORDER";
}

function isReturn<F extends PurchaseDraft>(draft: F): draft is F & Draft<PurchaseItem, "purchaseReturn"> {
  return draft.item.kind === "RETURN";
}
