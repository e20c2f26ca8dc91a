import { Big } from "big.js";

/** Amounts beyond this are a mistake of the source, not a price. */
const maxDigits = 20;
const decimalPattern = /^-?\d+(\.\d+)?$/;
const currencies = new Set(Intl.supportedValuesOf("currency"));
const minorDigits = new Map<string, number>();

export function isCurrency(code: string): boolean {
  return currencies.has(code);
}

/**
 * The amount with at least the digits its currency is written with ("2.5" GBP is "2.50"), more where the source
 * gave more ("0.001"). Null when the text is no decimal number of at most 20 digits.
 */
export function normaliseAmount(text: string, currency: string): string | null {
  if (!decimalPattern.test(text) || text.length > maxDigits) return null;
  return format(new Big(text), currency);
}

/** Sum of quantity times unit price, exact. */
export function totalOf(items: readonly { quantity: number; unitPrice: string }[], currency: string): string {
  const sum = items.reduce(
    (total, item) => total.plus(new Big(item.unitPrice).times(item.quantity)),
    new Big(0),
  );
  return format(sum, currency);
}

function format(value: Big, currency: string): string {
  const exact = value.toFixed();
  const digits = exact.includes(".") ? exact.length - exact.indexOf(".") - 1 : 0;
  return digits < digitsOf(currency) ? value.toFixed(digitsOf(currency)) : exact;
}

function digitsOf(currency: string): number {
  let digits = minorDigits.get(currency);
  if (digits === undefined) {
    digits =
      new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ??
      2;
    minorDigits.set(currency, digits);
  }
  return digits;
}
