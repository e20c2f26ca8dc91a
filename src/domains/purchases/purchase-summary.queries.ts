import { and, eq, type SQL, sql } from "drizzle-orm";
import { purchaseItems, purchaseReturnItems, purchaseReturns, purchases } from "#schema/purchases.js";
import type { Database } from "../../platform/database/database.js";
import { compileFilter, type FilterFields } from "../../platform/database/filter.js";
import { type Restriction, restricted } from "../../platform/database/restriction.js";
import { shapedStatement, statement } from "../../platform/database/statement.js";
import { type Id, toId, uuidOf } from "../../platform/ids.js";
import { purchaseListing } from "./purchase.queries.js";
import { purchaseReturnListing } from "./purchase-return.queries.js";

/** What was bought and returned in one currency; sums are exact and have the digits the statement gave them. */
export interface CurrencyFigures {
  currency: string;
  gross: string;
  returned: string;
  net: string;
  purchaseCount: number;
  returnCount: number;
}

type Where = object | null | undefined;

/** A filter of orders, read on returns that are joined to their order: what only orders have is null without one. */
const returnFields: FilterFields = {
  ...purchaseReturnListing.filter,
  id: purchases.id,
  orderNumber: purchases.orderNumber,
  status: purchases.status,
  placedAt: purchaseReturns.returnedAt,
};

const orderOfReturn = and(
  eq(purchases.customerId, purchaseReturns.customerId),
  eq(purchases.id, purchaseReturns.purchaseId),
);

interface Movements {
  /** All of them, or those of the customers that may be seen. */
  rows(restriction?: Restriction | null): SQL;
  values: Record<string, unknown>;
  /** Equal for filters that differ only in their values. */
  shape: string;
}

/**
 * Every order and return that the filter lets through, one row each; and with `perLine`, one row per line of them.
 * Orders that were called off are no purchases: no figure counts them.
 */
function movements(where: Where, perLine = false): Movements {
  // Both read the filter in the same order, so equal placeholders have equal values.
  const orders = compileFilter(where, purchaseListing.filter);
  const returns = compileFilter(where, returnFields);
  const orderLines = sql`join ${purchaseItems} on ${and(eq(purchaseItems.customerId, purchases.customerId), eq(purchaseItems.purchaseId, purchases.id))}`;
  const returnLines = sql`join ${purchaseReturnItems} on ${and(eq(purchaseReturnItems.customerId, purchaseReturns.customerId), eq(purchaseReturnItems.purchaseReturnId, purchaseReturns.id))}`;
  const rows = (restriction: Restriction | null = null) => sql`(
    select ${purchases.customerId}, ${purchases.currency}, false as is_return, ${purchases.total} as gross, 0 as returned
    from ${purchases} ${perLine ? orderLines : sql``}
    where ${and(sql`${purchases.status} <> 'CANCELLED'`, orders.condition, restricted(restriction, purchases, { every: true }))}
    union all
    select ${purchaseReturns.customerId}, ${purchaseReturns.currency}, true, 0, ${purchaseReturns.total}
    from ${purchaseReturns} ${perLine ? returnLines : sql``} left join ${purchases} on ${orderOfReturn}
    where ${and(returns.condition, restricted(restriction, purchaseReturns, { every: true })) ?? sql`true`}) as movement`;
  return { rows, values: { ...orders.values, ...returns.values }, shape: orders.shape };
}

const net = sql<string>`sum(gross) - sum(returned)`;
const counts = {
  purchaseCount: sql`count(*) filter (where not is_return)`.mapWith(Number),
  returnCount: sql`count(*) filter (where is_return)`.mapWith(Number),
};
const figures = {
  currency: sql<string>`currency`,
  gross: sql<string>`sum(gross)`,
  returned: sql<string>`sum(returned)`,
  net,
  ...counts,
};
const customerId = sql`customer_id`.mapWith((uuid: string) => toId("customer", uuid));
const ofCustomers = sql`customer_id = any(${sql.placeholder("ids")}::uuid[])`;

/** Figures per currency, over everything that the filter lets through. */
export function selectFigures(db: Database["read"], where: Where): Promise<CurrencyFigures[]> {
  const { rows, values, shape } = movements(where);
  return shapedStatement(db, `purchases.figures:${shape}`, (_, restriction) =>
    db.select(figures).from(rows(restriction)).groupBy(sql`currency`).orderBy(sql`currency`),
  )(values);
}

export async function selectLineCount(db: Database["read"], where: Where): Promise<number> {
  const { rows, values, shape } = movements(where, true);
  const [row] = await shapedStatement(db, `purchases.lineCount:${shape}`, (_, restriction) =>
    db.select({ count: sql`count(*)`.mapWith(Number) }).from(rows(restriction)),
  )(values);
  return row?.count ?? 0;
}

export async function selectBuyerCount(db: Database["read"], where: Where): Promise<number> {
  const { rows, values, shape } = movements(where);
  const [row] = await shapedStatement(db, `purchases.buyerCount:${shape}`, (_, restriction) =>
    db.select({ count: sql`count(distinct customer_id)`.mapWith(Number) }).from(rows(restriction)),
  )(values);
  return row?.count ?? 0;
}

const figuresByCustomers = statement("purchases.figuresByCustomers", (db) =>
  db
    .select({ customerId, ...figures })
    .from(movements(null).rows())
    .where(ofCustomers)
    .groupBy(sql`customer_id`, sql`currency`)
    .orderBy(sql`customer_id`, sql`currency`),
);

/** Figures per customer and currency, in one statement. */
export function selectFiguresByCustomers(
  db: Database["read"],
  ids: readonly Id<"customer">[],
): Promise<(CurrencyFigures & { customerId: Id<"customer"> })[]> {
  return figuresByCustomers(db, { ids: ids.map(uuidOf) });
}

const lineCountsByCustomers = statement("purchases.lineCountsByCustomers", (db) =>
  db
    .select({ parentId: customerId, count: sql`count(*)`.mapWith(Number) })
    .from(movements(null, true).rows())
    .where(ofCustomers)
    .groupBy(sql`customer_id`),
);

export function selectLineCountsByCustomers(db: Database["read"], ids: readonly Id<"customer">[]) {
  return lineCountsByCustomers(db, { ids: ids.map(uuidOf) });
}

/** The customers with the highest net revenue in one currency; equal ones by id, so that the ranking is stable. */
export function selectTopCustomers(
  db: Database["read"],
  { currency, size, where }: { currency: string; size: number; where: Where },
) {
  const { rows, values, shape } = movements(where);
  const run = shapedStatement(db, `purchases.topCustomers:${shape}`, (_, restriction) =>
    db
      .select({ customerId, net, ...counts })
      .from(rows(restriction))
      .where(sql`currency = ${sql.placeholder("currency")}`)
      .groupBy(sql`customer_id`)
      .orderBy(sql`${net} desc`, sql`customer_id`)
      .limit(sql.placeholder("size")),
  );
  return run({ ...values, currency, size });
}
