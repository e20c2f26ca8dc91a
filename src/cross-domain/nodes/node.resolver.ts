import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import type { Loaders, RequestContext } from "../../context.js";
import { isSeenBy } from "../../domains/api-keys/api-key.rules.js";
import { readDelivery } from "../../domains/webhooks/delivery.actions.js";
import { selectWebhook } from "../../domains/webhooks/webhook.queries.js";
import { OfConsenting } from "../../platform/access/purpose.js";
import { OpenToEveryKey, type Scope } from "../../platform/access/scopes.js";
import { ApiError } from "../../platform/errors.js";
import { Node } from "../../platform/graphql/node.js";
import { type Id, type IdKind, parseAnyId } from "../../platform/ids.js";
import { maxNodeIds } from "../../platform/limits.js";

type Row = { id: string } | null;

interface Reader<K extends IdKind> {
  scope: Scope;
  /** Its rows are a customer's, and its loader looks for consent: it is answered under a purpose too. */
  consenting?: true;
  read(loaders: Loaders, id: Id<K>): Promise<Row>;
}

/** Of what each key has its own. */
interface OwnReader<K extends IdKind> {
  scope: Scope;
  readOwn(context: RequestContext, id: Id<K>): Promise<Row>;
}

/** How each kind of node is read by its id, and who may. Kinds without an entry are no nodes. */
const readers: { [K in IdKind]?: Reader<K> | OwnReader<K> } = {
  customer: ofCustomer("customers:read", (loaders, id) => loaders.customers.byId.load(id)),
  interaction: ofCustomer("interactions:read", (loaders, id) => loaders.interactions.byId.load(id)),
  conversation: ofCustomer("interactions:read", (loaders, id) =>
    loaders.interactions.conversationById.load(id),
  ),
  purchase: ofCustomer("purchases:read", (loaders, id) => loaders.purchases.byId.load(id)),
  purchaseReturn: ofCustomer("purchases:read", (loaders, id) => loaders.purchases.returnById.load(id)),
  loyaltyEntry: ofCustomer("loyalty:read", (loaders, id) => loaders.loyalty.entryById.load(id)),
  feedback: ofCustomer("feedback:read", (loaders, id) => loaders.feedback.byId.load(id)),
  consent: ofCustomer("consent:read", (loaders, id) => loaders.consent.byId.load(id)),
  ticket: ofCustomer("tickets:read", (loaders, id) => loaders.tickets.byId.load(id)),
  privacyRequest: { scope: "privacy:read", read: (loaders, id) => loaders.privacy.requestById.load(id) },
  auditEntry: { scope: "audit:read", read: (loaders, id) => loaders.audit.byId.load(id) },
  apiKey: {
    scope: "keys:manage",
    readOwn: async ({ loaders, caller }, id) => {
      const key = await loaders.apiKeys.byId.load(id);
      return key && isSeenBy(caller, key) ? key : null;
    },
  },
  webhook: {
    scope: "webhooks:read",
    readOwn: async ({ database, caller }, id) => (await selectWebhook(database.read, caller, id)) ?? null,
  },
  webhookDelivery: {
    scope: "webhooks:read",
    readOwn: ({ database, caller }, id) => readDelivery(database.read, caller, id),
  },
  ticketEvent: ofCustomer("tickets:read", (loaders, id) => loaders.tickets.eventById.load(id)),
};

function ofCustomer<K extends IdKind>(scope: Scope, read: Reader<K>["read"]): Reader<K> {
  return { scope, consenting: true, read };
}

@Resolver()
export class NodeResolver {
  @OpenToEveryKey()
  @OfConsenting()
  @Query(() => Node, {
    nullable: true,
    description:
      "Anything by its id; null when there is nothing. What can be selected is guarded by its type.",
  })
  node(@Arg("id", () => ID, { description: "Id of the node." }) id: string, @Ctx() context: RequestContext) {
    return readFor(context, id, "id");
  }

  @OpenToEveryKey()
  @OfConsenting()
  @Query(() => [Node], {
    nullable: "items",
    description: `Up to ${maxNodeIds} nodes in the order of their ids; null in the place of one that is not there.`,
  })
  nodes(
    @Arg("ids", () => [ID], { description: "Ids of the nodes." }) ids: string[],
    @Ctx() context: RequestContext,
  ) {
    if (ids.length > maxNodeIds) {
      throw new ApiError("PAGE_TOO_LARGE", `ids may hold at most ${maxNodeIds} ids.`, { argument: "ids" });
    }
    return Promise.all(ids.map((id) => readFor(context, id, "ids")));
  }
}

/** Reads any node through the loaders of its domain. Throws BAD_ID for what names no node. */
export function readNode(loaders: Loaders, text: string): Promise<Row> {
  const reader = readerOf(text, "id");
  if (!("read" in reader)) throw new Error(`${text} is not to be had without a caller`);
  return reader.read(loaders, text as never);
}

/** A node that the caller may not read, or not for its purpose, answers as one that is not there. */
export async function readFor(context: RequestContext, text: string, argument: string): Promise<Row> {
  const reader = readerOf(text, argument);
  const { scopes, purpose } = context.caller;
  if (!scopes.has(reader.scope)) return null;
  if (purpose && !("consenting" in reader)) return null;
  return "read" in reader
    ? reader.read(context.loaders, text as never)
    : reader.readOwn(context, text as never);
}

function readerOf(text: string, argument: string): Reader<never> | OwnReader<never> {
  const parsed = parseAnyId(text);
  const reader = parsed && readers[parsed.kind];
  if (!reader) {
    throw new ApiError("BAD_ID", `${argument} must be an id that an answer of this API gave.`, { argument });
  }
  return reader as Reader<never> | OwnReader<never>;
}
