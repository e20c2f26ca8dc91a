import { createHash, timingSafeEqual } from "node:crypto";
import { sql } from "drizzle-orm";
import { LRUCache } from "lru-cache";
import { apiKeys } from "#schema/access.js";
import type { Database } from "../database/database.js";
import { statement } from "../database/statement.js";
import type { Id } from "../ids.js";
import { type Scope, scopes } from "./scopes.js";

/** Who sent an operation. `keyId` is what logs may name. */
export interface Caller {
  readonly keyId: Id<"apiKey"> | "admin";
  readonly scopes: ReadonlySet<Scope>;
}

/** Of a caller, all that an answer may depend on. */
const sharedAttributes = ["scopes"] as const satisfies readonly (keyof Caller)[];

/** Callers of one class get the same answers: what is read for one of them may be given to all. */
export function accessClassOf({ scopes }: Caller): string {
  return [...scopes].sort().join();
}

/** Whether an answer that is shared within a class may depend on this attribute. */
export function isShared(attribute: PropertyKey): boolean {
  return (sharedAttributes as readonly PropertyKey[]).includes(attribute);
}

const keyPattern = /^c360_live_([0-9a-f]{32})_[0-9A-Za-z]{20,100}$/;
const admin: Caller = { keyId: "admin", scopes: new Set(scopes) };

/** How long a key that was found good is taken for good without asking again: so soon a revoked key stops. */
const trustMs = 1_000;
/** Keys remembered at once; a company has some hundreds. */
const maxRemembered = 10_000;

/** Tells the caller behind a presented key, or null. */
export type Authenticate = (presented: string | null) => Promise<Caller | null>;

/** The caller behind a presented key, or null: unknown, revoked, expired and malformed keys all answer alike. */
export function createAuthenticate(db: Database["read"], adminKey: string | null): Authenticate {
  const adminDigest = adminKey === null ? null : digest(adminKey);
  return async (presented) => {
    if (!presented) return null;
    const presentedDigest = digest(presented);
    if (adminDigest && timingSafeEqual(presentedDigest, adminDigest)) return admin;
    const id = keyPattern.exec(presented)?.[1];
    if (!id) return null;
    const [row] = await liveKey(db, { id: dashed(id) });
    if (!row || !timingSafeEqual(presentedDigest, row.secretHash)) return null;
    return { keyId: row.id, scopes: new Set(row.scopes.filter((scope): scope is Scope => known.has(scope))) };
  };
}

/** The same, asked at most once in `trustMs` for a good key. What is not good is never remembered. */
export function rememberCallers(authenticate: Authenticate, now: () => number = Date.now): Authenticate {
  const asked = new LRUCache<string, Remembered>({ max: maxRemembered });
  return (presented) => {
    // Remembered under the part of a key that is no secret; the whole of it is compared in constant time.
    const id = presented && keyPattern.exec(presented)?.[1];
    if (!id) return authenticate(presented); // which then needs no database to tell
    const key = Buffer.from(presented);
    const last = asked.get(id);
    const at = now();
    // Counted from when it was asked, and not at all by a clock that was set back.
    if (last && at >= last.at && at - last.at < trustMs && equal(last.key, key)) return last.caller;
    const caller = authenticate(presented);
    const entry = { at, key, caller };
    asked.set(id, entry);
    const forget = () => asked.peek(id) === entry && asked.delete(id);
    caller.then((found) => found ?? forget(), forget);
    return caller;
  };
}

interface Remembered {
  at: number;
  key: Buffer;
  caller: Promise<Caller | null>;
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

const known: ReadonlySet<string> = new Set(scopes);

/** What is stored of a key. A fast hash is right: the secret is random, not a password that could be guessed. */
export function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

const liveKey = statement("access.liveKey", (db) =>
  db
    .select({ id: apiKeys.id, secretHash: apiKeys.secretHash, scopes: apiKeys.scopes })
    .from(apiKeys)
    .where(
      sql`${apiKeys.id} = ${sql.placeholder("id")}::uuid and ${apiKeys.revokedAt} is null
        and (${apiKeys.expiresAt} is null or ${apiKeys.expiresAt} > now())`,
    ),
);

function dashed(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
