import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import type { CustomerRow } from "#schema/customers.js";
import type { ConversationRow, InteractionRow } from "#schema/interactions.js";
import type { RequestContext } from "../../context.js";
import { OfConsenting } from "../../platform/access/purpose.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { selectPage } from "../../platform/database/page.js";
import { listRequest } from "../../platform/graphql/listing.js";
import { PageArgs } from "../../platform/graphql/paging.js";
import { Customer } from "../customers/customer.type.js";
import type { Recorded } from "../customers/recording.rules.js";
import { withCursors } from "../customers/recording.type.js";
import { Conversation, ConversationConnection } from "./conversation.type.js";
import { recordInteractions } from "./interaction.actions.js";
import { customerConversations, interactionListing } from "./interaction.queries.js";
import { Channel, Interaction, InteractionConnection, InteractionListArgs } from "./interaction.type.js";
import {
  RecordInteractionResult,
  RecordInteractionsInput,
  RecordInteractionsPayload,
} from "./interaction-recording.type.js";

@Resolver(() => Customer)
export class CustomerInteractionsResolver {
  @RequiresScope("interactions:read")
  @FieldResolver(() => InteractionConnection, { description: "The customer's contacts, the latest first." })
  interactions(
    @Root() customer: CustomerRow,
    @Args(() => InteractionListArgs) args: InteractionListArgs,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.interactions.pageByCustomer.load(customer.id, listRequest(interactionListing, args, info));
  }

  @RequiresScope("interactions:read")
  @FieldResolver(() => ConversationConnection, {
    description: "The customer's threads, the most recently active first.",
  })
  conversations(
    @Root() customer: CustomerRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.interactions.conversationPageByCustomer.load(
      customer.id,
      listRequest(customerConversations, args, info),
    );
  }
}

@Resolver(() => Interaction)
export class InteractionResolver {
  @RequiresScope("interactions:read")
  @OfConsenting()
  @Query(() => InteractionConnection, {
    description: "Contacts of all customers, the latest first unless sorted.",
  })
  interactions(
    @Args(() => InteractionListArgs) args: InteractionListArgs,
    @Ctx() { database }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return selectPage<InteractionRow>(
      database.read,
      interactionListing,
      listRequest(interactionListing, args, info),
    );
  }

  @RequiresScope("interactions:write")
  @Mutation(() => RecordInteractionsPayload, {
    description:
      "Records contacts as a source saw them. Safe to repeat: (source, sourceRef) is recorded once.",
  })
  async recordInteractions(
    @Arg("input", () => RecordInteractionsInput, { description: "The batch." })
    input: RecordInteractionsInput,
    @Ctx() context: RequestContext,
  ) {
    const recorded = await recordInteractions(context, input.source, input.interactions);
    return { results: withCursors(recorded, context) };
  }

  @FieldResolver(() => Customer, { description: "Whose contact it is." })
  customer(@Root() interaction: InteractionRow, @Ctx() { loaders }: RequestContext) {
    return loaders.customers.byId.load(interaction.customerId);
  }

  @FieldResolver(() => Conversation, { nullable: true, description: "The thread it belongs to, if any." })
  conversation(@Root() { conversationId }: InteractionRow, @Ctx() { loaders }: RequestContext) {
    return conversationId && loaders.interactions.conversationById.load(conversationId);
  }
}

@Resolver(() => RecordInteractionResult)
export class RecordInteractionResultResolver {
  @FieldResolver()
  interaction(@Root() { id }: Recorded<"interaction">, @Ctx() { loaders }: RequestContext) {
    return id && loaders.interactions.byId.load(id);
  }
}

@Resolver(() => Conversation)
export class ConversationResolver {
  @FieldResolver(() => InteractionConnection, { description: "Its contacts, the latest first." })
  interactions(
    @Root() conversation: ConversationRow,
    @Args(() => InteractionListArgs) args: InteractionListArgs,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.interactions.pageByConversation.load(
      conversation.id,
      listRequest(interactionListing, args, info),
    );
  }
}

/** Rows name their channel by its code, and the code is the channel; the rest is read only where it is asked for. */
@Resolver(() => Channel)
export class ChannelResolver {
  @FieldResolver()
  code(@Root() code: string) {
    return code;
  }

  @FieldResolver()
  async name(@Root() code: string, @Ctx() { loaders }: RequestContext) {
    return (await loaders.interactions.channelByCode.load(code))?.name;
  }

  @FieldResolver()
  async automated(@Root() code: string, @Ctx() { loaders }: RequestContext) {
    return (await loaders.interactions.channelByCode.load(code))?.automated;
  }

  @FieldResolver()
  async costPerContact(@Root() code: string, @Ctx() { loaders }: RequestContext) {
    return (await loaders.interactions.channelByCode.load(code))?.costPerContact;
  }

  @FieldResolver()
  async costCurrency(@Root() code: string, @Ctx() { loaders }: RequestContext) {
    return (await loaders.interactions.channelByCode.load(code))?.costCurrency;
  }
}
