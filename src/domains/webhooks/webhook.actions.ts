import { randomBytes } from "node:crypto";
import { z } from "zod";
import { eventType } from "#schema/events.js";
import type { WebhookRow } from "#schema/webhooks.js";
import type { Caller } from "../../platform/access/caller.js";
import { type KeyOwner, type KeyOwners, ownerOf } from "../../platform/access/key-owners.js";
import type { Database, Tx } from "../../platform/database/database.js";
import type { Refusal } from "../../platform/errors.js";
import { type Id, newId } from "../../platform/ids.js";
import { check, code, oneOf, optional, shortText } from "../../platform/input.js";
import { isStorable } from "../../platform/text.js";
import { discardPending } from "./delivery.queries.js";
import {
  activateWebhook,
  countWebhooksOf,
  deleteWebhookRow,
  insertWebhook,
  lockOwner,
  lockWebhook,
  replaceSecret,
  selectWebhook,
  updateWebhookRow,
} from "./webhook.queries.js";
import { whyNotUrl } from "./webhook.rules.js";

/** What registering webhooks needs from the process. */
export interface WebhookServices {
  database: Database;
  webhooks: {
    /** What is wrong with a document that this caller wants run for events; null when nothing is. */
    refusalOf(document: string, caller: Caller): Promise<Refusal | null>;
    owners: KeyOwners;
    /** Whether http and addresses that are not public are taken: for tests and development. */
    allowPrivate: boolean;
    /** Deliveries may have become due. */
    poke(): void;
  };
}

/** Webhooks of one key: each event costs a rendering and a request for each of them. */
export const maxWebhooksPerKey = 50;
/** How long the secret before the present one signs too: a working day with its night, to change a receiver over. */
const secretOverlapMs = 24 * 60 * 60 * 1_000;
/** Standard Webhooks asks for 24 to 64. */
const secretBytes = 32;
/** Deliveries discarded in one transaction. */
const discardedAtOnce = 5_000;

/** Sent for every event when no document is given: what happened, to whom, and where in the order; no personal data. */
export const defaultDocument = `subscription {
  events { events { id type customerId subjectId seq occurredAt recordedAt } }
}`;

type Refused = { refusal: Refusal };
type Changed = { webhook: WebhookRow } | Refused;

const types = z
  .array(oneOf(eventType.enumValues))
  .min(1, code("REQUIRED", "must name a type"))
  .transform((named) => [...new Set(named)])
  .nullish();
const documentText = z.string().refine(isStorable, code("INVALID_TEXT", "holds a NUL or a lone surrogate"));
// The document's own bounds are those of every document.
const newWebhook = z.strictObject({
  url: z.string(),
  description: optional(shortText),
  document: optional(documentText),
  types,
});
const changes = z.strictObject({
  url: z.string().optional(),
  description: shortText.nullish(),
  document: documentText.optional(),
  types,
});

/** Refuses KEY_REQUIRED, TOO_MANY_WEBHOOKS, a bad address, and a document that its caller may not run. */
export async function createWebhook(
  services: WebhookServices,
  caller: Caller,
  input: object,
): Promise<{ webhook: WebhookRow; secret: string } | Refused> {
  const checked = check(newWebhook, input);
  if ("refusal" in checked) return checked;
  const { value } = checked;
  const keyId = ownerOf(caller);
  if (keyId === undefined) return { refusal: keyRequired };
  const document = value.document ?? defaultDocument;
  const refusal =
    whyNotUrl(value.url, services.webhooks.allowPrivate) ??
    (await services.webhooks.refusalOf(document, caller));
  if (refusal) return { refusal };
  const secret = newSecret();
  const made = await services.database.transaction(async (tx) => {
    await lockOwner(tx, keyId);
    if ((await countWebhooksOf(tx, keyId)) >= maxWebhooksPerKey) return { refusal: tooMany };
    const row = { ...value, types: value.types ?? null, document, secret, keyId, id: newId("webhook") };
    return { webhook: await insertWebhook(tx, row), secret };
  });
  if ("webhook" in made) services.webhooks.poke();
  return made;
}

