import "reflect-metadata";
import { type GraphQLSchema, isInterfaceType, type OperationTypeNode, specifiedDirectives } from "graphql";
import { buildSchema, type NonEmptyArray } from "type-graphql";
import {
  CustomerChangeResolver,
  CustomerLiveResolver,
  FeedCursorResolver,
  InteractionRecordedResolver,
  LiveResolver,
  TicketChangeResolver,
} from "../cross-domain/live/live.resolver.js";
import { NodeResolver } from "../cross-domain/nodes/node.resolver.js";
import { PrivacyRequestResolver } from "../cross-domain/privacy/privacy.resolver.js";
import { CustomerTimelineResolver } from "../cross-domain/timeline/timeline.resolver.js";
import { ApiKeyResolver, ViewerResolver } from "../domains/api-keys/api-key.resolver.js";
import { AuditEntryResolver } from "../domains/audit/audit.resolver.js";
import {
  ConsentResolver,
  CustomerConsentResolver,
  RecordConsentResultResolver,
} from "../domains/consent/consent.resolver.js";
import { CustomerResolver } from "../domains/customers/customer.resolver.js";
import {
  ProfileResolver,
  SourceResolver,
  UpsertProfileResultResolver,
} from "../domains/customers/profile.resolver.js";
import {
  CustomerFeedbackResolver,
  FeedbackResolver,
  RecordFeedbackResultResolver,
} from "../domains/feedback/feedback.resolver.js";
import {
  ChannelResolver,
  ConversationResolver,
  CustomerInteractionsResolver,
  InteractionResolver,
  RecordInteractionResultResolver,
} from "../domains/interactions/interaction.resolver.js";
import {
  CustomerLoyaltyResolver,
  LoyaltyAccountResolver,
  LoyaltyEntryResolver,
  RecordLoyaltyEntryResultResolver,
} from "../domains/loyalty/loyalty.resolver.js";
import { LoyaltyTierResolver, RewardResolver } from "../domains/loyalty/programme.resolver.js";
import {
  CustomerPurchasesResolver,
  PurchaseResolver,
  RecordPurchaseResultResolver,
} from "../domains/purchases/purchase.resolver.js";
import {
  CustomerReturnsResolver,
  PurchaseReturnResolver,
  ReturnsOfPurchaseResolver,
} from "../domains/purchases/purchase-return.resolver.js";
import {
  CustomerPurchaseSummaryResolver,
  PurchaseSummaryResolver,
  TopCustomerResolver,
} from "../domains/purchases/purchase-summary.resolver.js";
import {
  CustomerTicketsResolver,
  RecordTicketEventResultResolver,
  TicketEventResolver,
  TicketResolver,
} from "../domains/tickets/ticket.resolver.js";
import { WebhookChangesResolver, WebhookResolver } from "../domains/webhooks/webhook.resolver.js";
import { typeNameOf } from "../platform/graphql/node.js";
import { maskPersonalFields } from "../platform/graphql/personal.js";
import { declareAccess } from "./declared-access.js";
import { callDirectly } from "./direct-resolvers.js";
import { idempotentDirective } from "./idempotency.js";
import { reads } from "./reads.js";

/** The one place that lists resolvers. type-graphql's store is global to the process: built once. */
const resolvers: NonEmptyArray<new () => object> = [
  ApiKeyResolver,
  ViewerResolver,
  CustomerResolver,
  ProfileResolver,
  SourceResolver,
  UpsertProfileResultResolver,
  CustomerInteractionsResolver,
  InteractionResolver,
  RecordInteractionResultResolver,
  ConversationResolver,
  ChannelResolver,
  CustomerLoyaltyResolver,
  LoyaltyAccountResolver,
  LoyaltyEntryResolver,
  RecordLoyaltyEntryResultResolver,
  LoyaltyTierResolver,
  RewardResolver,
  CustomerFeedbackResolver,
  FeedbackResolver,
  RecordFeedbackResultResolver,
  CustomerConsentResolver,
  ConsentResolver,
  RecordConsentResultResolver,
  CustomerTicketsResolver,
  TicketResolver,
  RecordTicketEventResultResolver,
  TicketEventResolver,
  CustomerPurchasesResolver,
  PurchaseResolver,
  RecordPurchaseResultResolver,
  CustomerReturnsResolver,
  ReturnsOfPurchaseResolver,
  PurchaseReturnResolver,
  CustomerPurchaseSummaryResolver,
  PurchaseSummaryResolver,
  TopCustomerResolver,
  NodeResolver,
  CustomerTimelineResolver,
  PrivacyRequestResolver,
  AuditEntryResolver,
  LiveResolver,
  TicketChangeResolver,
  InteractionRecordedResolver,
  CustomerChangeResolver,
  CustomerLiveResolver,
  FeedCursorResolver,
  WebhookResolver,
  WebhookChangesResolver,
];

const directives = [...specifiedDirectives, idempotentDirective];

let built: Promise<GraphQLSchema> | undefined;

export function builtSchema(): Promise<GraphQLSchema> {
  // Streams come from the log, but the option must be given as soon as a subscription exists.
  built ??= buildSchema({ resolvers, validate: false, pubSub: noPubSub, directives }).then((schema) => {
    schema.extensions = { ...schema.extensions, reads };
    declareAccess(schema);
    callDirectly(schema);
    maskPersonalFields(schema);
    describeRoots(schema);
    // type-graphql's own is asynchronous, which would make every row of an interface wait.
    for (const type of Object.values(schema.getTypeMap()))
      if (isInterfaceType(type)) type.resolveType = (row) => typeNameOf(row as { id: string });
    return schema;
  });
  return built;
}

/** type-graphql has no place for what the three roots are. */
function describeRoots(schema: GraphQLSchema): void {
  const [queries, mutations, subscriptions] = (["query", "mutation", "subscription"] as const).map(
    (operation) => schema.getRootType(operation as OperationTypeNode),
  );
  if (queries)
    queries.description =
      "What can be read. Every field names the scope that a key needs for it, and how it answers under a purpose (`x-purpose`); those that do not are refused there.";
  if (mutations) mutations.description = "What can be recorded, in batches that are safe to repeat.";
  if (subscriptions)
    subscriptions.description = "What can be followed while it happens, and resumed from a cursor.";
}

const noPubSub = {
  publish(): never {
    throw new Error("events come from the log");
  },
  subscribe(): never {
    throw new Error("events come from the log");
  },
};
