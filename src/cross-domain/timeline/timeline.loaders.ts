import DataLoader from "dataloader";
import type { Loaders } from "../../context.js";
import type { Database } from "../../platform/database/database.js";
import { Page } from "../../platform/graphql/paging.js";
import { groupBy } from "../../platform/group.js";
import type { Id } from "../../platform/ids.js";
import { lazyLoaders } from "../../platform/loaders.js";
import { readNode } from "../nodes/node.resolver.js";
import {
  countTimelines,
  selectTimelinePlaces,
  type TimelinePlace,
  type TimelineRequest,
  timelineCursor,
} from "./timeline.queries.js";

type Entry = { id: string };
interface Key {
  customerId: Id<"customer">;
  request: TimelineRequest;
  shape: string;
}

export interface TimelineLoaders {
  pageByCustomer: { load(customerId: Id<"customer">, request: TimelineRequest): Promise<Page<Entry>> };
}

/** Pages of mixed entries: one statement finds the places, then the loaders of each domain read its entries in one go. */
export function timelineLoaders(db: Database["read"], loaders: () => Loaders): TimelineLoaders {
  return lazyLoaders({
    pageByCustomer: () => {
      const loader = new DataLoader<Key, Page<Entry>, string>(
        async (keys) => {
          const found = new Map<string, Page<Entry>>();
          await Promise.all(
            [...groupBy(keys, (key) => key.shape).values()].map((group) =>
              loadGroup(db, loaders(), group, found),
            ),
          );
          return keys.map((key) => found.get(keyName(key)) as Page<Entry>);
        },
        { cacheKeyFn: keyName },
      );
      return {
        load: (customerId: Id<"customer">, request: TimelineRequest) =>
          loader.load({ customerId, request, shape: JSON.stringify(request) }),
      };
    },
  });
}

function keyName({ customerId, shape }: Key): string {
  return `${customerId}|${shape}`;
}

/** All customers of one request. */
async function loadGroup(
  db: Database["read"],
  loaders: Loaders,
  group: readonly Key[],
  found: Map<string, Page<Entry>>,
) {
  const { request } = group[0] as Key;
  const ids = group.map((key) => key.customerId);
  const places = groupBy(await selectTimelinePlaces(db, ids, request), (place) => place.customerId);
  let counts: Promise<Map<string, number>> | undefined;
  const count = async (id: string) => {
    counts ??= countTimelines(db, ids, request);
    return (await counts).get(id) ?? 0;
  };
  await Promise.all(
    group.map(async (key) => {
      const all = places.get(key.customerId) ?? [];
      const shown = all.slice(0, request.size);
      if (request.backward) shown.reverse();
      const placeOf = new Map<string, TimelinePlace>(shown.map((place) => [place.id, place]));
      const read = await Promise.all(shown.map((place) => readNode(loaders, place.id)));
      const entries = read.filter((entry) => entry !== null);
      const [more, beyondStart] = [all.length > request.size, request.cursor !== null];
      const hasMore = request.backward
        ? { next: beyondStart, previous: more }
        : { next: more, previous: beyondStart };
      const cursorOf = (entry: Entry) => timelineCursor(placeOf.get(entry.id) as TimelinePlace);
      found.set(keyName(key), new Page(entries, cursorOf, hasMore, () => count(key.customerId)));
    }),
  );
}
