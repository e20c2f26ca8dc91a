import { expect } from "@jest/globals";
import { sql } from "drizzle-orm";
import type { TestApp } from "../../support/app.js";

export const RECORD = `mutation ($input: RecordTicketEventsInput!) {
  recordTicketEvents(input: $input) {
    results {
      index outcome cursor
      ticket { id number status priority openedAt solvedAt closedAt reopenCount transferCount customer { id } }
      ticketEvent { id kind occurredAt interaction { id } }
      error { code field message }
    }
  }
}`;

export interface Result {
  index: number;
  outcome: string;
  cursor: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: what a ticket shows is what each test is about
  ticket: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  ticketEvent: any;
  error: { code: string; field: string; message: string } | null;
}

/** An event of the ticket `ticketRef`, by Jane, one minute after another. */
export function event(ticketRef: string, step: number, more: object = {}) {
  return {
    sourceRef: `${ticketRef}/${step}`,
    ticketRef,
    customer: { identity: { kind: "EMAIL", value: "jane@example.com" } },
    kind: step === 0 ? "OPENED" : "UPDATED",
    occurredAt: `2026-11-21T09:${String(step).padStart(2, "0")}:00Z`,
    ...more,
  };
}

export function recorder(app: () => TestApp) {
  return async (events: object[], source = "desk"): Promise<Result[]> => {
    const { data, errors } = await app().execute(RECORD, { input: { source, events } });
    expect(errors).toBeUndefined();
    return data.recordTicketEvents.results;
  };
}

/** How many rows there are of everything that a batch of ticket events can write. */
export async function counts(app: TestApp): Promise<Record<string, number>> {
  const [row] = await app.database.read.execute<Record<string, number>>(sql`select
    (select count(*)::int from customers) as customers, (select count(*)::int from profiles) as profiles,
    (select count(*)::int from tickets) as tickets, (select count(*)::int from ticket_events) as "ticketEvents",
    (select count(*)::int from interactions) as interactions, (select count(*)::int from events) as events,
    (select count(*)::int from record_claims) as claims, (select count(*)::int from identity_claims) as identities`);
  return row as Record<string, number>;
}

export function refusals(results: readonly Result[]) {
  return results.map(({ outcome, error }) => [outcome, error?.code ?? null, error?.field ?? null]);
}
