import { z } from "zod";
import { consentPurpose, consentStatus } from "#schema/consent.js";
import type { Tx } from "../../platform/database/database.js";
import { codeText, instant, oneOf, optional, refuse, requiredText } from "../../platform/input.js";
import { compareInstants } from "../../platform/time.js";
import { recordBatch } from "../customers/recording.actions.js";
import type { Fact, Recording, WriteServices, Written } from "../customers/recording.rules.js";
import { customerReference } from "../customers/reference.rules.js";
import { unknownChannels } from "../interactions/interaction.actions.js";
import { insertConsents } from "./consent.queries.js";

/** How far the clock of a source may be ahead: more would let one wrong date outrank every later answer. */
const maxLeadMs = 24 * 3600 * 1000;

const consentItem = z
  .strictObject({
    sourceRef: requiredText,
    customer: customerReference,
    purpose: oneOf(consentPurpose.enumValues),
    channel: optional(codeText),
    status: oneOf(consentStatus.enumValues),
    expiresAt: optional(instant),
    occurredAt: instant,
  })
  .superRefine(({ occurredAt, expiresAt }, context) => {
    if (Date.parse(occurredAt) > Date.now() + maxLeadMs)
      refuse(context, "DATE_IN_FUTURE", "must not be in the future", ["occurredAt"]);
    if (expiresAt && compareInstants(expiresAt, occurredAt) <= 0)
      refuse(context, "INVALID_DATE", "must be later than occurredAt", ["expiresAt"]);
  });

type ConsentItem = z.infer<typeof consentItem>;
type ConsentFact = Fact<ConsentItem, "consent">;

const recording: Recording<ConsentItem, "consent"> = {
  record: "CONSENT",
  id: "consent",
  item: consentItem,
  refused: unknownChannels,
  write: writeConsents,
};

/** Records what customers said; see `recordBatch` for what it promises. Refuses UNKNOWN_CHANNEL, DATE_IN_FUTURE. */
export function recordConsents(services: WriteServices, source: string, items: readonly unknown[]) {
  return recordBatch(services, recording, source, items);
}

async function writeConsents(tx: Tx, source: string, facts: readonly ConsentFact[]): Promise<Written> {
  await insertConsents(
    tx,
    facts.map(({ id, customerId, profileId, item }) => ({
      id,
      customerId,
      profileId,
      source,
      sourceRef: item.sourceRef,
      purpose: item.purpose,
      channel: item.channel,
      status: item.status,
      expiresAt: item.expiresAt,
      occurredAt: item.occurredAt,
    })),
  );
  const events = facts.map(({ index, id, customerId, item }) => ({
    index,
    customerId,
    type: "CONSENT_RECORDED" as const,
    subjectId: id,
    occurredAt: item.occurredAt,
  }));
  return { events };
}
