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

type Stage = CustomerRow["stage"];

/** A source that still calls a customer a lead or an opportunity does not take back that they have bought. */
export function stageOf(current: Stage, told: Stage | null): Stage {
  const hasBought = current !== "LEAD" && current !== "OPPORTUNITY";
  const ignored = told === null || (hasBought && (told === "LEAD" || told === "OPPORTUNITY"));
  return ignored ? current : told;
}
