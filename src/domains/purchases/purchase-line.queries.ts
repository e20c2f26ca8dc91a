import { sql } from "drizzle-orm";
import type { purchaseItems, purchaseReturnItems } from "#schema/purchases.js";
import type { Tx } from "../../platform/database/database.js";
import { bareArray } from "../../platform/database/rows.js";
import { type Id, uuidOf } from "../../platform/ids.js";

/** An order or a return with its lines. */
export interface Lined {
  id: Id<"purchase" | "purchaseReturn">;
  customerId: Id<"customer">;
  lines: readonly { sku: string; name: string | null; quantity: number; unitPrice: string }[];
}

/**
 * Writes the lines of any number of orders or returns in one statement, one array per column: there are twenty times as
 * many lines as orders, and the server reads arrays four times as fast as JSON rows (1.3 against 6 µs a row).
 */
export async function insertLines(
  tx: Tx,
  { table, parent }: { table: typeof purchaseItems | typeof purchaseReturnItems; parent: string },
  owners: readonly Lined[],
): Promise<void> {
  const customerIds: string[] = [];
  const parentIds: string[] = [];
  const positions: number[] = [];
  const skus: string[] = [];
  const names: (string | null)[] = [];
  const quantities: number[] = [];
  const unitPrices: string[] = [];
  for (const owner of owners) {
    const [customerId, parentId] = [uuidOf(owner.customerId), uuidOf(owner.id)];
    for (const [i, line] of owner.lines.entries()) {
      customerIds.push(customerId);
      parentIds.push(parentId);
      positions.push(i + 1);
      skus.push(line.sku);
      names.push(line.name);
      quantities.push(line.quantity);
      unitPrices.push(line.unitPrice);
    }
  }
  if (positions.length === 0) return;
  await tx.execute(sql`/* insertLines */
    insert into ${table} (customer_id, ${sql.identifier(parent)}, position, sku, name, quantity, unit_price)
    select * from unnest(${bareArray(customerIds)}::uuid[], ${bareArray(parentIds)}::uuid[], ${bareArray(positions)}::integer[],
      ${sql.param(skus)}::text[], ${sql.param(names)}::text[], ${bareArray(quantities)}::integer[], ${bareArray(unitPrices)}::numeric[])`);
}