/** A new document must be one that the webhook's owner may run, whoever changes it. */
export async function updateWebhook(
  services: WebhookServices,
  caller: Caller,
  { id, ...input }: { id: Id<"webhook"> },
): Promise<Changed> {
  const checked = check(changes, input);
  if ("refusal" in checked) return checked;
  const { value } = checked;
  const known = await selectWebhook(services.database.read, caller, id);
  if (!known) return { refusal: notFound };
  const refusal =
    (value.url === undefined ? null : whyNotUrl(value.url, services.webhooks.allowPrivate)) ??
    (value.document === undefined ? null : await documentRefusal(services, known.keyId, value.document));
  if (refusal) return { refusal };
  const webhook = await services.database.transaction((tx) => updateWebhookRow(tx, caller, id, value));
  return webhook ? { webhook } : { refusal: notFound };
}

/** Its deliveries are out of sight at once, and removed with those that have grown old. */
export function deleteWebhook({ database }: WebhookServices, caller: Caller, id: Id<"webhook">) {
  return database.transaction((tx) => deleteWebhookRow(tx, caller, id));
}

/** From now on deliveries carry two signatures, for a day; a secret before the last one no longer signs. */
export async function rotateSecret(
  { database }: WebhookServices,
  caller: Caller,
  id: Id<"webhook">,
): Promise<{ webhook: WebhookRow; secret: string } | Refused> {
  const secret = newSecret();
  const next = { secret, overlapMs: secretOverlapMs };
  const webhook = await database.transaction((tx) => replaceSecret(tx, caller, id, next));
  return webhook ? { webhook, secret } : { refusal: notFound };
}

/**
 * Goes on where the webhook stopped, or at the feed's end (`skipMissed`). Refuses KEY_REVOKED and a document that the
 * owner may no longer run, and MISSED_EVENTS where the log no longer holds what it has not seen.
 */
export async function resumeWebhook(
  services: WebhookServices,
  caller: Caller,
  { id, skipMissed }: { id: Id<"webhook">; skipMissed: boolean },
): Promise<Changed> {
  const { database } = services;
  const known = await selectWebhook(database.read, caller, id);
  if (!known) return { refusal: notFound };
  if (known.status === "ACTIVE") return { webhook: known };
  const refusal = await documentRefusal(services, known.keyId, known.document);
  if (refusal) return { refusal };
  let resumed: Changed | null;
  do resumed = await database.transaction((tx) => resumeStep(tx, caller, { id, skipMissed }));
  while (!resumed);
  services.webhooks.poke();
  return resumed;
}

/**
 * Discards a bounded number of what was missed, or resumes; null while there is more to discard. The row's lock decides
 * between callers: what another has set going meanwhile is not discarded.
 */
async function resumeStep(
  tx: Tx,
  caller: Caller,
  { id, skipMissed }: { id: Id<"webhook">; skipMissed: boolean },
): Promise<Changed | null> {
  const locked = await lockWebhook(tx, caller, id);
  if (!locked) return { refusal: notFound };
  if (locked.status === "ACTIVE") return { webhook: locked };
  if (!skipMissed && !locked.placeIsKept) return { refusal: missedEvents };
  if (skipMissed && (await discardPending(tx, id, discardedAtOnce)) === discardedAtOnce) return null;
  return { webhook: await activateWebhook(tx, id, skipMissed) };
}

async function documentRefusal({ webhooks }: WebhookServices, keyId: KeyOwner, document: string) {
  const owner = (await webhooks.owners([keyId])).get(keyId);
  return owner ? webhooks.refusalOf(document, owner) : keyRevoked;
}

/** As Standard Webhooks writes it. */
function newSecret(): string {
  return `whsec_${randomBytes(secretBytes).toString("base64")}`;
}

export const notFound = refused("NOT_FOUND", "id", "There is no webhook of yours with this id.");
const keyRequired = refused("KEY_REQUIRED", null, "A webhook belongs to an API key: make it with one.");
const keyRevoked = refused(
  "KEY_REVOKED",
  "id",
  "The key that the webhook belongs to is revoked or has expired.",
);
const tooMany = refused("TOO_MANY_WEBHOOKS", null, `A key may have at most ${maxWebhooksPerKey} webhooks.`);
const missedEvents = refused(
  "MISSED_EVENTS",
  "skipMissed",
  "Events that it has not seen are no longer kept: resume it with skipMissed, and read what it missed.",
);

function refused(code: string, field: string | null, message: string): Refusal {
  return { code, field, message };
}
