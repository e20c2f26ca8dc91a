import type { PrivacyRequestRow } from "#schema/privacy.js";
import { type IdentityKind, normaliseIdentity } from "../../domains/customers/identity.rules.js";
import { notFound } from "../../domains/customers/reference.rules.js";
import type { Trail } from "../../platform/audit/audit-log.js";
import type { Database } from "../../platform/database/database.js";
import type { Refusal } from "../../platform/errors.js";
import { parseId } from "../../platform/ids.js";
import { identityName, type Suppressions } from "../../platform/privacy/suppressions.js";
import { openRequest, selectLastDone, selectPerson } from "./request.queries.js";
import type { PrivacyWorker } from "./worker.js";

interface PrivacyServices {
  database: Database;
  suppressions: Suppressions;
  phoneRegion: string | null;
  privacy: PrivacyWorker;
  trail: Trail | null;
}

/**
 * Opens a request about a customer, or answers the one that is open already: asking twice is asking once, by a unique
 * index. Whoever is erased already is not erased again: the answer is the receipt of then.
 */
export async function requestPrivacy(
  { database, privacy, trail }: PrivacyServices,
  kind: PrivacyRequestRow["kind"],
  customerId: string,
  requestedBy: string,
): Promise<{ request: PrivacyRequestRow } | { refusal: Refusal }> {
  const id = parseId("customer", customerId);
  if (!id)
    return {
      refusal: { code: "BAD_ID", field: "input.customerId", message: "This is no id of a customer." },
    };
  const request = await database.transaction(async (tx) => {
    const person = await selectPerson(tx, id);
    if (!person) return null;
    await trail?.changed(tx, [person.id]);
    const done = person.erasedAt && kind === "ERASE" ? await selectLastDone(tx, kind, person.id) : null;
    return done ?? (await openRequest(tx, { kind, customerId: person.id, requestedBy }));
  });
  if (!request) return { refusal: { ...notFound, field: "input.customerId" } };
  privacy.poke();
  return { request };
}

/** Lets an erased person be recorded again under one of their names: for people who come back by themselves. */
export async function liftSuppression(
  { database, suppressions, phoneRegion }: PrivacyServices,
  { kind, value }: { kind: IdentityKind; value: string },
): Promise<{ lifted: boolean } | { refusal: Refusal }> {
  const normal = normaliseIdentity(kind, value, phoneRegion ? { region: phoneRegion } : {});
  if (!normal.ok) return { refusal: { code: normal.code, field: "input.value", message: normal.message } };
  const name = identityName(kind, normal.value);
  return { lifted: await database.transaction((tx) => suppressions.lift(tx, name)) };
}
