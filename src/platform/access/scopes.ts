import { Extensions } from "type-graphql";

/** Everything a caller may be allowed to do. The admin key holds every scope. */
export const scopes = [
  "customers:read",
  "customers:write",
  "interactions:read",
  "interactions:write",
  "purchases:read",
  "purchases:write",
  "loyalty:read",
  "loyalty:write",
  "tickets:read",
  "tickets:write",
  "feedback:read",
  "feedback:write",
  "consent:read",
  "consent:write",
  "events:read",
  "privacy:read",
  "privacy:export",
  "privacy:erase",
  "audit:read",
  "pii:read",
  "keys:manage",
  "webhooks:read",
  "webhooks:write",
] as const;

export type Scope = (typeof scopes)[number];

const known: ReadonlySet<string> = new Set(scopes);

export function isScope(text: string): text is Scope {
  return known.has(text);
}

/**
 * Declares what a root field, an edge or a type needs. The pipeline checks the whole document against it before
 * anything runs (`server/operation.ts`), so it costs nothing per row and holds on plain fields too.
 */
export function RequiresScope(scope: Scope) {
  return Extensions({ scope });
}

/** Every caller with a valid key may use this field: it says nothing about any customer. */
export const publicField = "public" as const;
export function OpenToEveryKey() {
  return Extensions({ scope: publicField });
}
