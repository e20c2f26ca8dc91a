import type { ApiKeyRow } from "#schema/access.js";
import type { Caller } from "../../platform/access/caller.js";
import { digest, newKeyText } from "../../platform/access/key-text.js";
import type { Database, Tx } from "../../platform/database/database.js";
import type { Refusal } from "../../platform/errors.js";
import { type Id, newId } from "../../platform/ids.js";
import { check } from "../../platform/input.js";
import {
  insertApiKey,
  lockApiKey,
  markRevoked,
  replaceSecret,
  selectAllApiKeys,
  updateApiKeyRow,
} from "./api-key.queries.js";
import {
  isSeenBy,
  type KeyItem,
  keyItem,
  overlapItem,
  whyNotChange,
  whyNotExpire,
  whyNotGrant,
} from "./api-key.rules.js";

type Refused = { refusal: Refusal };
/** A key with its text, which is told here and never again. */
export type Told = { apiKey: ApiKeyRow; key: string };
export type Changed = { apiKey: ApiKeyRow };

/** Makes a key. Refuses what `keyItem` does not take, SCOPE_NOT_HELD, PARTNER_NOT_YOURS. */
export async function createApiKey(
  database: Database,
  caller: Caller,
  input: unknown,
): Promise<Told | Refused> {
  const checked = check(keyItem, input);
  if ("refusal" in checked) return checked;
  const { value } = checked;
  const refusal = whyNotExpire(value.expiresAt, Date.now()) ?? whyNotGrant(caller, value);
  if (refusal) return { refusal };
  const id = newId("apiKey");
  const key = newKeyText(id);
  const row = { id, secretHash: digest(key), ...value };
  return { apiKey: await database.transaction((tx) => insertApiKey(tx, row)), key };
}

/**
 * Gives a key a new secret; the present one is let in for `overlapHours` more, so that two are live. Refuses NOT_FOUND,
 * REVOKED, INVALID_NUMBER, and what `createApiKey` refuses: whoever is told the secret may do all that the key may.
 */
export async function rotateApiKey(
  database: Database,
  caller: Caller,
  id: Id<"apiKey">,
  overlapHours: number,
): Promise<Told | Refused> {
  const checked = check(overlapItem, { overlapHours });
  if ("refusal" in checked) return checked;
  const key = newKeyText(id);
  return changing(database, caller, id, async (tx, row) => {
    const refusal = whyNotChange(row) ?? whyNotGrant(caller, row);
    if (refusal) return { refusal };
    return { apiKey: await replaceSecret(tx, id, digest(key), overlapHours), key };
  });
}

/** Changes what is named, and leaves the rest; null takes away. Refuses NOT_FOUND, REVOKED, and what `createApiKey` refuses. */
export async function updateApiKey(
  database: Database,
  caller: Caller,
  id: Id<"apiKey">,
  changes: Partial<KeyItem>,
): Promise<Changed | Refused> {
  return changing(database, caller, id, async (tx, row) => {
    const { name, role, scopes, partner, purpose, trustedOnly, budgetPoints, restoredPerSecond, expiresAt } =
      row;
    const limits = { purpose, trustedOnly, budgetPoints, restoredPerSecond };
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    const checked = check(keyItem, { name, role, scopes, partner, ...limits, expiresAt, ...given });
    if ("refusal" in checked) return checked;
    const { value } = checked;
    const refusal =
      whyNotChange(row) ??
      whyNotExpire(changes.expiresAt, Date.now()) ??
      whyNotGrant(caller, row) ?? // who may do less than a key does not decide what that one may do
      whyNotGrant(caller, value);
    return refusal ? { refusal } : { apiKey: await updateApiKeyRow(tx, id, value) };
  });
}

/** Ends a key for good; its sockets are closed within about a second. Safe to repeat. Refuses NOT_FOUND. */
export function revokeApiKey(
  database: Database,
  caller: Caller,
  id: Id<"apiKey">,
): Promise<Changed | Refused> {
  return changing(database, caller, id, async (tx, row) => ({ apiKey: (await markRevoked(tx, id)) ?? row }));
}

/** All keys that are let in, or all that ever were, the newest first. */
export function listApiKeys(database: Database, withEnded: boolean): Promise<ApiKeyRow[]> {
  return database.transaction((tx) => selectAllApiKeys(tx, withEnded));
}

const notFound: Refused = { refusal: { code: "NOT_FOUND", field: "id", message: "There is no such key." } };

/** The row lock makes changes of one key follow each other. A key that the caller does not see is not there. */
function changing<T>(
  database: Database,
  caller: Caller,
  id: Id<"apiKey">,
  change: (tx: Tx, row: ApiKeyRow) => Promise<T>,
): Promise<T | Refused> {
  return database.transaction(async (tx) => {
    const row = await lockApiKey(tx, id);
    return row && isSeenBy(caller, row) ? change(tx, row) : notFound;
  });
}
