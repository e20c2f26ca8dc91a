import type { Tx } from "../../platform/database/database.js";
import type { Refusal } from "../../platform/errors.js";
import type { NewEvent } from "../../platform/events/events.js";
import { groupBy } from "../../platform/group.js";
import { type Id, newId } from "../../platform/ids.js";
import { claimRecords } from "../../platform/ingest/claims.js";
import { recordName } from "../../platform/privacy/suppressions.js";
import type { WriteServices } from "../customers/recording.rules.js";
import { lookUp, resolveReferences, type Subject } from "../customers/reference.actions.js";
import type { CustomerReference } from "../customers/reference.rules.js";
import { selectTicketHeads } from "./ticket.queries.js";

interface OwnedDraft {
  index: number;
  item: { sourceRef: string; ticketRef: string; customer: CustomerReference; occurredAt: string };
}

/** What one run of a batch found out about the tickets its events belong to. */
export interface TicketOwners {
  /** Whose each event is, or why it is refused, by its index. */
  subjects: Map<number, Subject | { refusal: Refusal }>;
  /** By the source's reference. */
  ticketIds: ReadonlyMap<string, Id<"ticket">>;
  /** Events of the customers that became known on the way. */
  created: readonly NewEvent[];
}

/**
 * A ticket has one customer: of a known ticket its own, of a new one the first that its events name, else one guest.
 * The claim of a ticket's reference decides between concurrent batches that open it; the later one gets the winner's.
 */
export async function ticketOwners(
  tx: Tx,
  source: string,
  { phoneRegion, suppressions }: Pick<WriteServices, "phoneRegion" | "suppressions">,
  drafts: readonly OwnedDraft[],
): Promise<TicketOwners> {
  const draftsByRef = groupBy(drafts, ({ item }) => item.ticketRef);
  const claims = [...draftsByRef.keys()].map((ref) => ({ id: newId("ticket"), item: { sourceRef: ref } }));
  const known = await claimRecords(tx, source, { record: "TICKET", id: "ticket" }, claims);
  const heads = known.size ? await selectTicketHeads(tx, [...known.values()]) : [];
  const headById = new Map(heads.map((head) => [head.id, head]));
  const asked = [...draftsByRef].flatMap(([ref, own]) => whoToAsk(own, !known.has(ref)));
  const requests = asked.map(({ index, item }) => ({
    index,
    reference: item.customer,
    occurredAt: item.occurredAt,
    recordNames: () => [
      recordName(source, "TICKET_EVENT", item.sourceRef),
      recordName(source, "TICKET", item.ticketRef),
    ],
  }));
  const lookedUp = lookUp(tx, source, phoneRegion, requests);
  const resolved = await resolveReferences(tx, source, requests, lookedUp, { suppressions });
  await resolved.done;
  const subjects: TicketOwners["subjects"] = new Map();
  for (const [ref, own] of draftsByRef) {
    const ticketId = known.get(ref);
    const owner = ticketId
      ? headById.get(ticketId)
      : own.map(({ index }) => resolved.subjects.get(index)).find((subject) => subject);
    for (const { index } of own) {
      const named = resolved.subjects.get(index);
      const refusal = resolved.refusals.get(index) ?? whyNot(owner, named, ticketId !== undefined);
      if (refusal) subjects.set(index, { refusal });
      else subjects.set(index, subjectOf((named ?? owner) as Subject));
    }
  }
  const ticketIds = new Map(claims.map(({ id, item: { sourceRef: ref } }) => [ref, known.get(ref) ?? id]));
  return { subjects, ticketIds, created: resolved.created };
}

/** The events whose reference must be looked up: all that name somebody; of a new ticket that names nobody, one, for its guest. */
function whoToAsk(own: readonly OwnedDraft[], isNew: boolean): readonly OwnedDraft[] {
  const naming = own.filter(({ item }) => namesSomebody(item.customer));
  return naming.length || !isNew ? naming : own.slice(0, 1);
}

function namesSomebody(reference: CustomerReference): boolean {
  return Boolean(reference && (reference.id ?? reference.sourceRef ?? reference.identity) !== null);
}

function whyNot(owner: Subject | undefined, named: Subject | undefined, isKnown: boolean): Refusal | null {
  if (!owner) return isKnown ? gone : notOpened;
  return named && named.customerId !== owner.customerId ? ofAnotherCustomer : null;
}

function subjectOf({ customerId, profileId }: Subject): Subject {
  return { customerId, profileId };
}

const ofAnotherCustomer: Refusal = {
  code: "TICKET_OF_ANOTHER_CUSTOMER",
  field: "customer",
  message: "This ticket belongs to another customer.",
};
const notOpened: Refusal = {
  code: "TICKET_NOT_OPENED",
  field: "ticketRef",
  message: "The event of this batch that says whose ticket it is was refused.",
};
const gone: Refusal = {
  code: "TICKET_GONE",
  field: "ticketRef",
  message: "This ticket was known once and is no longer kept.",
};
