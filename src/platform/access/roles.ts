import { accessRole } from "#schema/access.js";
import { type Scope, scopes } from "./scopes.js";

/** Named sets of scopes. A key or a token names its role, so what a role gains or loses holds for all its callers at once. */
export type Role = (typeof accessRole.enumValues)[number];

// Written out, so that a new scope is nobody's until somebody gives it.
const customersData = [
  "customers:read",
  "interactions:read",
  "purchases:read",
  "loyalty:read",
  "tickets:read",
  "feedback:read",
  "consent:read",
  "events:read",
] as const;

export const roles: Readonly<Record<Role, readonly Scope[]>> = {
  /** Serves customers: sees the person, and records what happens in the conversation. */
  AGENT: [
    ...customersData,
    "pii:read",
    "interactions:write",
    "tickets:write",
    "feedback:write",
    "consent:write",
  ],
  /** Studies customers: sees what they did, not who they are. */
  ANALYST: customersData,
  /** A system that sends what it knows and follows what happens. */
  INTEGRATOR: [
    ...customersData,
    "pii:read",
    "customers:write",
    "interactions:write",
    "purchases:write",
    "loyalty:write",
    "tickets:write",
    "feedback:write",
    "consent:write",
    "webhooks:read",
    "webhooks:write",
  ],
  /** Another company: nothing that holds free text or leads to a person. */
  PARTNER: ["purchases:read", "loyalty:read"],
  ADMIN: scopes,
};

export function isRole(text: string): text is Role {
  return (accessRole.enumValues as readonly string[]).includes(text);
}

/** All that who asks for a partner can hold: nothing that tells who somebody is, exports, audits or writes what is of customers. */
const ofPartners: ReadonlySet<Scope> = new Set<Scope>([...customersData, "keys:manage"]);

/** What a caller may do: the scopes of its role and its own, less what no partner may. A partner's role counts for nothing without the partner. */
export function expandRole(
  role: Role | null,
  own: readonly Scope[],
  partner: string | null,
): ReadonlySet<Scope> {
  const ofRole = role && (role !== "PARTNER" || partner) ? roles[role] : [];
  const all = [...ofRole, ...own];
  return new Set(partner ? all.filter((scope) => ofPartners.has(scope)) : all);
}
