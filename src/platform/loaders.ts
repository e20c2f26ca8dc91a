import DataLoader from "dataloader";
import type { RowColumns } from "./database/columns.js";
import type { Database } from "./database/database.js";
import { orderName } from "./database/keyset.js";
import { type Listing, type ListRequest, selectPages } from "./database/page.js";
import type { Page } from "./graphql/paging.js";
import { groupBy } from "./group.js";

/** Keys in one statement; more are split, so that one array parameter stays below a few hundred kilobytes. */
const maxBatchSize = 1_000;

type Row = Record<string, unknown>;

/** One row per key, or null. `select` takes many keys; rows are aligned by `keyOf`. */
export function loadOne<K, R>(select: (keys: readonly K[]) => Promise<R[]>, keyOf: (row: R) => K) {
  return loadValue<K, R, R | null>(select, keyOf, (row) => row, null);
}

/** One row per id, or null. */
export function loadById<K extends string, R extends { id: K }>(
  db: Database["read"],
  select: (db: Database["read"], ids: readonly K[]) => Promise<R[]>,
) {
  return loadOne(
    (ids: readonly K[]) => select(db, ids),
    (row) => row.id,
  );
}

/** How many there are per parent, 0 where none are told. */
export function loadCount<K>(select: (keys: readonly K[]) => Promise<{ parentId: K; count: number }[]>) {
  return loadValue(
    select,
    ({ parentId }) => parentId,
    ({ count }) => count,
    0,
  );
}

function loadValue<K, R, V>(
  select: (keys: readonly K[]) => Promise<R[]>,
  keyOf: (row: R) => K,
  wantedOf: (row: R) => V,
  none: V,
) {
  return new DataLoader<K, V>(
    async (keys) => {
      const byKey = new Map((await select(keys)).map((row) => [keyOf(row), wantedOf(row)]));
      return keys.map((key) => byKey.get(key) ?? none);
    },
    { maxBatchSize },
  );
}

/** All rows per key, in the order the statement gave them. */
export function loadMany<K, R>(select: (keys: readonly K[]) => Promise<R[]>, keyOf: (row: R) => K) {
  return new DataLoader<K, R[]>(
    async (keys) => {
      const byKey = groupBy(await select(keys), keyOf);
      return keys.map((key) => byKey.get(key) ?? []);
    },
    { maxBatchSize },
  );
}

/** One loader for each set of columns that is asked for: two selections of one edge do not mix. */
export function loadColumns<K, R>(loaderOf: (columns: RowColumns | null) => DataLoader<K, R>) {
  const byName = new Map<string, DataLoader<K, R>>();
  return {
    /** Whole rows when no columns are named. */
    load(key: K, columns: RowColumns | null = null): Promise<R> {
      const name = columns?.name ?? "*";
      let loader = byName.get(name);
      if (!loader) {
        loader = loaderOf(columns);
        byName.set(name, loader);
      }
      return loader.load(key);
    },
  };
}

/** One page per parent: one statement per distinct request, however many parents ask for it. */
export function loadPage<R extends Row>(db: Database["read"], listing: Listing) {
  const byShape = new Map<string, DataLoader<string, Page<R>>>();
  const loaderOf = (request: ListRequest) => {
    const shape = shapeOf(listing, request);
    let loader = byShape.get(shape);
    if (!loader) {
      loader = new DataLoader((parentIds) => selectPages<R>(db, listing, parentIds, request), {
        maxBatchSize,
      });
      byShape.set(shape, loader);
    }
    return loader;
  };
  // Rows of one list ask one after the other, with one request.
  let latest: { request: ListRequest; loader: DataLoader<string, Page<R>> } | undefined;
  return {
    load(parentId: string, request: ListRequest): Promise<Page<R>> {
      if (latest?.request !== request) latest = { request, loader: loaderOf(request) };
      return latest.loader.load(parentId);
    },
  };
}

/** Equal for requests that ask the same. */
function shapeOf(listing: Listing, request: ListRequest) {
  const { size, backward, cursor, otherCursor, where, order, columns, alone } = request;
  const ordered = order && order !== listing.order ? orderName(order) : "";
  const filtered = where ? JSON.stringify(where) : "";
  const placed = cursor === null && otherCursor === null ? "" : JSON.stringify([cursor, otherCursor]);
  return `${alone ? "" : "+"}${size}${backward ? "<" : ">"}${ordered}|${columns ? columns.name : "*"}|${placed}|${filtered}`;
}

type Makers = Record<string, () => unknown>;
type Made<T extends Makers> = { [K in keyof T]: ReturnType<T[K]> };
type GroupClass = new (makers: Makers) => object;

/** Classes of groups by the names of their members: a group is made for every request. */
const groupClasses = new Map<string, GroupClass>();

/** A group of loaders whose members are made when first used: most requests touch a few of them. */
export function lazyLoaders<T extends Makers>(makers: T): Made<T> {
  const names = Object.keys(makers);
  const key = names.join();
  let Group = groupClasses.get(key);
  if (!Group) {
    Group = groupClass(names);
    groupClasses.set(key, Group);
  }
  return new Group(makers) as Made<T>;
}

function groupClass(names: readonly string[]): GroupClass {
  class Group {
    readonly made: Record<string, unknown> = {};
    constructor(readonly makers: Makers) {}
  }
  for (const name of names)
    Object.defineProperty(Group.prototype, name, {
      get(this: Group) {
        this.made[name] ??= this.makers[name]?.();
        return this.made[name];
      },
    });
  return Group;
}
