import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import type { CustomerRow } from "#schema/customers.js";
import type { FeedbackRow } from "#schema/feedback.js";
import type { RequestContext } from "../../context.js";
import { OfConsenting } from "../../platform/access/purpose.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { selectPage } from "../../platform/database/page.js";
import { listRequest } from "../../platform/graphql/listing.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { Customer } from "../customers/customer.type.js";
import type { Recorded } from "../customers/recording.rules.js";
import { withCursors } from "../customers/recording.type.js";
import { Ticket } from "../tickets/ticket.type.js";
import { recordFeedback } from "./feedback.actions.js";
import { feedbackListing } from "./feedback.queries.js";
import { Feedback, FeedbackConnection, FeedbackListArgs } from "./feedback.type.js";
import {
  RecordFeedbackInput,
  RecordFeedbackPayload,
  RecordFeedbackResult,
} from "./feedback-recording.type.js";

@Resolver(() => Customer)
export class CustomerFeedbackResolver {
  @RequiresScope("feedback:read")
  @FieldResolver(() => FeedbackConnection, {
    description: "What the customer answered to surveys, the latest first unless sorted.",
  })
  feedback(
    @Root() customer: CustomerRow,
    @Args(() => FeedbackListArgs) args: FeedbackListArgs,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.feedback.pageByCustomer.load(customer.id, listRequest(feedbackListing, args, info));
  }
}

@Resolver(() => Feedback)
export class FeedbackResolver {
  @RequiresScope("feedback:read")
  @OfConsenting()
  @Query(() => FeedbackConnection, {
    description: "Feedback of all customers, the latest first unless sorted.",
  })
  feedback(
    @Args(() => FeedbackListArgs) args: FeedbackListArgs,
    @Ctx() { database }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return selectPage<FeedbackRow>(database.read, feedbackListing, listRequest(feedbackListing, args, info));
  }

  @RequiresScope("feedback:write")
  @Mutation(() => RecordFeedbackPayload, {
    description:
      "Records answers to surveys as a source saw them. Safe to repeat: (source, sourceRef) is recorded once.",
  })
  async recordFeedback(
    @Arg("input", () => RecordFeedbackInput, { description: "The batch." }) input: RecordFeedbackInput,
    @Ctx() context: RequestContext,
  ) {
    const recorded = await recordFeedback(context, input.source, input.feedback);
    return { results: withCursors(recorded, context) };
  }

  @FieldResolver(() => Instant, { description: "When it happened: when it was answered." })
  occurredAt(@Root() row: FeedbackRow) {
    return row.answeredAt;
  }

  @FieldResolver(() => Customer, { description: "Who answered." })
  customer(@Root() row: FeedbackRow, @Ctx() { loaders }: RequestContext) {
    return loaders.customers.byId.load(row.customerId);
  }

  @FieldResolver(() => Ticket, { nullable: true, description: "The request for help it is about, if any." })
  ticket(@Root() { ticketId }: FeedbackRow, @Ctx() { loaders }: RequestContext) {
    return ticketId && loaders.tickets.byId.load(ticketId);
  }
}

@Resolver(() => RecordFeedbackResult)
export class RecordFeedbackResultResolver {
  @FieldResolver()
  feedback(@Root() { id }: Recorded<"feedback">, @Ctx() { loaders }: RequestContext) {
    return id && loaders.feedback.byId.load(id);
  }
}
