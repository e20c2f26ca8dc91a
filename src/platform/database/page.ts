import { and, eq, getTableColumns, getTableName, type SQL, sql } from "drizzle-orm";
import type { PgColumn as Column, PgTable } from "drizzle-orm/pg-core";
import { customerColumnOf } from "../audit/customer-column.js";
import { Page, type PageRequest } from "../graphql/paging.js";
import type { SortField } from "../graphql/sorting.js";
import { groupBy } from "../group.js";
import { type Id, uuidOf } from "../ids.js";
import { trailOf } from "./audience.js";
import { type RowColumns, selectedColumns } from "./columns.js";
import type { Database } from "./database.js";
import { type Bind, type Compiled, compileFilter, type FilterFields } from "./filter.js";
import { beyond, decodeCursor, encodeCursor, type OrderKey, orderBy, orderName } from "./keyset.js";
import { type Restriction, restricted } from "./restriction.js";
import { shapedStatement } from "./statement.js";

/** A list that clients can page through: all rows of a table, or those that hang on a parent row. */
export interface Listing {
  table: PgTable;
  /** The list's order when the client names none; its last key is unique. */
  order: readonly OrderKey[];
  /** What clients may sort by instead, under the names of its sort enum. */
  sort?: Record<string, SortField>;
  filter: FilterFields;
  /** The row that owns a page, and the columns that tie its children to it. Absent for a root list. */
  parent?: { table: PgTable; key: Column; on: readonly (readonly [child: Column, parent: Column])[] };
  /** Holds for every row of the list, whatever the client asks. */
  always?: SQL;
}

export interface ListRequest extends PageRequest {
  where?: object | null;
  order?: readonly OrderKey[];
  /** What is read of each row besides the keys of the order; all of it when absent. */
  columns?: RowColumns | null;
  /** True when nobody asks what follows: no row is read to find out. */
  alone?: boolean;
}

type Row = Record<string, unknown>;
type Run = (values: Record<string, unknown>) => Promise<Row[]>;

/** Of the parent the bare id: it is only compared. */
const parentKey = "parent_key";

/**
 * One page per parent, in one statement however many parents ask (LATERAL over the parent table, which shards with
 * its children). Answers are aligned with `parentIds`.
 */
export async function selectPages<R extends Row>(
  db: Database["read"],
  listing: Listing,
  parentIds: readonly string[],
  request: ListRequest,
): Promise<Page<R>[]> {
  const plan = planOf(listing, request);
  const ids = parentIds.map((id) => uuidOf(id as never));
  const rows = await plan.run(db, "pages", { ids });
  const byParent = groupBy(rows, (row) => row[parentKey] as string);
  const counts = lazy(() => countByParent(db, plan, ids));
  return ids.map((id) => plan.page<R>(byParent.get(id) ?? [], async () => (await counts()).get(id) ?? 0));
}

/** One page of a root list. */
export async function selectPage<R extends Row>(
  db: Database["read"],
  listing: Listing,
  request: ListRequest,
): Promise<Page<R>> {
  const plan = planOf(listing, request);
  const rows = await plan.run(db, "page", {});
  const page = plan.page<R>(rows, async () => Number((await plan.run(db, "count", {}))[0]?.count ?? 0));
  const customer = auditedBy(db, listing);
  if (customer) for (const row of page.nodes) trailOf(db)?.touched(row[customer] as Id<"customer">);
  return page;
}

/** Which of these rows a filter lets through; the same comparison as in a list, so that streams and lists agree. */
export async function selectMatching(
  db: Database["read"],
  listing: Listing,
  rowIds: readonly string[],
  where: object,
): Promise<Set<string>> {
  const plan = planOf(listing, { size: 1, backward: false, cursor: null, otherCursor: null, where });
  if (rowIds.length === 0) return new Set();
  const rows = await plan.run(db, "matching", { ids: rowIds.map((id) => uuidOf(id as never)) });
  return new Set(rows.map((row) => row.id as string));
}

async function countByParent(db: Database["read"], plan: Plan, ids: readonly string[]) {
  const rows = await plan.run(db, "counts", { ids });
  return new Map(rows.map((row) => [row[parentKey] as string, Number(row.count)]));
}

type Plan = ReturnType<typeof planOf>;

/** Everything about one request that does not depend on the parents. */
function planOf(listing: Listing, request: ListRequest) {
  const parts = pageParts(listing, request);
  const { order, values } = parts;
  return {
    run: (db: Database["read"], what: What, extra: object) =>
      prepared(
        db,
        listing,
        what,
        parts,
        request.columns ?? null,
      )({ ...values, limit: request.size + (request.alone ? 0 : 1), ...extra }),
    page<R extends Row>(rows: Row[], count: () => Promise<number>): Page<R> {
      const more = rows.length > request.size;
      const shown = (more ? rows.slice(0, request.size) : rows) as R[];
      if (request.backward) shown.reverse();
      const beyondStart = request.cursor !== null;
      const hasMore = request.backward
        ? { next: beyondStart, previous: more }
        : { next: more, previous: beyondStart };
      return new Page(shown, (row) => encodeCursor(order, row), hasMore, lazy(count));
    },
  };
}

/** The clauses of a page, and the values of their placeholders. Equal shapes make equal clauses. */
export interface PageParts {
  order: readonly OrderKey[];
  backward: boolean;
  filter: Compiled;
  /** The filter, what always holds, and the ends that cursors set. */
  conditions(): (SQL | undefined)[];
  values: Record<string, unknown>;
  shape: string;
}

