import DataLoader from "dataloader";
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
  return new DataLoader<K, R | null>(
    async (keys) => {
      const byKey = new Map((await select(keys)).map((row) => [keyOf(row), row]));
      return keys.map((key) => byKey.get(key) ?? null);
    },
    { maxBatchSize },
  );
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

/** One page per parent: one statement per distinct request, however many parents ask for it. */
export function loadPage<R extends Row>(db: Database["read"], listing: Listing) {
  const loader = new DataLoader<{ parentId: string; request: ListRequest; shape: string }, Page<R>, string>(
    async (keys) => {
      const pages = new Map<string, Page<R>>();
      const byRequest = groupBy(keys, (key) => key.shape);
      await Promise.all(
        [...byRequest.values()].map(async (group) => {
          const parentIds = group.map((key) => key.parentId);
          const found = await selectPages<R>(db, listing, parentIds, (group[0] as (typeof group)[0]).request);
          group.forEach((key, i) => {
            pages.set(`${key.parentId}|${key.shape}`, found[i] as Page<R>);
          });
        }),
      );
      return keys.map((key) => pages.get(`${key.parentId}|${key.shape}`) as Page<R>);
    },
    { maxBatchSize, cacheKeyFn: (key) => `${key.parentId}|${key.shape}` },
  );
  return {
    load(parentId: string, request: ListRequest): Promise<Page<R>> {
      const shape = JSON.stringify([
        request.size,
        request.backward,
        request.cursor,
        request.otherCursor,
        request.where,
        request.order && orderName(request.order),
      ]);
      return loader.load({ parentId, request, shape });
    },
  };
}

/** A group of loaders whose members are made when first used: most requests touch a few of them. */
export function lazyLoaders<T extends Record<string, () => unknown>>(
  makers: T,
): { [K in keyof T]: ReturnType<T[K]> } {
  const group = {} as { [K in keyof T]: ReturnType<T[K]> };
  for (const [name, make] of Object.entries(makers)) {
    Object.defineProperty(group, name, {
      configurable: true,
      enumerable: true,
      get() {
        const value = make();
        Object.defineProperty(group, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return group;
}
