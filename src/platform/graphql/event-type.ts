import type { eventType } from "#schema/events.js";
import { graphqlEnum } from "./enums.js";

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