/** The clauses of one page. The prefix keeps the placeholders of several pages in one statement apart. */
export function pageParts(listing: Listing, request: ListRequest, prefix = "", bind?: Bind): PageParts {
  const order = request.order ?? listing.order;
  const filter = compileFilter(request.where, listing.filter, { prefix, ...(bind && { bind }) });
  const values: Record<string, unknown> = { ...filter.values };
  const ends: (() => SQL)[] = [];
  let shape = `${request.backward ? "<" : ">"}${orderName(order)}|${filter.shape}`;
  for (const [end, cursor, before] of [
    ["c", request.cursor, request.backward],
    ["o", request.otherCursor, !request.backward],
  ] as const) {
    if (cursor === null) continue;
    const place = decodeCursor(order, cursor);
    const name = `${prefix}${end}`;
    place.forEach((value, i) => {
      values[`${name}${i}`] = value === null ? null : (order[i] as OrderKey).column.mapToDriverValue(value);
    });
    ends.push(() => beyond(order, place, name, before));
    shape += `|${end}${place.map((value) => (value === null ? "n" : "v")).join("")}`;
  }
  const conditions = () => [filter.condition, listing.always, ...ends.map((end) => end())];
  return { order, backward: request.backward, filter, conditions, values, shape };
}

/** The property that tells an audit whose a row is; null where none is kept, or the rows are nobody's. */
function auditedBy(db: Database["read"], listing: Listing): string | null {
  return trailOf(db) && (customerColumnOf(listing.table)?.property ?? null);
}

type What = "page" | "pages" | "count" | "counts" | "matching";
/** The prepared statement of this shape, built once per database. */
function prepared(
  db: Database["read"],
  listing: Listing,
  what: What,
  parts: PageParts,
  columns: RowColumns | null,
): Run {
  const parent = listing.parent ? `${getTableName(listing.parent.table)}.` : "";
  const name = `${parent}${getTableName(listing.table)}:${what}:${what.includes("page") ? `${parts.shape}|${columns?.name ?? "*"}` : parts.filter.shape}`;
  const customer = what === "page" ? auditedBy(db, listing) : null;
  return shapedStatement(db, customer ? `${name}|audited` : name, (root, restriction) =>
    builders[what](root, listing, parts, { columns, customer, restriction }),
  ) as Run;
}

const ids = sql`any(${sql.placeholder("ids")}::uuid[])`;

/** What of each row is read, and which rows may be seen. Pages of parents hang on rows that were seen. */
interface Seen {
  columns: RowColumns | null;
  customer: string | null;
  restriction: Restriction | null;
}

const builders = {
  page: (db: Database["read"], listing: Listing, parts: PageParts, seen: Seen) =>
    db
      .select(columnsOfPage(listing, parts, seen.columns, seen.customer))
      .from(listing.table)
      .where(and(...parts.conditions(), restricted(seen.restriction, listing.table)))
      .orderBy(...orderBy(parts.order, parts.backward))
      .limit(sql.placeholder("limit")),

  pages: (db: Database["read"], listing: Listing, parts: PageParts, { columns }: Seen) => {
    const { table, key, on } = parentOf(listing);
    const page = db
      .select(columnsOfPage(listing, parts, columns))
      .from(listing.table)
      .where(and(...on.map(([child, parent]) => eq(child, parent)), ...parts.conditions()))
      .orderBy(...orderBy(parts.order, parts.backward))
      .limit(sql.placeholder("limit"))
      .as("page");
    // A lateral join emits each parent's rows in the order of the inner query.
    return db
      .select({ ...page._.selectedFields, [parentKey]: bareId(key) } as never)
      .from(table)
      .crossJoinLateral(page)
      .where(sql`${key} = ${ids}`);
  },

  count: (db: Database["read"], listing: Listing, parts: PageParts, { restriction }: Seen) =>
    db
      .select({ count: sql<string>`count(*)` })
      .from(listing.table)
      .where(
        and(parts.filter.condition, listing.always, restricted(restriction, listing.table, { every: true })),
      ),

  matching: (db: Database["read"], listing: Listing, parts: PageParts, { restriction }: Seen) => {
    const { id } = getTableColumns(listing.table) as unknown as { id: Column };
    return db
      .select({ id })
      .from(listing.table)
      .where(
        and(
          sql`${id} = ${ids}`,
          parts.filter.condition,
          listing.always,
          restricted(restriction, listing.table),
        ),
      );
  },

  counts: (db: Database["read"], listing: Listing, parts: PageParts) => {
    const { table, key, on } = parentOf(listing);
    return db
      .select({ [parentKey]: bareId(key), count: sql<string>`count(*)` } as never)
      .from(table)
      .innerJoin(listing.table, and(...on.map(([child, parent]) => eq(child, parent))))
      .where(and(sql`${key} = ${ids}`, parts.filter.condition, listing.always))
      .groupBy(key);
  },
} as const;

/** Cursors are made of the keys of the order; an audit asks whose each row is. */
function columnsOfPage(
  listing: Listing,
  { order }: PageParts,
  columns: RowColumns | null,
  customer: string | null = null,
) {
  const keys = order.map(({ property }) => property);
  if (customer) keys.push(customer);
  return selectedColumns(listing.table, columns, keys);
}

function bareId(key: Column): SQL<string> {
  return sql<string>`${key}`;
}

function parentOf(listing: Listing) {
  if (!listing.parent) throw new Error(`${getTableName(listing.table)} has no parent here`);
  return listing.parent;
}

function lazy<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
