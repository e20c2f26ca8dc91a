import type { TicketEventRow, TicketRow } from "#schema/tickets.js";
import type { Database } from "../../platform/database/database.js";
import type { Id } from "../../platform/ids.js";
import { lazyLoaders, loadById, loadCount, loadPage } from "../../platform/loaders.js";
import {
  customerTickets,
  eventsOfTicket,
  selectOpenTicketCounts,
  selectTicketEventsByIds,
  selectTicketsByIds,
} from "./ticket.queries.js";

export function ticketLoaders(db: Database["read"]) {
  return lazyLoaders({
    byId: () => loadById(db, selectTicketsByIds),
    eventById: () => loadById(db, selectTicketEventsByIds),
    openCountByCustomer: () => loadCount((ids: readonly Id<"customer">[]) => selectOpenTicketCounts(db, ids)),
    pageByCustomer: () => loadPage<TicketRow>(db, customerTickets),
    eventPageByTicket: () => loadPage<TicketEventRow>(db, eventsOfTicket),
  });
}
