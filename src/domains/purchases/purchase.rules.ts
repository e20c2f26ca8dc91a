import { z } from "zod";
import { purchaseStatus } from "#schema/purchases.js";
import {
  amountIn,
  code,
  codeText,
  currency,
  instant,
  oneOf,
  optional,
  refuse,
  requiredText,
  shortText,
  wholeNumber,
} from "../../platform/input.js";
import { totalOf } from "../../platform/money.js";
import { customerReference } from "../customers/reference.rules.js";

export const purchaseKinds = ["ORDER", "RETURN"] as const;
/** Lines of one purchase: the largest wholesale orders we know have 1,200. */
export const maxItems = 5_000;
/** No line moves more pieces; larger numbers are article codes in the wrong column. */
const maxQuantity = 1_000_000_000;

const line = z.strictObject({
  sku: requiredText,
  name: optional(shortText),
  quantity: wholeNumber(-maxQuantity, maxQuantity),
  unitPrice: z.string(),
});

/** What a source may send as an order or a return: the clean item, with its total. */
export const purchaseItem = z
  .strictObject({
    sourceRef: requiredText,
    kind: optional(oneOf(purchaseKinds)).transform((kind) => kind ?? "ORDER"),
    customer: customerReference,
    orderNumber: optional(requiredText),
    occurredAt: instant,
    status: optional(oneOf(purchaseStatus.enumValues)),
    channel: optional(codeText),
    currency,
    items: z
      .array(line)
      .min(1, code("EMPTY", "must hold at least one line"))
      .max(maxItems, code("TOO_MANY_ITEMS", `may hold at most ${maxItems} lines`)),
    returnOf: optional(requiredText),
    reason: optional(shortText),
  })
  .transform((purchase, context) => {
    const stray = strayField(purchase);
    if (stray) return refuse(context, "NOT_APPLICABLE", `does not belong to a ${purchase.kind}`, [stray]);
    for (const [i, item] of purchase.items.entries()) {
      const unitPrice = amountIn(item.unitPrice, purchase.currency);
      if (unitPrice === null) return refuse(context, ...badAmount, ["items", i, "unitPrice"]);
      if (item.quantity === 0 || (purchase.kind === "RETURN" && item.quantity < 0)) {
        const wanted = purchase.kind === "RETURN" ? "must be above zero on a return" : "must not be zero";
        return refuse(context, "INVALID_NUMBER", wanted, ["items", i, "quantity"]);
      }
      item.unitPrice = unitPrice;
    }
    return { ...purchase, total: totalOf(purchase.items, purchase.currency) };
  });

export type PurchaseItem = z.infer<typeof purchaseItem>;

const badAmount = ["INVALID_NUMBER", "must be a decimal number of at most 20 digits, as text"] as const;

/** A field that only the other kind of purchase has. */
function strayField({
  kind,
  status,
  returnOf,
  reason,
}: {
  kind: (typeof purchaseKinds)[number];
  status: string | null;
  returnOf: string | null;
  reason: string | null;
}): string | null {
  if (kind === "RETURN") return status === null ? null : "status";
  return returnOf !== null ? "returnOf" : reason !== null ? "reason" : null;
}

/** Lines as clients see them: a line's price is in the currency of its order or return. */
export function linesIn(
  currency: string,
  lines: readonly { sku: string; name: string | null; quantity: number; unitPrice: string }[],
) {
  return lines.map(({ sku, name, quantity, unitPrice }) => ({
    sku,
    name,
    quantity,
    unitPrice: { amount: unitPrice, currency },
  }));
}
