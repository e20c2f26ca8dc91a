import { getTableName } from "drizzle-orm";
import type { OrderKey } from "../database/keyset.js";
import type { Listing, ListRequest } from "../database/page.js";
import { ApiError } from "../errors.js";
import { maxSortKeys } from "../limits.js";
import { type PageArgs, pageRequest } from "./paging.js";
import { orderKey, type SortInput } from "./sorting.js";

interface ListArgs extends PageArgs {
  where?: object | null;
  sort?: readonly SortInput[] | null;
}

/** What a client asks of a list: which page, of which rows, in which order. Throws as `pageRequest` does. */
export function listRequest(listing: Listing, args: ListArgs): ListRequest {
  return { ...pageRequest(args), where: args.where, order: orderOf(listing, args.sort) };
}

/** The order that the client asked for, made total by the last key of the list's own; that one when it asked for none. */
function orderOf(listing: Listing, sort: ListArgs["sort"]): readonly OrderKey[] {
  const [first] = sort ?? [];
  if (!sort || !first) return listing.order;
  if (sort.length > maxSortKeys) {
    throw new ApiError("BAD_USER_INPUT", `A list is sorted by at most ${maxSortKeys} keys.`, {
      argument: "sort",
    });
  }
  const keys = sort.map(({ field, order, nulls }) => {
    const sortField = listing.sort?.[field];
    if (!sortField) throw new Error(`${getTableName(listing.table)} is not sorted by ${field}`);
    return orderKey(...sortField, order, nulls);
  });
  const last = listing.order.at(-1) as OrderKey;
  return [...keys, orderKey(last.property, last.column, first.order)];
}
