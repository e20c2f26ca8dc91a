import type { CustomerRow, ProfileRow } from "#schema/customers.js";
import { compareInstants } from "../../platform/time.js";
import { displayNameOf } from "./name.rules.js";

/** A profile with the rank of its source; lower ranks first. */
export type RankedProfile = ProfileRow & { priority: number };

export type DisplayedFields = Pick<
  CustomerRow,
  "displayName" | "givenName" | "familyName" | "email" | "phone" | "locale" | "timeZone" | "country"
> & { stage: CustomerRow["stage"] | null };

/** Fields that are taken from one source together: a given name is never paired with another source's family name. */
const groups = [
  ["displayName", "givenName", "familyName"],
  ["email"],
  ["phone"],
  ["locale", "timeZone"],
  ["country"],
  ["stage"],
] as const;

/**
 * What is displayed of a customer: each group of fields comes whole from the profile of the best-ranked source that
 * knows any of it, and among equals from the newest observation.
 */
export function survivors(profiles: readonly RankedProfile[]): DisplayedFields {
  const ranked = profiles.toSorted(
    (a, b) =>
      a.priority - b.priority || compareInstants(b.observedAt, a.observedAt) || (a.id < b.id ? -1 : 1),
  );
  const fields: Record<string, unknown> = {};
  for (const group of groups) {
    const best = ranked.find((profile) => group.some((field) => profile[field] !== null));
    for (const field of group) fields[field] = best?.[field] ?? null;
  }
  const shown = fields as DisplayedFields;
  return { ...shown, displayName: displayNameOf(shown) };
}
