import type { Tx } from "../../platform/database/database.js";
import { type Id, newId } from "../../platform/ids.js";
import { identityName, type Suppressions } from "../../platform/privacy/suppressions.js";
import { earlier } from "../../platform/time.js";
import { type IdentityKey, selectIdentityClaims } from "./customer.queries.js";
import { claimIdentities } from "./identity.queries.js";
import type { Named } from "./reference.rules.js";

/** By identity, the customer that holds it. */
export type Holders = ReadonlyMap<string, Id<"customer">>;

export const keyOf = ({ kind, value }: IdentityKey) => `${kind}:${value}`;

/** Each identity once, by its key. */
export function identitiesOf(named: readonly Named[]): Map<string, IdentityKey> {
  const identities = new Map<string, IdentityKey>();
  for (const { identity, key } of named) if (identity && key !== null) identities.set(key, identity);
  return identities;
}

export async function holdersOf(tx: Tx, identities: Iterable<IdentityKey>): Promise<Holders> {
  const keys = [...identities];
  const claims = keys.length ? await selectIdentityClaims(tx, keys) : [];
  return new Map(claims.map((claim) => [keyOf(claim), claim.customerId]));
}

/**
 * Claims the identities that nobody holds; guests get a customer each. Whether anything is suppressed is asked behind the
 * claims, as it must be, and not waited for apart.
 */
export async function claimAll(
  tx: Tx,
  named: readonly Named[],
  holders: Map<string, Id<"customer">>,
  suppressions: Suppressions,
) {
  const guests = new Map<number, NewCustomer>();
  const unheld = new Map<string, IdentityKey>();
  const candidates = new Map<string, NewCustomer>();
  for (const request of named) {
    if (request.customerId) continue;
    const { key } = request;
    if (key === null) guests.set(request.index, newCustomer(request));
    else if (!holders.has(key)) {
      unheld.set(key, request.identity as IdentityKey);
      candidates.set(key, earliest(candidates.get(key), request));
    }
  }
  const claiming = claimIdentities(
    tx,
    [...candidates].map(([key, { id }]) => ({ ...(unheld.get(key) as IdentityKey), customerId: id })),
  );
  const asking = candidates.size + guests.size ? suppressions.anyKept(tx) : false;
  const [lost, anySuppressed] = await Promise.all([claiming, asking]);
  for (const identity of lost) candidates.delete(keyOf(identity));
  const made = new Map([...candidates].map(([key, { id }]) => [key, id]));
  for (const [key, id] of made) holders.set(key, id);
  // Whoever was faster has committed by now: a statement sees what was committed before it began.
  for (const [key, id] of await holdersOf(tx, lost)) holders.set(key, id);
  return {
    unheld,
    anySuppressed,
    made,
    newCustomers: [...candidates.values(), ...guests.values()],
    holder: (request: Named) =>
      request.key === null ? guests.get(request.index)?.id : holders.get(request.key),
  };
}

/**
 * The requests that would bring an erased person back: by an identity that nobody held, or, where they name nobody, by a
 * record of theirs. What somebody holds is not suppressed: an erasure suppresses a name as it takes it from its holder.
 */
export async function erasedAmong(
  tx: Tx,
  suppressions: Suppressions,
  named: readonly Named[],
  { unheld, anySuppressed }: { unheld: ReadonlyMap<string, IdentityKey>; anySuppressed: boolean },
): Promise<number[]> {
  if (!anySuppressed) return [];
  const doubtful = named.flatMap(({ index, customerId, identity, key, recordNames }) => {
    if (customerId) return [];
    if (!identity || key === null) return [{ index, names: recordNames() }];
    return unheld.has(key) ? [{ index, names: [identityName(identity.kind, identity.value)] }] : [];
  });
  const suppressed = await suppressions.among(
    tx,
    doubtful.flatMap(({ names }) => names),
  );
  return doubtful.filter(({ names }) => names.some((name) => suppressed.has(name))).map(({ index }) => index);
}

type NewCustomer = ReturnType<typeof newCustomer>;

function earliest(known: NewCustomer | undefined, request: Named): NewCustomer {
  return known ? { ...known, createdAt: earlier(known.createdAt, request.occurredAt) } : newCustomer(request);
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
