import { Field, ID, InputType, Int } from "type-graphql";
import { RequiresScope } from "../../platform/access/scopes.js";
import { EventTypeEnum } from "../../platform/graphql/event-type.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { ChangePayload } from "../../platform/graphql/user-error.js";
import { WebhookDelivery } from "./delivery.type.js";
import { Webhook } from "./webhook.type.js";

@InputType({ description: "A webhook to make." })
export class CreateWebhookInput {
  @Field(() => String, { description: "Where events are sent; https, a public address." })
  url!: string;

  @Field(() => String, { nullable: true, description: "What it is for, in words." })
  description?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A subscription with one root field, without variables and without `after`; it is run for each event. When left out, `events` with ids, type, number and times.",
  })
  document?: string | null;

  @Field(() => [EventTypeEnum], {
    nullable: true,
    description: "Only these types of event; all that the document is about when left out.",
  })
  types?: string[] | null;
}

@InputType({ description: "What to change of a webhook; what is left out stays." })
export class UpdateWebhookInput {
  @Field(() => ID, { description: "The webhook." })
  id!: string;

  @Field(() => String, {
    nullable: true,
    description: "Where events are sent; what is pending goes there too.",
  })
  url?: string;

  @Field(() => String, { nullable: true, description: "What it is for, in words; null: nothing." })
  description?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The subscription that is run for each event; what is pending is shaped by it too.",
  })
  document?: string;

  @Field(() => [EventTypeEnum], {
    nullable: true,
    description: "Only these types of event from now on; null: all that the document is about.",
  })
  types?: string[] | null;
}

@InputType({ description: "How to go on with a webhook that is parked or disabled." })
export class ResumeWebhookInput {
  @Field(() => ID, { description: "The webhook." })
  id!: string;

  @Field(() => Boolean, {
    defaultValue: false,
    description: "True: what is pending is discarded, and it begins at the feed's present end.",
  })
  skipMissed!: boolean;
}

@InputType({ description: "Which deliveries to send again: these, or all that were given up since a time." })
export class RedeliverWebhookInput {
  @Field(() => ID, { description: "The webhook." })
  id!: string;

  @Field(() => [ID], { nullable: true, description: "These deliveries, up to 100, accepted ones too." })
  deliveryIds?: string[] | null;

  @Field(() => Instant, {
    nullable: true,
    description: "All that were written down since then and are FAILED or DISCARDED, 10,000 at a time.",
  })
  since?: string | null;
}

@ObjectType({ description: "What became of a change to a webhook." })
export class WebhookPayload extends ChangePayload {
  @Field(() => Webhook, { nullable: true, description: "The webhook as it is now; null when refused." })
  webhook!: Webhook | null;
}

@ObjectType({ description: "A webhook with its new secret." })
export class WebhookSecretPayload extends WebhookPayload {
  @RequiresScope("webhooks:write")
  @Field(() => String, {
    nullable: true,
    description: "The secret that its deliveries are signed with. Shown here, and never again.",
  })
  secret!: string | null;
}

@ObjectType({ description: "What became of a webhook that was to be deleted." })
export class DeleteWebhookPayload extends ChangePayload {
  @RequiresScope("webhooks:write")
  @Field(() => ID, { nullable: true, description: "The webhook that is gone; null when refused." })
  deletedId!: string | null;
}

@ObjectType({ description: "A test that is on its way." })
export class TestWebhookPayload extends ChangePayload {
  @Field(() => WebhookDelivery, {
    nullable: true,
    description: "Its entry in the log: read it again to see how it went. Null when refused.",
  })
  delivery!: WebhookDelivery | null;
}

@ObjectType({ description: "What became of deliveries that were to be sent again." })
export class RedeliverWebhookPayload extends ChangePayload {
  @RequiresScope("webhooks:write")
  @Field(() => Int, { description: "How many will be sent again; those under way just now are not counted." })
  count!: number;
}
