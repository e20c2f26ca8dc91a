import { createUnionType, Field, ID } from "type-graphql";
import type { eventType } from "#schema/events.js";
import { Consent } from "../../domains/consent/consent.type.js";
import { Customer } from "../../domains/customers/customer.type.js";
import { Feedback } from "../../domains/feedback/feedback.type.js";
import { Interaction } from "../../domains/interactions/interaction.type.js";
import { LoyaltyEntry } from "../../domains/loyalty/loyalty-entry.type.js";
import { Purchase } from "../../domains/purchases/purchase.type.js";
import { PurchaseReturn } from "../../domains/purchases/purchase-return.type.js";
import { Ticket } from "../../domains/tickets/ticket.type.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import { typeNameOf } from "../../platform/graphql/node.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { Cursor, Instant, SafeInt } from "../../platform/graphql/scalars.js";

export const EventTypeEnum = graphqlEnum<(typeof eventType.enumValues)[number]>(
  "EventType",
  "What an event says has happened.",
  {
    CUSTOMER_CREATED: "A customer became known.",
    CUSTOMER_UPDATED: "What is shown of a customer changed.",
    INTERACTION_RECORDED: "A contact was recorded.",
    PURCHASE_RECORDED: "An order was recorded.",
    RETURN_RECORDED: "A return was recorded.",
    LOYALTY_ENTRY_RECORDED: "Points moved.",
    TICKET_OPENED: "A ticket was opened.",
    TICKET_CHANGED: "Something happened to a ticket.",
    FEEDBACK_RECORDED: "A survey was answered.",
    CONSENT_RECORDED: "A customer said how their data may be used.",
    CUSTOMER_MERGED: "The customer turned out to be another one; the stream of this id ends.",
    CUSTOMER_ABSORBED: "Another customer turned out to be this one.",
    CUSTOMER_ERASED: "The customer's personal data is gone; the last event of their stream.",
    EVENT_ERASED:
      "Something that happened to a customer who was erased since: only its place is still known.",
  },
);

/** What an event can be about. */
export const EventSubject = createUnionType({
  name: "EventSubject",
  description: "What an event is about, when that is not the customer.",
  types: () => [Interaction, Purchase, PurchaseReturn, LoyaltyEntry, Ticket, Feedback, Consent] as const,
  resolveType: typeNameOf,
});

@RequiresScope("events:read")
@ObjectType({ description: "One event of the log, without what it is about." })
export class FeedEvent {
  @Field(() => ID, { description: "Id of the event." })
  id!: string;

  @Field(() => Cursor, { description: "Place after this event." })
  cursor!: string;

  @Field(() => EventTypeEnum, { description: "What has happened." })
  type!: string;

  @Field(() => Instant, { description: "When it happened." })
  occurredAt!: string;

  @Field(() => Instant, { description: "When it became known here." })
  recordedAt!: string;

  @Field(() => ID, { description: "Whom it is about." })
  customerId!: string;

  @Field(() => ID, { nullable: true, description: "What it is about; null where that is the customer." })
  subjectId!: string | null;

  @Field(() => SafeInt, {
    description: "Its number among the customer's events: (customerId, seq) is never given twice.",
  })
  seq!: number;
}

@RequiresScope("events:read")
@ObjectType({ description: "Events in order, as many as came together." })
export class FeedBatch {
  @Field(() => Cursor, {
    description: "Place after the last of them: keep it, and give it as `after` to resume.",
  })
  cursor!: string;

  @Field(() => [FeedEvent], { description: "At least one event." })
  events!: FeedEvent[];
}

@RequiresScope("interactions:read")
@ObjectType({ description: "A contact that was just recorded." })
export class InteractionRecorded {
  @Field(() => Cursor, { description: "Place after this event: keep it, and give it as `after` to resume." })
  cursor!: string;

  @Field(() => Interaction, {
    nullable: true,
    description: "The contact; null when it has been erased since.",
  })
  interaction!: Interaction | null;
}

@RequiresScope("tickets:read")
@ObjectType({ description: "Something that happened to a ticket." })
export class TicketChange {
  @Field(() => Cursor, { description: "Place after this event: keep it, and give it as `after` to resume." })
  cursor!: string;

  @Field(() => EventTypeEnum, { description: "TICKET_OPENED or TICKET_CHANGED." })
  type!: string;

  @Field(() => Instant, { description: "When it happened." })
  occurredAt!: string;

  @Field(() => Instant, { description: "When it became known here." })
  recordedAt!: string;

  @Field(() => Ticket, {
    nullable: true,
    description: "The ticket as it is now; null when it has been erased since.",
  })
  ticket!: Ticket | null;
}

@RequiresScope("events:read")
@ObjectType({ description: "Something that happened to one customer." })
export class CustomerChange {
  @Field(() => Cursor, { description: "Place after this event: keep it, and give it as `after` to resume." })
  cursor!: string;

  @Field(() => EventTypeEnum, { description: "What has happened." })
  type!: string;

  @Field(() => Instant, { description: "When it happened." })
  occurredAt!: string;

  @Field(() => Instant, { description: "When it became known here." })
  recordedAt!: string;

  @Field(() => SafeInt, { description: "Number of the event among the customer's, without a gap." })
  seq!: number;

  @Field(() => Customer, { description: "The customer as they are now." })
  customer!: Customer;

  @Field(() => EventSubject, {
    nullable: true,
    description: "What it is about; null where that is the customer.",
  })
  subject!: typeof EventSubject | null;
}
