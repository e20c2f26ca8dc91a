import { type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { customers } from "#schema/customers.js";
import { customerColumnOf } from "../audit/customer-column.js";

/** Which customers a read may see; to it the others are not there. It holds where a read enters: edges lead to the same customer. */
export interface Restriction {
  /** Keeps statements apart: equal names have equal conditions. */
  readonly name: string;
  /** What fills the condition's placeholders. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The condition on the customer whose a row is, asked of each row: for rows by id and for pages. */
  allows(customer: SQLWrapper): SQL;
  /** The same, found for all customers at once: for what looks at every row anyway. */
  allowsMany(customer: SQLWrapper): SQL;
}

/**
 * The condition on the rows of a table; undefined where nothing is restricted, or the rows are of no customer. `every`: the
 * statement counts or sums them all; `merged`: it may find customers that were merged, and whether they are there their
 * survivor decides.
 */
export function restricted(
  restriction: Restriction | null,
  table: PgTable,
  { every = false, merged = false } = {},
): SQL | undefined {
  const customer = restriction && customerColumnOf(table)?.column;
  if (!customer) return undefined;
  const whose =
    merged && (table as unknown) === customers
      ? sql`coalesce(${customers.mergedInto}, ${customers.id})`
      : customer;
  return every ? restriction.allowsMany(whose) : restriction.allows(whose);
}
