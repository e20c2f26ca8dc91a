import { ticketEvents, tickets } from "#schema/tickets.js";
import { deleted, type PersonalTable } from "../../platform/privacy/personal-table.js";

export const personalTickets: readonly PersonalTable[] = [
  {
    table: tickets,
    customer: tickets.customerId,
    exported: "tickets",
    erased: deleted(tickets, tickets.customerId, "TICKET"),
  },
  {
    table: ticketEvents,
    customer: ticketEvents.customerId,
    exported: "ticketEvents",
    erased: deleted(ticketEvents, ticketEvents.customerId, "TICKET_EVENT"),
  },
];
