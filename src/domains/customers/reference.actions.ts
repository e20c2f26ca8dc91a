import { sql } from "drizzle-orm";
import { type CustomerRow, customers, profiles } from "#schema/customers.js";
import type { Tx } from "../../platform/database/database.js";
import { insertRows, sendNow } from "../../platform/database/rows.js";
import type { Refusal } from "../../platform/errors.js";
import type { NewEvent } from "../../platform/events/events.js";
import { type Id, newId } from "../../platform/ids.js";
import { claimAll, erasedAmong, type Holders, holdersOf, identitiesOf, keyOf } from "./holder.actions.js";
import { identitiesTouch, type SeenIdentity } from "./identity.queries.js";
import { type Made, nothingMade, type Turn, type WriteServices } from "./recording.rules.js";
import { selectCustomerPointers, selectProfilesByRefs } from "./reference.queries.js";
import { type Named, nameOf, notFound, personErased, type ReferenceRequest } from "./reference.rules.js";

/** Whom an item is about: the customer, and the profile under which its source knows them. */
export interface Subject {
  customerId: Id<"customer">;
  profileId: Id<"profile">;
}

export interface Resolved {
  subjects: Map<number, Subject>;
  refusals: Map<number, Refusal>;
  created: NewEvent[];
  made: Made;
  /** The last statement, sent and not waited for: done before the commit. */
  done: Promise<unknown>;
}

/** What references name, and who held their identities when this was asked for. */
export interface LookedUp {
  named: readonly Named[];
  refusals: ReadonlyMap<number, Refusal>;
  holders: Promise<Holders>;
}

/** Asks who holds the identities of these references, so that the answer is there when they are resolved. */
export function lookUp(
  tx: Tx,
  source: string,
  phoneRegion: string | null,
  requests: readonly ReferenceRequest[],
): LookedUp {
  const refusals = new Map<number, Refusal>();
  const named = namesOf(source, phoneRegion, requests, refusals);
  const holders = holdersOf(tx, identitiesOf(named).values());
  holders.catch(() => {}); // met where it is awaited, unless something else ends the transaction before
  return { named, refusals, holders };
}

/**
 * Finds the customer behind each reference, in one pass over the batch, and makes those that are not known yet.
 * Identities are claimed by inserting their key: of concurrent batches one makes the customer, the others find it.
 * `lookedUp` holds at least these references. Whom the batch before has made is found in its turn. Refuses PERSON_ERASED for
 * whoever is suppressed: a request that is refused means that the transaction must not commit.
 */
export async function resolveReferences(
  tx: Tx,
  source: string,
  requests: readonly ReferenceRequest[],
  lookedUp: LookedUp,
  { suppressions, turn }: Pick<WriteServices, "suppressions" | "turn">,
): Promise<Resolved> {
  const { named, refusals } = only(requests, lookedUp);
  const byId = await knownIds(tx, named);
  const ahead = turn?.ahead ?? nothingMade;
  const holders = new Map([...ahead.holders, ...(await lookedUp.holders)]);
  const claims = await claimAll(tx, named, holders, suppressions);
  const found: Found[] = [];
  for (const index of await erasedAmong(tx, suppressions, named, claims)) refusals.set(index, personErased);
  for (const request of named) {
    if (refusals.has(request.index)) continue;
    const customerId = request.customerId ? byId.get(request.customerId) : claims.holder(request);
    const place = customerId && placeOf(customerId, request.profileRef);
    if (customerId && place) found.push(Object.assign(request, { customerId, place }));
    else refusals.set(request.index, notFound);
  }
  const inserted = insertRows(tx, customers, claims.newCustomers);
  const profileIds = await profilesOf(tx, source, found, inserted, ahead, turn);
  let seen = seenUnder(source, found, profileIds.of);
  // Made while the profiles are inserted; again where another batch was faster with one of them.
  if (!(await profileIds.areFinal())) seen = seenUnder(source, found, profileIds.of);
  const done = seen.touch ? sendNow(tx, seen.touch) : Promise.resolve();
  done.catch(() => {}); // met where `done` is awaited, unless something else ends the transaction before
  const made = { holders: claims.made, profiles: profileIds.made };
  return { subjects: seen.subjects, refusals, created: claims.newCustomers.map(createdEvent), made, done };
}

type Found = Named & { customerId: Id<"customer">; place: string };
/** Of what was looked up, the part of these requests. */
function only(requests: readonly ReferenceRequest[], { named, refusals }: LookedUp) {
  if (requests.length === named.length + refusals.size) return { named, refusals: new Map(refusals) };
  const wanted = new Set(requests.map(({ index }) => index));
  return {
    named: named.filter(({ index }) => wanted.has(index)),
    refusals: new Map([...refusals].filter(([index]) => wanted.has(index))),
  };
}

