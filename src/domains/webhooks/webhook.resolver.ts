import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, ID, Info, Int, Mutation, Query, Resolver, Root } from "type-graphql";
import type { WebhookRow } from "#schema/webhooks.js";
import type { RequestContext } from "../../context.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { selectPage } from "../../platform/database/page.js";
import { listRequest } from "../../platform/graphql/listing.js";
import { payloadOf } from "../../platform/graphql/user-error.js";
import { requireId } from "../../platform/ids.js";
import { readDelivery, redeliver, sendTest } from "./delivery.actions.js";
import { deliveriesOfWebhook } from "./delivery.queries.js";
import { WebhookDelivery, WebhookDeliveryConnection, WebhookDeliveryListArgs } from "./delivery.type.js";
import {
  createWebhook,
  deleteWebhook,
  notFound,
  resumeWebhook,
  rotateSecret,
  updateWebhook,
} from "./webhook.actions.js";
import { ofCaller, selectWebhook, webhookListing } from "./webhook.queries.js";
import { Webhook, WebhookConnection, WebhookListArgs } from "./webhook.type.js";
import {
  CreateWebhookInput,
  DeleteWebhookPayload,
  RedeliverWebhookInput,
  RedeliverWebhookPayload,
  ResumeWebhookInput,
  TestWebhookPayload,
  UpdateWebhookInput,
  WebhookPayload,
  WebhookSecretPayload,
} from "./webhook-changes.type.js";

const idArgument = { description: "Id of the webhook." };

@Resolver(() => Webhook)
export class WebhookResolver {
  @RequiresScope("webhooks:read")
  @Query(() => WebhookConnection, {
    description: "The webhooks of the key that asks, of all keys for the admin key; the newest first.",
  })
  webhooks(
    @Args(() => WebhookListArgs) args: WebhookListArgs,
    @Ctx() { database, caller }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    const request = ofCaller(caller, listRequest(webhookListing, args, info));
    return selectPage<WebhookRow>(database.read, webhookListing, request);
  }

  @RequiresScope("webhooks:read")
  @Query(() => Webhook, {
    nullable: true,
    description: "One webhook; null when the key that asks has none with this id.",
  })
  async webhook(@Arg("id", () => ID, idArgument) id: string, @Ctx() { database, caller }: RequestContext) {
    return (await selectWebhook(database.read, caller, requireId("webhook", id))) ?? null;
  }

  @RequiresScope("webhooks:read")
  @Query(() => WebhookDelivery, {
    nullable: true,
    description: "One delivery; null when the key that asks has none with this id.",
  })
  webhookDelivery(
    @Arg("id", () => ID, { description: "Id of the delivery." }) id: string,
    @Ctx() { database, caller }: RequestContext,
  ) {
    return readDelivery(database.read, caller, requireId("webhookDelivery", id));
  }

  @FieldResolver(() => WebhookDeliveryConnection, {
    description: "What was and is to be sent, the newest first; kept for 30 days.",
  })
  deliveries(
    @Root() webhook: WebhookRow,
    @Args(() => WebhookDeliveryListArgs) args: WebhookDeliveryListArgs,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.webhooks.deliveryPageByWebhook.load(
      webhook.id,
      listRequest(deliveriesOfWebhook, args, info),
    );
  }

  @FieldResolver(() => Int, { description: "How many deliveries are PENDING." })
  pendingDeliveryCount(@Root() webhook: WebhookRow, @Ctx() { loaders }: RequestContext) {
    return loaders.webhooks.pendingCountByWebhook.load(webhook.id);
  }
}

@Resolver()
export class WebhookChangesResolver {
  @RequiresScope("webhooks:write")
  @Mutation(() => WebhookSecretPayload, {
    description: "Makes a webhook for the key that asks. It is sent what is recorded from now on.",
  })
  async createWebhook(
    @Arg("input", () => CreateWebhookInput, { description: "The webhook." }) input: CreateWebhookInput,
    @Ctx() context: RequestContext,
  ) {
    const made = await createWebhook(context, context.caller, { ...input });
    if ("webhook" in made) context.trail?.subscribed([]);
    return payloadOf(made, { webhook: null, secret: null });
  }

  @RequiresScope("webhooks:write")
  @Mutation(() => WebhookPayload, { description: "Changes settings of a webhook." })
  async updateWebhook(
    @Arg("input", () => UpdateWebhookInput, { description: "What to change." }) input: UpdateWebhookInput,
    @Ctx() context: RequestContext,
  ) {
    const changes = { ...input, id: requireId("webhook", input.id) };
    const changed = await updateWebhook(context, context.caller, changes);
    if ("webhook" in changed) context.trail?.subscribed([]);
    return payloadOf(changed, { webhook: null });
  }

  @RequiresScope("webhooks:write")
  @Mutation(() => DeleteWebhookPayload, { description: "Deletes a webhook with its log." })
  async deleteWebhook(@Arg("id", () => ID, idArgument) id: string, @Ctx() context: RequestContext) {
    const gone = await deleteWebhook(context, context.caller, requireId("webhook", id));
    return payloadOf(gone ? { deletedId: id } : { refusal: notFound }, { deletedId: null });
  }

  @RequiresScope("webhooks:write")
  @Mutation(() => WebhookSecretPayload, {
    description: "Gives a webhook a new secret. The one before signs too for a day.",
  })
  async rotateWebhookSecret(@Arg("id", () => ID, idArgument) id: string, @Ctx() context: RequestContext) {
    const rotated = await rotateSecret(context, context.caller, requireId("webhook", id));
    return payloadOf(rotated, { webhook: null, secret: null });
  }

  @RequiresScope("webhooks:write")
  @Mutation(() => WebhookPayload, {
    description: "Goes on with a webhook that is parked or disabled, from where it stopped.",
  })
  async resumeWebhook(
    @Arg("input", () => ResumeWebhookInput, { description: "Which, and from where." })
    input: ResumeWebhookInput,
    @Ctx() context: RequestContext,
  ) {
    const resume = { ...input, id: requireId("webhook", input.id) };
    return payloadOf(await resumeWebhook(context, context.caller, resume), { webhook: null });
  }

  @RequiresScope("webhooks:write")
  @Mutation(() => TestWebhookPayload, {
    description:
      "Sends the endpoint a test, once, whatever its status; `type` of the payload is WEBHOOK_TEST.",
  })
  async sendTestWebhook(@Arg("id", () => ID, idArgument) id: string, @Ctx() context: RequestContext) {
    return payloadOf(await sendTest(context, context.caller, requireId("webhook", id)), { delivery: null });
  }

  @RequiresScope("webhooks:write")
  @Mutation(() => RedeliverWebhookPayload, {
    description: "Sends deliveries again, each with the `webhook-id` it had, from its first attempt on.",
  })
  async redeliverWebhook(
    @Arg("input", () => RedeliverWebhookInput, { description: "Which deliveries." })
    input: RedeliverWebhookInput,
    @Ctx() context: RequestContext,
  ) {
    const which = { ...input, id: requireId("webhook", input.id) };
    return payloadOf(await redeliver(context, context.caller, which), { count: 0 });
  }
}
