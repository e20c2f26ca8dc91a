import { z } from "zod";
import { type ApiKeyRow, accessRole } from "#schema/access.js";
import { consentPurpose } from "#schema/consent.js";
import type { Caller } from "../../platform/access/caller.js";
import { expandRole, type Role } from "../../platform/access/roles.js";
import { isScope, type Scope } from "../../platform/access/scopes.js";
import type { Refusal } from "../../platform/errors.js";
import {
  code,
  codeText,
  instant,
  oneOf,
  optional,
  refuse,
  requiredText,
  wholeNumber,
} from "../../platform/input.js";
import { defaultBudgetPoints } from "../../platform/limits.js";

/** How long the key before a rotation may still be let in: whoever has not changed over in a month will not. */
export const maxOverlapHours = 30 * 24;
/** Long enough to roll out a new key on a working day, short enough that nobody forgets the old one. */
export const defaultOverlapHours = 24;

/** A thousand times the standard budget: beyond it a number is a slip. */
const maxBudgetPoints = 1_000 * defaultBudgetPoints;

const scope = z.string().refine(isScope, code("UNKNOWN_SCOPE", "is no scope of this API"));

/** What a key is, besides its secret. */
export const keyItem = z
  .strictObject({
    name: requiredText,
    role: optional(oneOf(accessRole.enumValues)),
    scopes: z.array(scope).transform((given): Scope[] => [...new Set(given as Scope[])].sort()),
    partner: optional(codeText),
    purpose: optional(oneOf(consentPurpose.enumValues)),
    trustedOnly: z.boolean().default(false),
    budgetPoints: optional(wholeNumber(1, maxBudgetPoints)),
    restoredPerSecond: optional(wholeNumber(1, maxBudgetPoints)),
    expiresAt: optional(instant),
  })
  .superRefine(({ role, scopes, partner }, context) => {
    if (!role && scopes.length === 0)
      refuse(context, "NO_SCOPES", "must not be empty without a role", ["scopes"]);
    if (role === "PARTNER" && !partner)
      refuse(context, "REQUIRED", "is required for the role PARTNER", ["partner"]);
  });

export type KeyItem = z.output<typeof keyItem>;

export const overlapItem = z.strictObject({ overlapHours: wholeNumber(0, maxOverlapHours) });

interface Grant {
  role: Role | null;
  scopes: readonly string[];
  partner: string | null;
}

/** Everything that a key may do, in alphabetical order. */
export function scopesOf({ role, scopes, partner }: Grant): Scope[] {
  return [...expandRole(role, scopes.filter(isScope), partner)].sort();
}

/** Partners see the keys of their own company only. */
export function isSeenBy({ partner }: Caller, key: { partner: string | null }): boolean {
  return !partner || partner === key.partner;
}

/** Nobody hands out, by a new key or by the secret of an old one, what they do not hold themselves. */
export function whyNotGrant(caller: Caller, grant: Grant): Refusal | null {
  const beyond = scopesOf(grant).find((wanted) => !caller.scopes.has(wanted));
  if (beyond)
    return { code: "SCOPE_NOT_HELD", field: "scopes", message: `You do not hold ${beyond} yourself.` };
  if (caller.partner && caller.partner !== grant.partner)
    return { code: "PARTNER_NOT_YOURS", field: "partner", message: "You act for another partner." };
  return null;
}

export function whyNotExpire(expiresAt: string | null | undefined, nowMs: number): Refusal | null {
  if (!expiresAt || Date.parse(expiresAt) > nowMs) return null;
  return { code: "INVALID_DATE", field: "expiresAt", message: "expiresAt must be later than now." };
}

type Life = Pick<ApiKeyRow, "revokedAt" | "expiresAt">;

/** A key that has ended is not changed any more; one that has expired can be given more time. */
export function whyNotChange({ revokedAt }: Life): Refusal | null {
  return revokedAt ? { code: "REVOKED", field: "id", message: "The key has been revoked." } : null;
}

export function statusOf({ revokedAt, expiresAt }: Life, nowMs: number): "ACTIVE" | "EXPIRED" | "REVOKED" {
  if (revokedAt) return "REVOKED";
  return expiresAt && Date.parse(expiresAt) <= nowMs ? "EXPIRED" : "ACTIVE";
}
