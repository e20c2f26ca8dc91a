import { type CustomerRow, customers, profiles } from "#schema/customers.js";
import type { Tx } from "../../platform/database/database.js";
import { insertRows } from "../../platform/database/rows.js";
import type { Refusal } from "../../platform/errors.js";
import type { NewEvent } from "../../platform/events/events.js";
import { type Id, newId } from "../../platform/ids.js";
import { earlier } from "../../platform/time.js";
import { type IdentityKey, selectIdentityClaims } from "./customer.queries.js";
import { claimIdentities, touchIdentities } from "./identity.queries.js";
import { selectCustomerPointers, selectProfilesByRefs } from "./reference.queries.js";
import { type CustomerReference, type Name, nameOf, notFound } from "./reference.rules.js";

/** Whom an item is about: the customer, and the profile under which its source knows them. */
export interface Subject {
  customerId: Id<"customer">;
  profileId: Id<"profile">;
}

export interface ReferenceRequest {
  index: number;
  reference: CustomerReference;
  occurredAt: string;
}

/**
 * Finds the customer behind each reference, in one pass over the batch, and makes those that are not known yet.
 * Identities are claimed by inserting their key: a claim lost to a concurrent batch starts this transaction again.
 */
export async function resolveReferences(
  tx: Tx,
  source: string,
  phoneRegion: string | null,
  requests: readonly ReferenceRequest[],
): Promise<{ subjects: Map<number, Subject>; refusals: Map<number, Refusal>; created: NewEvent[] }> {
  const refusals = new Map<number, Refusal>();
  const named = requests.flatMap((request) => {
    const name = nameOf(source, phoneRegion, request.reference);
    if ("refusal" in name) refusals.set(request.index, name.refusal);
    return "refusal" in name ? [] : [{ ...request, ...name }];
  });
  const byId = await knownIds(tx, named);
  const claims = await claimAll(tx, named);
  const found = named.flatMap((request) => {
    const customerId = request.customerId ? byId.get(request.customerId) : claims.holder(request);
    if (!customerId) refusals.set(request.index, notFound);
    return customerId ? [{ ...request, customerId }] : [];
  });
  await insertRows(tx, customers, claims.newCustomers);
  const profileIds = await profilesOf(tx, source, found);
  const subjects = new Map(
    found.map((request) => [
      request.index,
      { customerId: request.customerId, profileId: profileIds.of(request) },
    ]),
  );
  await touchIdentities(
    tx,
    source,
    found.flatMap((request) =>
      request.identity
        ? [{ ...request.identity, ...(subjects.get(request.index) as Subject), seenAt: request.occurredAt }]
        : [],
    ),
  );
  return { subjects, refusals, created: claims.newCustomers.map(createdEvent) };
}

type Named = ReferenceRequest & Name;
const keyOf = ({ kind, value }: IdentityKey) => `${kind}:${value}`;

/** The customers that these ids lead to: themselves, or the survivor of a merge. */
async function knownIds(tx: Tx, named: readonly Named[]): Promise<Map<string, Id<"customer">>> {
  const ids = [...new Set(named.flatMap((request) => request.customerId ?? []))];
  const rows = ids.length ? await selectCustomerPointers(tx, ids) : [];
  return new Map(rows.map((row) => [row.id, row.mergedInto ?? row.id]));
}

/** Looks up all identities at once and claims those that nobody holds; guests get a customer each. */
async function claimAll(tx: Tx, named: readonly Named[]) {
  const wanted = new Map(
    named.flatMap((request) => (request.identity ? [[keyOf(request.identity), request.identity]] : [])),
  );
  const known = wanted.size ? await selectIdentityClaims(tx, [...wanted.values()]) : [];
  const holders = new Map(known.map((claim) => [keyOf(claim), claim.customerId]));
  const guests = new Map<number, Id<"customer">>();
  const created = new Map<Id<"customer">, ReturnType<typeof newCustomer>>();
  const claims = [];
  for (const request of named) {
    if (request.customerId) continue;
    const key = request.identity && keyOf(request.identity);
    const holder = key && holders.get(key);
    if (holder) {
      const fresh = created.get(holder);
      if (fresh) fresh.createdAt = earlier(fresh.createdAt, request.occurredAt);
      continue;
    }
    const customer = newCustomer(request);
    created.set(customer.id, customer);
    if (request.identity) {
      holders.set(keyOf(request.identity), customer.id);
      claims.push({ ...request.identity, customerId: customer.id });
    } else guests.set(request.index, customer.id);
  }
  await claimIdentities(tx, claims);
  return {
    newCustomers: [...created.values()],
    holder: (request: Named) =>
      request.identity ? holders.get(keyOf(request.identity)) : guests.get(request.index),
  };
}

function newCustomer({ identity, occurredAt }: Named) {
  const names = identity !== null && identity.kind !== "DEVICE";
  return {
    id: newId("customer"),
    anonymous: !names,
    email: identity?.kind === "EMAIL" ? identity.value : null,
    phone: identity?.kind === "PHONE" ? identity.value : null,
    createdAt: occurredAt,
  };
}

function createdEvent(customer: Pick<CustomerRow, "id" | "createdAt">): NewEvent {
  return {
    customerId: customer.id,
    type: "CUSTOMER_CREATED",
    subjectId: null,
    occurredAt: customer.createdAt,
  };
}

/** The profile of each customer at this source, made where it is missing (unique per customer, source and reference). */
async function profilesOf(
  tx: Tx,
  source: string,
  found: readonly (Named & { customerId: Id<"customer"> })[],
) {
  const known = new Map<string, Id<"profile">>();
  const key = (customerId: string, ref: string) => `${customerId} ${ref}`;
  const referenced = found.filter((request) => request.profileRef !== null);
  for (const row of referenced.length ? await selectProfilesByRefs(tx, source, referenced) : []) {
    known.set(key(row.customerId, row.sourceRef as string), row.id);
  }
  const guests = new Map<number, Id<"profile">>();
  const rows = [];
  for (const { index, customerId, profileRef, identity, occurredAt } of found) {
    if (profileRef !== null && known.has(key(customerId, profileRef))) continue;
    const id = newId("profile");
    if (profileRef === null) guests.set(index, id);
    else known.set(key(customerId, profileRef), id);
    const email = identity?.kind === "EMAIL" ? identity.value : null;
    const phone = identity?.kind === "PHONE" ? identity.value : null;
    rows.push({ id, customerId, source, sourceRef: profileRef, email, phone, observedAt: occurredAt });
  }
  await insertRows(tx, profiles, rows);
  return {
    of: ({
      index,
      customerId,
      profileRef,
    }: {
      index: number;
      customerId: string;
      profileRef: string | null;
    }) => (profileRef === null ? guests.get(index) : known.get(key(customerId, profileRef))) as Id<"profile">,
  };
}
