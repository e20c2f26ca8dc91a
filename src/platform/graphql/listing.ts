import { getTableName } from "drizzle-orm";
import type { GraphQLResolveInfo } from "graphql";
import { ArgsType, type ClassType, Field, InputType } from "type-graphql";
import type { OrderKey } from "../database/keyset.js";
import type { Listing, ListRequest } from "../database/page.js";
import { ApiError } from "../errors.js";
import { maxSortKeys } from "../limits.js";
import { askedColumns } from "../reads/asked-columns.js";
import { PageArgs, pageRequest } from "./paging.js";
import { NullsOrder, orderKey, type SortInput, SortOrder } from "./sorting.js";

interface ListOptions<Filter extends object> {
  /** What the rows are called. */
  plural: string;
  filter: ClassType<Filter>;
  sortField: object;
  /** Which way a key of the order runs that does not say. */
  order: keyof typeof SortOrder;
  /** What comes first when the client does not sort. */
  first: string;
}

/** The arguments of a list: those of a page, a filter, and an order with the input type of its keys. */
export function listArgs<Filter extends object>(node: string, options: ListOptions<Filter>) {
  const { plural, filter, sortField, order, first } = options;

  @InputType(`${node}Sort`, {
    description: "One key of an order. The id is always the last key, so an order is total.",
  })
  class Sort implements SortInput {
    @Field(() => sortField, { description: "What to sort by." })
    field!: string;

    @Field(() => SortOrder, { defaultValue: order, description: "Which way." })
    order!: keyof typeof SortOrder;

    @Field(() => NullsOrder, {
      defaultValue: NullsOrder.LAST,
      description: "Where those without a value go.",
    })
    nulls!: keyof typeof NullsOrder;
  }

  @ArgsType()
  class Args extends PageArgs {
    @Field(() => filter, { nullable: true, description: `Which ${plural}; all when left out.` })
    where?: Filter | null;

    @Field(() => [Sort], {
      nullable: true,
      description: `Up to three keys; ${first} first when left out.`,
    })
    sort?: Sort[] | null;
  }
  return Args;
}

interface ListArgs extends PageArgs {
  where?: object | null;
  sort?: readonly SortInput[] | null;
}

interface KnownRequest {
  listing: Listing;
  fieldNodes: unknown;
  request: ListRequest;
}

/** A field's arguments are one object for all its rows, and where the document fixes them for all requests. */
const requests = new WeakMap<ListArgs, KnownRequest>();

/** What a client asks of a list, read once for all rows that ask the same; see `readListRequest`. */
export function listRequest(listing: Listing, args: ListArgs, info?: GraphQLResolveInfo): ListRequest {
  const known = requests.get(args);
  if (known && known.listing === listing && known.fieldNodes === info?.fieldNodes) return known.request;
  const request = readListRequest(listing, args, info);
  requests.set(args, { listing, fieldNodes: info?.fieldNodes, request });
  return request;
}

/**
 * What a client asks of a list: which page, of which rows, in which order, and which of their columns (all where `info`
 * does not tell). Throws as `pageRequest` does.
 */
export function readListRequest(listing: Listing, args: ListArgs, info?: GraphQLResolveInfo): ListRequest {
  const { size, backward, cursor, otherCursor } = pageRequest(args);
  const order = orderOf(listing, args.sort);
  const columns = info ? askedColumns(info, listing.table) : null;
  const alone = columns ? !columns.pageInfo : false;
  return { size, backward, cursor, otherCursor, where: args.where, order, columns, alone };
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
