import { timingSafeEqual } from "node:crypto";
import { sql } from "drizzle-orm";
import { apiKeys } from "#schema/access.js";
import type { Database } from "../database/database.js";
import { statement } from "../database/statement.js";
import { type Id, uuidOf } from "../ids.js";
import type { Allowance } from "./budget.js";
import { digest, readKeyText } from "./key-text.js";
import { type Purpose, purposeText, type ReadPurpose } from "./purpose.js";
import { expandRole, type Role } from "./roles.js";
import { isScope, type Scope, scopes } from "./scopes.js";
import { isToken } from "./tokens.js";

/** Who sent an operation. */
export interface Caller {
  /** What logs may name: a key's id, or a fingerprint of whom a token speaks of. */
  readonly keyId: Id<"apiKey"> | "admin" | `token:${string}`;
  readonly scopes: ReadonlySet<Scope>;
  readonly role?: Role | null;
  /** Code of the partner company on whose behalf it asks. */
  readonly partner?: string | null;
  /** What this request reads for, where that needs consent; absent or null: to serve the customer. */
  readonly purpose?: ReadPurpose | null;
  /** The only purpose its key may read for; absent or null: any. */
  readonly onlyFor?: Purpose | null;
  /** When its key or token ends by itself; absent or null: it does not. */
  readonly expiresAtMs?: number | null;
  /** May ask documents of the manifest only. */
  readonly trustedOnly?: boolean;
  /** What its budget has instead of the standard one's. */
  readonly allowance?: Partial<Allowance>;
}

/** Tells the caller behind a presented key or token, or null. */
export type Authenticate = (presented: string | null) => Promise<Caller | null>;

/** Of a caller, all that an answer may depend on. */
const sharedAttributes = ["scopes", "partner", "purpose"] as const satisfies readonly (keyof Caller)[];

/** Callers of one class get the same answers: what is read for one of them may be given to all. */
export function accessClassOf({ scopes: own, partner, purpose }: Caller): string {
  return `${nameOfScopes(own)}|${partner ?? ""}${purpose ? `|${purposeText(purpose)}` : ""}`;
}

const scopeNames = new WeakMap<ReadonlySet<Scope>, string>();

/** The same text for the same scopes; a set of them is never changed. */
export function nameOfScopes(own: ReadonlySet<Scope>): string {
  let name = scopeNames.get(own);
  if (name === undefined) {
    name = [...own].sort().join(" ");
    scopeNames.set(own, name);
  }
  return name;
}

/** Whether an answer that is shared within a class may depend on this attribute. */
export function isShared(attribute: PropertyKey): boolean {
  return (sharedAttributes as readonly PropertyKey[]).includes(attribute);
}

export interface AuthenticateOptions {
  adminKey: string | null;
  /** Reads tokens; null where none are taken. */
  tokens?: ((token: string) => Promise<Caller | null>) | null;
  /** Called for every key that was found good. */
  onUse?: (id: Id<"apiKey">) => void;
}

/**
 * The caller behind a presented key or token, or null: unknown, mistyped, revoked and expired ones all answer alike. Rejects
 * where it cannot be told: the database, or who issues the tokens, does not answer.
 */
export function createAuthenticate(db: Database["read"], options: AuthenticateOptions): Authenticate {
  const { adminKey, tokens = null, onUse } = options;
  const adminDigest = adminKey === null ? null : digest(adminKey);
  return async (presented) => {
    if (!presented) return null;
    const presentedDigest = digest(presented);
    if (adminDigest && timingSafeEqual(presentedDigest, adminDigest)) return admin;
    if (isToken(presented)) return tokens ? tokens(presented) : null;
    const id = readKeyText(presented);
    if (!id) return null;
    const [row] = await liveKey(db, { id: uuidOf(id) });
    if (!row || !isOneOf(presentedDigest, row)) return null;
    onUse?.(row.id);
    return callerOf(row);
  };
}

/** Whoever runs the process, and whoever holds the key of its environment. */
export const admin: Caller = { keyId: "admin", scopes: new Set(scopes), role: "ADMIN" };

type LiveKey = Awaited<ReturnType<typeof liveKey>>[number];

/** Compares with both, whichever is right, so that time tells nothing. */
function isOneOf(presented: Buffer, { secretHash, previousHash }: LiveKey): boolean {
  const isCurrent = timingSafeEqual(presented, secretHash);
  const isPrevious = timingSafeEqual(presented, previousHash ?? secretHash);
  return isCurrent || isPrevious;
}

/** The caller that a key stands for. */
export function callerOf({
  id,
  role,
  partner,
  scopes: own,
  expiresAt,
  purpose,
  trustedOnly = false,
  budgetPoints = null,
  restoredPerSecond = null,
}: Pick<LiveKey, "id" | "role" | "partner" | "scopes" | "expiresAt" | "purpose"> & Partial<LiveKey>): Caller {
  return {
    keyId: id,
    scopes: expandRole(role, own.filter(isScope), partner),
    role,
    partner,
    onlyFor: purpose,
    expiresAtMs: expiresAt === null ? null : Date.parse(expiresAt),
    trustedOnly,
    ...((budgetPoints !== null || restoredPerSecond !== null) && {
      allowance: {
        ...(budgetPoints !== null && { maximum: budgetPoints }),
        ...(restoredPerSecond !== null && { restoreRate: restoredPerSecond }),
      },
    }),
  };
}

const liveKey = statement("access.liveKey", (db) => {
  const { id, secretHash, previousHash, previousValidUntil, role, partner, expiresAt, revokedAt } = apiKeys;
  return db
    .select({
      id,
      secretHash,
      previousHash: sql<Buffer | null>`case when ${previousValidUntil} > now() then ${previousHash} end`,
      role,
      partner,
      scopes: apiKeys.scopes,
      expiresAt,
      purpose: apiKeys.purpose,
      trustedOnly: apiKeys.trustedOnly,
      budgetPoints: apiKeys.budgetPoints,
      restoredPerSecond: apiKeys.restoredPerSecond,
    })
    .from(apiKeys)
    .where(
      sql`${id} = ${sql.placeholder("id")}::uuid and ${revokedAt} is null
        and (${expiresAt} is null or ${expiresAt} > now())`,
    );
});
