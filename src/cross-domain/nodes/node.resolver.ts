import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import type { Loaders, RequestContext } from "../../context.js";
import { OpenToEveryKey } from "../../platform/access/scopes.js";
import { ApiError } from "../../platform/errors.js";
import { Node } from "../../platform/graphql/node.js";
import { type Id, type IdKind, parseAnyId } from "../../platform/ids.js";
import { maxNodeIds } from "../../platform/limits.js";

/** How each kind of node is read by its id. Kinds without an entry are no nodes. */
const readers: { [K in IdKind]?: (loaders: Loaders, id: Id<K>) => Promise<{ id: string } | null> } = {
  customer: (loaders, id) => loaders.customers.byId.load(id),
  interaction: (loaders, id) => loaders.interactions.byId.load(id),
  conversation: (loaders, id) => loaders.interactions.conversationById.load(id),
  purchase: (loaders, id) => loaders.purchases.byId.load(id),
  purchaseReturn: (loaders, id) => loaders.purchases.returnById.load(id),
  loyaltyEntry: (loaders, id) => loaders.loyalty.entryById.load(id),
  feedback: (loaders, id) => loaders.feedback.byId.load(id),
  consent: (loaders, id) => loaders.consent.byId.load(id),
  ticket: (loaders, id) => loaders.tickets.byId.load(id),
  ticketEvent: (loaders, id) => loaders.tickets.eventById.load(id),
};

@Resolver()
export class NodeResolver {
  @OpenToEveryKey()
  @Query(() => Node, {
    nullable: true,
    description:
      "Anything by its id; null when there is nothing. What can be selected is guarded by its type.",
  })
  node(
    @Arg("id", () => ID, { description: "Id of the node." }) id: string,
    @Ctx() { loaders }: RequestContext,
  ) {
    return readNode(loaders, id, "id");
  }

  @OpenToEveryKey()
  @Query(() => [Node], {
    nullable: "items",
    description: `Up to ${maxNodeIds} nodes in the order of their ids; null in the place of one that is not there.`,
  })
  nodes(
    @Arg("ids", () => [ID], { description: "Ids of the nodes." }) ids: string[],
    @Ctx() { loaders }: RequestContext,
  ) {
    if (ids.length > maxNodeIds) {
      throw new ApiError("PAGE_TOO_LARGE", `ids may hold at most ${maxNodeIds} ids.`, { argument: "ids" });
    }
    return Promise.all(ids.map((id) => readNode(loaders, id, "ids")));
  }
}

/** Reads any node through the loaders of its domain. Throws BAD_ID for what names no node. */
export function readNode(loaders: Loaders, text: string, argument = "id"): Promise<{ id: string } | null> {
  const parsed = parseAnyId(text);
  const reader =
    parsed &&
    (readers[parsed.kind] as ((loaders: Loaders, id: string) => Promise<{ id: string } | null>) | undefined);
  if (!reader)
    throw new ApiError("BAD_ID", `${argument} must be an id that an answer of this API gave.`, { argument });
  return reader(loaders, text);
}
