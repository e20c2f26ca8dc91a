import type { ReceiptLine } from "#schema/privacy.js";

/** The receipt with more rows on it: one line per table and action, those without rows left out. */
export function withLines(receipt: readonly ReceiptLine[], more: readonly ReceiptLine[]): ReceiptLine[] {
  const lines = new Map<string, ReceiptLine>();
  for (const { table, action, rows } of [...receipt, ...more]) {
    if (rows === 0) continue;
    const key = `${table} ${action}`;
    lines.set(key, { table, action, rows: (lines.get(key)?.rows ?? 0) + rows });
  }
  return [...lines.values()];
}
