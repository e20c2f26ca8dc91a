import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, Info, Int, Mutation, Query, Resolver, Root } from "type-graphql";
import type { CustomerRow } from "#schema/customers.js";
import type { TicketEventRow, TicketRow } from "#schema/tickets.js";
import type { RequestContext } from "../../context.js";
import { OfConsenting } from "../../platform/access/purpose.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { selectPage } from "../../platform/database/page.js";
import { listRequest } from "../../platform/graphql/listing.js";
import { PageArgs } from "../../platform/graphql/paging.js";
import { Customer } from "../customers/customer.type.js";
import type { Recorded } from "../customers/recording.rules.js";
import { withCursors } from "../customers/recording.type.js";
import { Interaction } from "../interactions/interaction.type.js";
import { recordTicketEvents } from "./ticket.actions.js";
import { eventsOfTicket, ticketListing } from "./ticket.queries.js";
import { Ticket, TicketConnection, TicketListArgs } from "./ticket.type.js";
import { TicketEvent, TicketEventConnection } from "./ticket-event.type.js";
import {
  RecordTicketEventResult,
  RecordTicketEventsInput,
  RecordTicketEventsPayload,
} from "./ticket-recording.type.js";

@Resolver(() => Customer)
export class CustomerTicketsResolver {
  @RequiresScope("tickets:read")
  @FieldResolver(() => TicketConnection, { description: "The customer's tickets, the newest opened first." })
  tickets(
    @Root() customer: CustomerRow,
    @Args(() => TicketListArgs) args: TicketListArgs,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.tickets.pageByCustomer.load(customer.id, listRequest(ticketListing, args, info));
  }

  @RequiresScope("tickets:read")
  @FieldResolver(() => Int, {
    description: "How many tickets of the customer are NEW, OPEN, PENDING or ON_HOLD.",
  })
  openTicketCount(@Root() customer: CustomerRow, @Ctx() { loaders }: RequestContext) {
    return loaders.tickets.openCountByCustomer.load(customer.id);
  }
}

@Resolver(() => Ticket)
export class TicketResolver {
  @RequiresScope("tickets:read")
  @OfConsenting()
  @Query(() => TicketConnection, {
    description: "Tickets of all customers, the newest opened first unless sorted.",
  })
  tickets(
    @Args(() => TicketListArgs) args: TicketListArgs,
    @Ctx() { database }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return selectPage<TicketRow>(database.read, ticketListing, listRequest(ticketListing, args, info));
  }

  @RequiresScope("tickets:write")
  @Mutation(() => RecordTicketEventsPayload, {
    description:
      "Records what happened to tickets; the first event of an unknown ticket opens it. Safe to repeat: (source, sourceRef) is recorded once.",
  })
  async recordTicketEvents(
    @Arg("input", () => RecordTicketEventsInput, { description: "The batch." })
    input: RecordTicketEventsInput,
    @Ctx() context: RequestContext,
  ) {
    const recorded = await recordTicketEvents(context, input.source, input.events);
    return { results: withCursors(recorded, context) };
  }

  @FieldResolver(() => Customer, { description: "Who asked for help." })
  customer(@Root() ticket: TicketRow, @Ctx() { loaders }: RequestContext) {
    return loaders.customers.byId.load(ticket.customerId);
  }

  @FieldResolver(() => TicketEventConnection, {
    description: "What happened to it, in the order it happened.",
  })
  events(
    @Root() ticket: TicketRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.tickets.eventPageByTicket.load(ticket.id, listRequest(eventsOfTicket, args, info));
  }
}

@Resolver(() => TicketEvent)
export class TicketEventResolver {
  @FieldResolver(() => Ticket, { description: "The ticket as it is now." })
  ticket(@Root() event: TicketEventRow, @Ctx() { loaders }: RequestContext) {
    return loaders.tickets.byId.load(event.ticketId);
  }

  @FieldResolver(() => Interaction, {
    nullable: true,
    description: "The contact that caused it, for example the call that opened the ticket.",
  })
  interaction(@Root() { interactionId }: TicketEventRow, @Ctx() { loaders }: RequestContext) {
    return interactionId && loaders.interactions.byId.load(interactionId);
  }
}

@Resolver(() => RecordTicketEventResult)
export class RecordTicketEventResultResolver {
  @FieldResolver()
  async ticket(@Root() { id }: Recorded<"ticketEvent">, @Ctx() { loaders }: RequestContext) {
    const event = id && (await loaders.tickets.eventById.load(id));
    return event && loaders.tickets.byId.load(event.ticketId);
  }

  @FieldResolver()
  ticketEvent(@Root() { id }: Recorded<"ticketEvent">, @Ctx() { loaders }: RequestContext) {
    return id && loaders.tickets.eventById.load(id);
  }
}
