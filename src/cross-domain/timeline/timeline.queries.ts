import { and, eq, type SQL, sql } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import type { IdKind } from "#schema/columns.js";
import { customers } from "#schema/customers.js";
import { feedback } from "#schema/feedback.js";
import { interactions } from "#schema/interactions.js";
import { loyaltyEntries } from "#schema/loyalty.js";
import { purchaseReturns, purchases } from "#schema/purchases.js";
import { ticketEvents } from "#schema/tickets.js";
import type { Scope } from "../../platform/access/scopes.js";
import type { Database } from "../../platform/database/database.js";
import { compileFilter } from "../../platform/database/filter.js";
import {
  beyond,
  decodeCursor,
  encodeCursor,
  type OrderKey,
  orderBy,
} from "../../platform/database/keyset.js";
import { shapedStatement } from "../../platform/database/statement.js";
import type { PageRequest } from "../../platform/graphql/paging.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import { type Id, toId, uuidOf } from "../../platform/ids.js";
import type { Kind, TimelineFilter } from "./timeline.type.js";

interface Branch {
  kind: Kind;
  scope: Scope;
  idKind: IdKind;
  table: PgTable & { customerId: PgColumn; id: PgColumn };
  at: PgColumn;
}

const branches: readonly Branch[] = [
  {
    kind: "INTERACTION",
    scope: "interactions:read",
    idKind: "interaction",
    table: interactions,
    at: interactions.occurredAt,
  },
  { kind: "PURCHASE", scope: "purchases:read", idKind: "purchase", table: purchases, at: purchases.placedAt },
  {
    kind: "RETURN",
    scope: "purchases:read",
    idKind: "purchaseReturn",
    table: purchaseReturns,
    at: purchaseReturns.returnedAt,
  },
  {
    kind: "TICKET_EVENT",
    scope: "tickets:read",
    idKind: "ticketEvent",
    table: ticketEvents,
    at: ticketEvents.occurredAt,
  },
  {
    kind: "LOYALTY_ENTRY",
    scope: "loyalty:read",
    idKind: "loyaltyEntry",
    table: loyaltyEntries,
    at: loyaltyEntries.occurredAt,
  },
  { kind: "FEEDBACK", scope: "feedback:read", idKind: "feedback", table: feedback, at: feedback.answeredAt },
];

/** Those of the kinds asked for (all when none) that these scopes let a caller see. */
export function readableKinds(scopes: ReadonlySet<Scope>, asked: readonly Kind[] | null | undefined): Kind[] {
  return branches
    .filter(({ kind, scope }) => scopes.has(scope) && (!asked || asked.includes(kind)))
    .map(({ kind }) => kind);
}

/** Where an entry stands: enough to load it and to make its cursor. */
export interface TimelinePlace extends Record<string, unknown> {
  customerId: Id<"customer">;
  occurredAt: string;
  id: Id<IdKind>;
}

export interface TimelineRequest extends PageRequest {
  where?: TimelineFilter | null | undefined;
}

/**
 * One page of places per customer over all domains, in one statement however many customers ask. Each branch reads at
 * most one page off its own index; only those few rows are merged.
 */
export async function selectTimelinePlaces(
  db: Database["read"],
  customerIds: readonly Id<"customer">[],
  request: TimelineRequest,
): Promise<TimelinePlace[]> {
  const asked = askedBranches(request);
  if (asked.length === 0) return [];
  const filter = (at: PgColumn) =>
    compileFilter({ occurredAt: request.where?.occurredAt }, { occurredAt: at });
  const { shape, values } = filter(interactions.occurredAt);
  const cursors = cursorValues(request);
  const name = [
    "timeline",
    request.backward ? "<" : ">",
    ...asked.map(({ kind }) => kind),
    shape,
    ...Object.keys(cursors),
  ];
  const run = shapedStatement(db, name.join(" "), () => {
    const pages = asked.map((branch) => sql`(${branchPage(branch, request, filter(branch.at).condition)})`);
    const direction = request.backward ? sql`asc` : sql`desc`;
    return db
      .select({
        customerId: customers.id,
        id: sql<string>`entry.id`,
        occurredAt: sql<string>`entry.at`.mapWith(interactions.occurredAt),
        kind: sql<Kind>`entry.kind`,
      })
      .from(customers)
      .crossJoinLateral(
        sql`(select * from (${sql.join(pages, sql` union all `)}) as entries
          order by at ${direction}, id ${direction} limit ${sql.placeholder("limit")}) as entry`,
      )
      .where(sql`${customers.id} = any(${sql.placeholder("ids")}::uuid[])`);
  });
  const rows = await run({ ...values, ...cursors, limit: request.size + 1, ids: customerIds.map(uuidOf) });
  return rows.map(({ customerId, id, occurredAt, kind }) => ({
    customerId,
    occurredAt,
    id: toId(idKindOf(kind), id),
  }));
}

