import { ArgsType, Field, ID, InputType, Int } from "type-graphql";
import type { webhookStatus, webhookStatusReason } from "#schema/webhooks.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import { EventTypeEnum } from "../../platform/graphql/event-type.js";
import {
  DateTimeComparator,
  enumComparator,
  IDComparator,
  logicalFilter,
  StringComparator,
} from "../../platform/graphql/filters.js";
import { listArgs } from "../../platform/graphql/listing.js";
import { Node } from "../../platform/graphql/node.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { connectionOf } from "../../platform/graphql/paging.js";
import { Instant } from "../../platform/graphql/scalars.js";

export const WebhookStatus = graphqlEnum<(typeof webhookStatus.enumValues)[number]>(
  "WebhookStatus",
  "Whether a webhook is sent events.",
  {
    ACTIVE: "It is.",
    PARKED: "Nothing is sent until it is resumed.",
    DISABLED: "Nothing is sent and nothing is written down until it is resumed.",
  },
);

export const WebhookStatusReason = graphqlEnum<(typeof webhookStatusReason.enumValues)[number]>(
  "WebhookStatusReason",
  "Why a webhook is not active.",
  {
    EXHAUSTED: "Deliveries were given up one after the other. Events go on being written down for it.",
    EVENTS_EXPIRED: "It had not come further in the feed when events that it had not seen were removed.",
    FEED_RESTORED: "The event log was restored: which events it has seen is not known.",
    GONE: "The receiver answered 410.",
    KEY_REVOKED: "The key that it belongs to is revoked or has expired.",
    DOCUMENT_REFUSED: "Its key may no longer run its document, or the schema no longer accepts it.",
  },
);

@RequiresScope("webhooks:read")
@ObjectType({
  implements: Node,
  description: "An endpoint that is sent events, each shaped by the webhook's own document.",
})
export class Webhook {
  @Field(() => ID, { description: "Stable id." })
  id!: string;

  @Field(() => String, { description: "Where events are sent." })
  url!: string;

  @Field(() => String, { nullable: true, description: "What it is for, in words." })
  description!: string | null;

  @Field(() => String, {
    description: "The subscription that is run for each event; its data is the payload's `data`.",
  })
  document!: string;

  @Field(() => [EventTypeEnum], {
    nullable: true,
    description: "Only these types of event; null: all that the document is about.",
  })
  types!: string[] | null;

  @Field(() => WebhookStatus, { description: "Whether it is sent events." })
  status!: string;

  @Field(() => WebhookStatusReason, { nullable: true, description: "Why it is not active." })
  statusReason!: string | null;

  @Field(() => Instant, { description: "Since when its status is what it is." })
  statusChangedAt!: string;

  @Field(() => Int, { description: "Attempts that failed since the last one that was accepted." })
  failuresInRow!: number;

  @Field(() => Instant, {
    nullable: true,
    description: "Until when the secret before the present one signs too; null when it never did.",
  })
  previousSecretUntil!: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The key whose scopes decide what it may be sent; null for the admin key.",
  })
  keyId!: string | null;

  @Field(() => Instant, { description: "When it was made." })
  createdAt!: string;

  @Field(() => Instant, { description: "When its settings were changed last." })
  updatedAt!: string;
}

export const WebhookConnection = connectionOf(() => Webhook, "Webhook");

@InputType({ description: "Compares a WebhookStatus." })
class WebhookStatusComparator extends enumComparator(WebhookStatus) {}

@InputType({ description: "Which webhooks; the conditions given must all hold." })
export class WebhookFilter extends logicalFilter((): unknown => WebhookFilter) {
  @Field(() => IDComparator, { nullable: true, description: "By id." })
  id?: IDComparator;

  @Field(() => StringComparator, { nullable: true, description: "By address." })
  url?: StringComparator;

  @Field(() => WebhookStatusComparator, { nullable: true, description: "By status." })
  status?: WebhookStatusComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time they were made." })
  createdAt?: DateTimeComparator;
}

export const WebhookSortField = graphqlEnum("WebhookSortField", "What webhooks can be sorted by.", {
  CREATED_AT: "When they were made.",
  URL: "Their address, by code point.",
});

@ArgsType()
export class WebhookListArgs extends listArgs("Webhook", {
  plural: "webhooks",
  filter: WebhookFilter,
  sortField: WebhookSortField,
  order: "DESC",
  first: "the newest",
}) {}
