import { customers, type ProfileRow, profiles } from "#schema/customers.js";
import type { Tx } from "../../platform/database/database.js";
import { ConcurrentChange } from "../../platform/database/retry.js";
import { insertRows, updateRows } from "../../platform/database/rows.js";
import type { Refusal } from "../../platform/errors.js";
import { appendEvents, type NewEvent } from "../../platform/events/events.js";
import { groupBy } from "../../platform/group.js";
import { type Id, newId } from "../../platform/ids.js";
import { identityName, type Suppressions } from "../../platform/privacy/suppressions.js";
import { earlier, nowInstant } from "../../platform/time.js";
import { type IdentityKey, selectIdentityClaims } from "./customer.queries.js";
import { claimIdentities, touchIdentities } from "./identity.queries.js";
import { selectDisplayed, selectFullProfiles, selectRankedProfiles } from "./profile.queries.js";
import { stageOf, survivors } from "./profile.rules.js";
import { blankProfile, laidOver, type ProfileDraft, profileDraft, tellsNews } from "./profile-item.rules.js";
import { lock, withoutRefused } from "./recording.actions.js";
import { checkBatch, type Recorded, RefusedItems, type WriteServices } from "./recording.rules.js";
import { registerSource } from "./reference.queries.js";
import { personErased } from "./reference.rules.js";

/**
 * Takes over what a source knows about people: one result per item. A person is found by the source's own id, else by the
 * first identity that somebody holds, else made. Absent fields keep what is known, an empty text clears. What tells nothing
 * new, or is older than what is known, is a DUPLICATE. Refuses PERSON_ERASED.
 */
export async function upsertProfiles(
  services: WriteServices,
  source: string,
  items: readonly unknown[],
): Promise<Recorded<"profile">[]> {
  checkBatch(source, items, services.maxBatchItems);
  const drafts: ProfileDraft[] = [];
  const results = items.map((input, index): Recorded<"profile"> => {
    const draft = profileDraft(source, services.phoneRegion, index, input);
    if (!("refusal" in draft)) drafts.push(draft);
    const error = "refusal" in draft ? draft.refusal : null;
    return { index, outcome: "REJECTED", id: null, customerId: null, seq: null, error };
  });
  const refusals = new Map<number, Refusal>();
  const taken = await withoutRefused(services, drafts, refusals, (tx, accepted) =>
    upsert(tx, services.suppressions, source, accepted),
  );
  for (const result of taken) results[result.index] = result;
  for (const [index, error] of refusals) (results[index] as Recorded<"profile">).error = error;
  return results;
}

async function upsert(
  tx: Tx,
  suppressions: Suppressions,
  source: string,
  drafts: readonly ProfileDraft[],
): Promise<Recorded<"profile">[]> {
  await registerSource(tx, source);
  const claimed = await claimOwners(tx, suppressions, drafts);
  const { owners, created } = claimed;
  await insertRows(tx, customers, [...created.values()]);
  const seqs = await lock(
    tx,
    [...owners].map(([index, customerId]) => ({ index, customerId })),
  );
  const { outcomes, inserted, updated } = await mergeIntoProfiles(tx, source, drafts, claimed);
  await insertRows(tx, profiles, inserted);
  await updateRows(tx, profiles, ["id", "customerId"], updated);
  await touchIdentities(
    tx,
    source,
    drafts.flatMap(({ index, item, identities }) =>
      identities.map((identity) => ({
        ...identity,
        ...(outcomes.get(index) as Outcome),
        seenAt: item.observedAt,
      })),
    ),
  );
  const told = drafts.filter(({ index }) => outcomes.get(index)?.news);
  await displaySurvivors(tx, knownSince(told, owners));
  const events = told.map(({ index, item }): NewEvent => {
    const customerId = owners.get(index) as Id<"customer">;
    const type = created.delete(customerId) ? "CUSTOMER_CREATED" : "CUSTOMER_UPDATED";
    return { customerId, type, subjectId: null, occurredAt: item.observedAt };
  });
  const appended = await appendEvents(tx, events, seqs);
  const places = new Map(told.map(({ index }, i) => [index, appended[i]?.seq ?? null]));
  return drafts.map(({ index }) => {
    const { news, profileId, customerId } = outcomes.get(index) as Outcome;
    const outcome = news ? "RECORDED" : "DUPLICATE";
    return { index, outcome, id: profileId, customerId, seq: places.get(index) ?? null, error: null };
  });
}

/**
 * Whose each profile is. Items of one batch that share an identity meet in one customer. Throws RefusedItems for those that
 * bring an identity of an erased person, which nobody holds.
 */