/** How many entries each of these timelines has. */
export async function countTimelines(
  db: Database["read"],
  customerIds: readonly Id<"customer">[],
  request: TimelineRequest,
): Promise<Map<string, number>> {
  const asked = askedBranches(request);
  if (asked.length === 0) return new Map();
  const filter = (at: PgColumn) =>
    compileFilter({ occurredAt: request.where?.occurredAt }, { occurredAt: at });
  const { shape, values } = filter(interactions.occurredAt);
  const name = ["timeline count", ...asked.map(({ kind }) => kind), shape].join(" ");
  const run = shapedStatement(db, name, () => {
    const parts = asked.map(
      ({ table, at }) =>
        sql`select count(*) as n from ${table} where ${and(eq(table.customerId, customers.id), filter(at).condition)}`,
    );
    return db
      .select({ customerId: customers.id, count: sql<string>`entry.n` })
      .from(customers)
      .crossJoinLateral(
        sql`(select sum(n) as n from (${sql.join(parts, sql` union all `)}) as parts) as entry`,
      )
      .where(sql`${customers.id} = any(${sql.placeholder("ids")}::uuid[])`);
  });
  const rows = await run({ ...values, ids: customerIds.map(uuidOf) });
  return new Map(rows.map(({ customerId, count }) => [customerId, Number(count)]));
}

/** The newest first. Every prefix has the same length, so ids of all kinds compare as their uuids do. */
const order = orderOf(interactions.occurredAt, interactions.id);

export function timelineCursor(entry: TimelinePlace): string {
  return encodeCursor(order, entry);
}

function branchPage({ kind, table, at }: Branch, request: TimelineRequest, filter: SQL | undefined): SQL {
  const own = orderOf(at, table.id);
  const conditions = [
    eq(table.customerId, customers.id),
    filter,
    request.cursor === null ? undefined : beyond(own, [], "c", request.backward),
    request.otherCursor === null ? undefined : beyond(own, [], "o", !request.backward),
  ];
  return sql`select ${sql.raw(`'${kind}'::text`)} as kind, ${table.id} as id, ${at} as at
    from ${table} where ${and(...conditions)}
    order by ${sql.join(orderBy(own, request.backward), sql`, `)} limit ${sql.placeholder("limit")}`;
}

/** The values that the placeholders of the cursors stand for. Throws BAD_CURSOR. */
function cursorValues(request: TimelineRequest): Record<string, unknown> {
  const named = (prefix: string, cursor: string | null) =>
    cursor === null
      ? []
      : decodeCursor(order, cursor).map((value, i) => [
          `${prefix}${i}`,
          (order[i] as OrderKey).column.mapToDriverValue(value),
        ]);
  return Object.fromEntries([...named("c", request.cursor), ...named("o", request.otherCursor)]);
}

function orderOf(at: PgColumn, id: PgColumn): readonly OrderKey[] {
  return [orderKey("occurredAt", at, "DESC"), orderKey("id", id, "DESC")];
}

function askedBranches({ where }: TimelineRequest): readonly Branch[] {
  return branches.filter((branch) => !where?.kinds || where.kinds.includes(branch.kind));
}

function idKindOf(kind: Kind): IdKind {
  return (branches.find((branch) => branch.kind === kind) as Branch).idKind;
}
