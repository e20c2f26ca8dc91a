import { sql } from "drizzle-orm";
import { customers } from "#schema/customers.js";
import type { Tx } from "../../platform/database/database.js";
import { sendNow } from "../../platform/database/rows.js";
import { type Id, uuidOf } from "../../platform/ids.js";

/**
 * Whoever has bought is a CUSTOMER: moves those of them on who were a LEAD or an OPPORTUNITY until now. Anonymous ones
 * stay as they are. The caller holds the row locks. It is sent before this returns.
 */
export async function advanceToCustomer(tx: Tx, ids: readonly Id<"customer">[]): Promise<void> {
  if (ids.length === 0) return;
  const statement = sql`/* advanceToCustomer */
    update ${customers} set stage = 'CUSTOMER', updated_at = now()
    where id = any(${sql.param(ids.map(uuidOf))}::uuid[]) and not anonymous and stage in ('LEAD', 'OPPORTUNITY')`;
  await sendNow(tx, statement);
}