function namesOf(
  source: string,
  phoneRegion: string | null,
  requests: readonly ReferenceRequest[],
  refusals: Map<number, Refusal>,
): Named[] {
  const named: Named[] = [];
  for (const { index, occurredAt, reference, recordNames } of requests) {
    const name = nameOf(source, phoneRegion, reference);
    if ("refusal" in name) refusals.set(index, name.refusal);
    else {
      const { customerId, identity, profileRef } = name;
      const key = identity && keyOf(identity);
      named.push({ index, occurredAt, recordNames, customerId, identity, profileRef, key });
    }
  }
  return named;
}

/** What a profile is known by at its source. */
const placeOf = (customerId: Id<"customer">, profileRef: string | null) => `${customerId} ${profileRef}`;

/** The customers that these ids lead to: themselves, or the survivor of a merge. */
async function knownIds(tx: Tx, named: readonly Named[]): Promise<Map<string, Id<"customer">>> {
  const ids = [...new Set(named.flatMap((request) => request.customerId ?? []))];
  const rows = ids.length ? await selectCustomerPointers(tx, ids) : [];
  return new Map(rows.map((row) => [row.id, row.mergedInto ?? row.id]));
}

function createdEvent(customer: Pick<CustomerRow, "id" | "createdAt">): NewEvent {
  return {
    customerId: customer.id,
    type: "CUSTOMER_CREATED",
    subjectId: null,
    occurredAt: customer.createdAt,
  };
}

/** The subject of each request, and the statement that notes the identities seen; null where there are none. */
function seenUnder(source: string, found: readonly Found[], profileOf: (request: Found) => Id<"profile">) {
  const subjects = new Map<number, Subject>();
  const seen: SeenIdentity[] = [];
  for (const request of found) {
    const { index, customerId, identity, occurredAt: seenAt } = request;
    const profileId = profileOf(request);
    subjects.set(index, { customerId, profileId });
    if (identity) seen.push({ kind: identity.kind, value: identity.value, customerId, profileId, seenAt });
  }
  return { subjects, touch: identitiesTouch(source, seen) };
}

/** The profile of each customer at this source, made where it is missing (unique per customer, source and reference). */
async function profilesOf(
  tx: Tx,
  source: string,
  found: readonly Found[],
  customersInserted: Promise<unknown>,
  ahead: Made,
  turn: Turn | null | undefined,
) {
  const known = new Map(ahead.profiles);
  const referenced = found.filter((request) => request.profileRef !== null);
  const findProfiles = async () => {
    for (const row of referenced.length ? await selectProfilesByRefs(tx, source, referenced) : []) {
      known.set(placeOf(row.customerId, row.sourceRef), row.id);
    }
  };
  await Promise.all([findProfiles(), customersInserted]);
  const guests = new Map<number, Id<"profile">>();
  const made: { place: string; row: typeof profiles.$inferInsert }[] = [];
  for (const { index, customerId, profileRef, place, identity, occurredAt } of found) {
    if (profileRef !== null && known.has(place)) continue;
    const id = newId("profile");
    if (profileRef === null) guests.set(index, id);
    else known.set(place, id);
    const email = identity?.kind === "EMAIL" ? identity.value : null;
    const phone = identity?.kind === "PHONE" ? identity.value : null;
    const row = { id, customerId, source, sourceRef: profileRef, email, phone, observedAt: occurredAt };
    made.push({ place, row });
  }
  made.sort((a, b) => (a.place < b.place ? -1 : 1));
  const rows = made.map(({ row }) => row);
  // Nothing can point at a customer that the batch before has not committed.
  const late = new Set(ahead.holders.values());
  if (late.size && rows.some(({ customerId }) => late.has(customerId))) await turn?.come(tx);
  const making = insertRows(tx, profiles, rows, sql`on conflict do nothing`);
  return {
    made: new Map(made.flatMap(({ place, row }) => (row.sourceRef === null ? [] : [[place, row.id]]))),
    of: ({ index, profileRef, place }: Found) =>
      (profileRef === null ? guests.get(index) : known.get(place)) as Id<"profile">,
    /** False where another batch was faster with one of them, and has committed by now: `of` tells others from then on. */
    async areFinal() {
      const { count } = await making;
      if (count < rows.length) await findProfiles();
      return count === rows.length;
    },
  };
}