async function claimOwners(tx: Tx, suppressions: Suppressions, drafts: readonly ProfileDraft[]) {
  const keyOf = ({ kind, value }: IdentityKey) => `${kind}:${value}`;
  const wanted = new Map(
    drafts.flatMap((draft) => draft.identities.map((identity) => [keyOf(identity), identity])),
  );
  const known = await selectIdentityClaims(tx, [...wanted.values()]);
  const holders = new Map(known.map((claim) => [keyOf(claim), claim.customerId]));
  const owners = new Map<number, Id<"customer">>();
  const created = new Map<Id<"customer">, { id: Id<"customer">; createdAt: string }>();
  const claims = [];
  /** Items that bring an identity nobody held. */
  const named = new Set<number>();
  for (const { index, item, identities } of drafts) {
    const holder = identities.map((identity) => holders.get(keyOf(identity))).find((id) => id !== undefined);
    const customerId = holder ?? newId("customer");
    owners.set(index, customerId);
    if (!holder) created.set(customerId, { id: customerId, createdAt: item.knownSince ?? item.observedAt });
    for (const { kind, value } of identities) {
      if (holders.has(keyOf({ kind, value }))) continue;
      holders.set(keyOf({ kind, value }), customerId);
      claims.push({ kind, value, customerId });
      named.add(index);
    }
  }
  const lost = await claimIdentities(tx, claims);
  // What this batch meant to join may now belong to another person: it decides anew.
  if (lost.length > 0) throw new ConcurrentChange("an identity was claimed by another batch");
  const nameOf = ({ kind, value }: IdentityKey) => identityName(kind, value);
  const suppressed = await suppressions.among(tx, claims.map(nameOf));
  const late = drafts.filter(({ identities }) => identities.some((own) => suppressed.has(nameOf(own))));
  if (late.length) throw new RefusedItems(new Map(late.map(({ index }) => [index, personErased])));
  return { owners, created, named };
}

/** Since when each of these customers is known, as far as these items tell. */
function knownSince(drafts: readonly ProfileDraft[], owners: ReadonlyMap<number, Id<"customer">>) {
  const since = new Map<Id<"customer">, string>();
  for (const { index, item } of drafts) {
    const customerId = owners.get(index) as Id<"customer">;
    const told = item.knownSince ?? item.observedAt;
    since.set(customerId, earlier(since.get(customerId) ?? told, told));
  }
  return since;
}

interface Outcome {
  customerId: Id<"customer">;
  profileId: Id<"profile">;
  news: boolean;
}

/** Lays each item over the profile its source already has; later items of the batch over earlier ones. */
async function mergeIntoProfiles(
  tx: Tx,
  source: string,
  drafts: readonly ProfileDraft[],
  { owners, named }: { owners: ReadonlyMap<number, Id<"customer">>; named: ReadonlySet<number> },
) {
  const key = (customerId: string, ref: string | null) => `${customerId} ${ref}`;
  const pairs = drafts.map(({ index, item }) => ({
    customerId: owners.get(index) as Id<"customer">,
    profileRef: item.sourceRef,
  }));
  const existing = await selectFullProfiles(tx, source, pairs);
  const known = new Set(existing.map((row) => row.id));
  const rows = new Map(existing.map((row) => [key(row.customerId, row.sourceRef), row]));
  const changed = new Map<Id<"profile">, ProfileRow>();
  const outcomes = new Map<number, Outcome>();
  for (const { index, item } of drafts) {
    const customerId = owners.get(index) as Id<"customer">;
    const place = key(customerId, item.sourceRef);
    const row = rows.get(place) ?? blankProfile(customerId, source, item.sourceRef);
    const news = !rows.has(place) || named.has(index) || tellsNews(row, item);
    outcomes.set(index, { customerId, profileId: row.id, news });
    if (!news) continue;
    rows.set(place, laidOver(row, item));
    changed.set(row.id, rows.get(place) as ProfileRow);
  }
  const touched = [...changed.values()];
  return {
    outcomes,
    inserted: touched.filter((row) => !known.has(row.id)),
    updated: touched.filter((row) => known.has(row.id)),
  };
}

/** Chooses anew what is displayed of these customers. Their rows are locked. */
async function displaySurvivors(tx: Tx, knownSince: ReadonlyMap<Id<"customer">, string>): Promise<void> {
  const ids = [...knownSince.keys()];
  if (ids.length === 0) return;
  const byCustomer = groupBy(await selectRankedProfiles(tx, ids), (profile) => profile.customerId);
  const current = await selectDisplayed(tx, ids);
  const rows = current.map(({ id, stage, createdAt }) => {
    const shown = survivors(byCustomer.get(id) ?? []);
    const since = knownSince.get(id) as string;
    return {
      ...shown,
      id,
      stage: stageOf(stage, shown.stage),
      anonymous: false,
      createdAt: earlier(since, createdAt),
      updatedAt: nowInstant(),
    };
  });
  await updateRows(tx, customers, ["id"], rows);
}
