import { Arg, Ctx, FieldResolver, ID, Query, Resolver, Root, Subscription } from "type-graphql";
import type { CustomerRow } from "#schema/customers.js";
import type { RequestContext } from "../../context.js";
import { Customer } from "../../domains/customers/customer.type.js";
import { InteractionFilter } from "../../domains/interactions/interaction.type.js";
import { TicketFilter } from "../../domains/tickets/ticket.type.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import type { EventType } from "../../platform/events/events.js";
import { Cursor } from "../../platform/graphql/scalars.js";
import type { Id } from "../../platform/ids.js";
import { readNode } from "../nodes/node.resolver.js";
import type { FeedEvent as Event } from "./feed-event.js";
import { CustomerChange, EventTypeEnum, FeedBatch, InteractionRecorded, TicketChange } from "./live.type.js";
import { changedTickets, changesOf, feedBatches, recordedInteractions } from "./subscriptions.js";

const afterArgument = {
  nullable: true,
  description:
    "Where to resume: the last cursor received, a write's, or `liveCursor`. From now on when left out.",
};

const typesArgument = { nullable: true, description: "Only these types; all when left out." };

@Resolver()
export class LiveResolver {
  @RequiresScope("interactions:read")
  @Subscription(() => InteractionRecorded, {
    description: "Contacts as they are recorded, one by one, in feed order.",
    subscribe: ({ args, context }) => recordedInteractions(context as RequestContext, args),
  })
  interactionRecorded(
    @Root() event: Event,
    @Arg("after", () => Cursor, afterArgument) _after: string | null,
    @Arg("where", () => InteractionFilter, {
      nullable: true,
      description: "Which contacts; all when left out.",
    })
    _where: InteractionFilter | null,
  ) {
    return event;
  }

  @RequiresScope("tickets:read")
  @Subscription(() => TicketChange, {
    description:
      "Tickets as they are opened and as something happens to them, one event at a time, in feed order.",
    subscribe: ({ args, context }) => changedTickets(context as RequestContext, args),
  })
  ticketChanged(
    @Root() event: Event,
    @Arg("after", () => Cursor, afterArgument) _after: string | null,
    @Arg("where", () => TicketFilter, {
      nullable: true,
      description: "Which tickets, as they are when the event is delivered; all when left out.",
    })
    _where: TicketFilter | null,
  ) {
    return event;
  }

  // Events of every domain come here, so the scope is that of events; `customer` and `subject` are guarded by their types.
  @RequiresScope("events:read")
  @Subscription(() => CustomerChange, {
    description: "Everything that happens to one customer, in order and without a gap.",
    subscribe: ({ args, context }) => changesOf(context as RequestContext, args),
  })
  customerChanged(
    @Root() event: Event,
    @Arg("id", () => ID, { description: "Id of the customer." }) _id: string,
    @Arg("after", () => Cursor, afterArgument) _after: string | null,
    @Arg("types", () => [EventTypeEnum], typesArgument) _types: EventType[] | null,
  ) {
    return event;
  }

  @RequiresScope("events:read")
  @Subscription(() => FeedBatch, {
    description: "Every event of every customer, in one order; lists, so that a busy stream stays cheap.",
    subscribe: ({ args, context }) => feedBatches(context as RequestContext, args),
  })
  events(
    @Root() batch: Event[],
    @Arg("after", () => Cursor, afterArgument) _after: string | null,
    @Arg("types", () => [EventTypeEnum], typesArgument) _types: EventType[] | null,
  ) {
    return { cursor: batch.at(-1)?.cursor, events: batch };
  }
}

@Resolver()
export class FeedCursorResolver {
  @RequiresScope("events:read")
  @Query(() => Cursor, {
    description:
      "Where the feed ends now: read it before a snapshot, and `events` after it misses nothing of what came since.",
  })
  feedCursor(@Ctx() { feed }: RequestContext) {
    return feed.feedCursor(feed.log.head);
  }
}

@Resolver(() => InteractionRecorded)
export class InteractionRecordedResolver {
  @FieldResolver()
  interaction(@Root() event: Event, @Ctx() { loaders }: RequestContext) {
    return loaders.interactions.byId.load(event.subjectId as Id<"interaction">);
  }
}

@Resolver(() => TicketChange)
export class TicketChangeResolver {
  @FieldResolver()
  ticket(@Root() event: Event, @Ctx() { loaders }: RequestContext) {
    return loaders.tickets.byId.load(event.subjectId as Id<"ticket">);
  }
}

@Resolver(() => CustomerChange)
export class CustomerChangeResolver {
  @FieldResolver()
  customer(@Root() event: Event, @Ctx() { loaders }: RequestContext) {
    return loaders.customers.byId.load(event.customerId);
  }

  @FieldResolver()
  subject(@Root() { subjectId }: Event, @Ctx() { loaders }: RequestContext) {
    return subjectId && readNode(loaders, subjectId);
  }
}

@Resolver(() => Customer)
export class CustomerLiveResolver {
  @FieldResolver(() => Cursor, {
    description:
      "Where this snapshot stands: give it to `customerChanged` as `after`, and nothing is missed between.",
  })
  liveCursor(@Root() customer: CustomerRow, @Ctx() { feed }: RequestContext) {
    return feed.customerCursor(customer.id, customer.seq);
  }
}
