import { ArgsType, Field, ID, InputType, Int } from "type-graphql";
import type { webhookDeliveryError, webhookDeliveryStatus } from "#schema/webhooks.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import { EventTypeEnum } from "../../platform/graphql/event-type.js";
import {
  DateTimeComparator,
  enumComparator,
  IDComparator,
  IntComparator,
  logicalFilter,
  StringComparator,
} from "../../platform/graphql/filters.js";
import { listArgs } from "../../platform/graphql/listing.js";
import { Node } from "../../platform/graphql/node.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { connectionOf } from "../../platform/graphql/paging.js";
import { Instant } from "../../platform/graphql/scalars.js";

export const WebhookDeliveryStatus = graphqlEnum<(typeof webhookDeliveryStatus.enumValues)[number]>(
  "WebhookDeliveryStatus",
  "What became of a delivery.",
  {
    PENDING: "It is tried, or tried again, until it is accepted or given up.",
    DELIVERED: "The receiver accepted it.",
    FAILED: "Given up: every attempt failed, or the receiver said that it is gone.",
    EXPIRED: "Given up: the event was no longer kept when it could be sent.",
    DISCARDED: "Given up by whoever resumed the webhook without what it had missed.",
  },
);

export const WebhookDeliveryError = graphqlEnum<(typeof webhookDeliveryError.enumValues)[number]>(
  "WebhookDeliveryError",
  "Why an attempt failed.",
  {
    HTTP_STATUS: "The receiver answered with a status outside of 2xx.",
    REDIRECT: "The receiver pointed elsewhere; that is never followed.",
    TIMEOUT: "No answer came in time.",
    ADDRESS_REFUSED: "The name stands for an address that is not public.",
    NAME_NOT_FOUND: "The name stands for no address.",
    TLS: "No secure connection could be agreed on, or the certificate is not valid.",
    CONNECTION: "The connection failed or broke.",
  },
);

@RequiresScope("webhooks:read")
@ObjectType({
  implements: Node,
  description:
    "One event for one webhook. It names the event and holds no data: what is sent is read anew for each attempt.",
})
export class WebhookDelivery {
  @Field(() => ID, { description: "Stable id; of a test, also the `webhook-id` that is sent." })
  id!: string;

  @Field(() => ID, { description: "The webhook it is for." })
  webhookId!: string;

  @Field(() => ID, {
    nullable: true,
    description: "The event, whose id is sent as `webhook-id`; null for a test.",
  })
  eventId!: string | null;

  @Field(() => EventTypeEnum, { nullable: true, description: "Type of the event; null for a test." })
  eventType!: string | null;

  @Field(() => WebhookDeliveryStatus, { description: "What became of it." })
  status!: string;

  @Field(() => Int, { description: "Attempts begun." })
  attempts!: number;

  @Field(() => Instant, {
    nullable: true,
    description: "When it is tried next, at the earliest, while the webhook is ACTIVE; null when it is over.",
  })
  nextAttemptAt!: string | null;

  @Field(() => Instant, {
    nullable: true,
    description: "When the latest attempt ended; null before the first.",
  })
  lastAttemptAt!: string | null;

  @Field(() => Int, { nullable: true, description: "HTTP status of the latest attempt, if one came." })
  lastStatusCode!: number | null;

  @Field(() => WebhookDeliveryError, {
    nullable: true,
    description: "Why the latest attempt failed; null when it was accepted.",
  })
  lastError!: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "How long the latest attempt took, in milliseconds.",
  })
  lastDurationMs!: number | null;

  @Field(() => Instant, { nullable: true, description: "When the receiver accepted it." })
  deliveredAt!: string | null;

  @Field(() => Instant, { description: "When it was written down." })
  createdAt!: string;
}

export const WebhookDeliveryConnection = connectionOf(() => WebhookDelivery, "WebhookDelivery");

@InputType({ description: "Compares a WebhookDeliveryStatus." })
class WebhookDeliveryStatusComparator extends enumComparator(WebhookDeliveryStatus) {}

@InputType({ description: "Compares a WebhookDeliveryError." })
class WebhookDeliveryErrorComparator extends enumComparator(WebhookDeliveryError) {}

@InputType({ description: "Which deliveries; the conditions given must all hold." })
export class WebhookDeliveryFilter extends logicalFilter((): unknown => WebhookDeliveryFilter) {
  @Field(() => IDComparator, { nullable: true, description: "By id." })
  id?: IDComparator;

  @Field(() => IDComparator, { nullable: true, description: "By event." })
  eventId?: IDComparator;

  @Field(() => StringComparator, { nullable: true, description: "By type of event." })
  eventType?: StringComparator;

  @Field(() => WebhookDeliveryStatusComparator, {
    nullable: true,
    description: "By what became of them.",
  })
  status?: WebhookDeliveryStatusComparator;

  @Field(() => IntComparator, { nullable: true, description: "By the number of attempts." })
  attempts?: IntComparator;

  @Field(() => IntComparator, { nullable: true, description: "By HTTP status of the latest attempt." })
  lastStatusCode?: IntComparator;

  @Field(() => WebhookDeliveryErrorComparator, {
    nullable: true,
    description: "By why the latest attempt failed.",
  })
  lastError?: WebhookDeliveryErrorComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time of writing down." })
  createdAt?: DateTimeComparator;
}

export const WebhookDeliverySortField = graphqlEnum(
  "WebhookDeliverySortField",
  "What deliveries can be sorted by.",
  {
    CREATED_AT: "When they were written down.",
    NEXT_ATTEMPT_AT: "When they are tried next.",
    LAST_ATTEMPT_AT: "When they were tried last.",
  },
);

@ArgsType()
export class WebhookDeliveryListArgs extends listArgs("WebhookDelivery", {
  plural: "deliveries",
  filter: WebhookDeliveryFilter,
  sortField: WebhookDeliverySortField,
  order: "DESC",
  first: "the newest",
}) {}
