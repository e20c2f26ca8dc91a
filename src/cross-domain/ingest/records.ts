import { recordConsents } from "../../domains/consent/consent.actions.js";
import { upsertProfiles } from "../../domains/customers/profile.actions.js";
import type { Recorded, WriteServices } from "../../domains/customers/recording.rules.js";
import { recordFeedback } from "../../domains/feedback/feedback.actions.js";
import { recordInteractions } from "../../domains/interactions/interaction.actions.js";
import { recordLoyaltyEntries } from "../../domains/loyalty/loyalty.actions.js";
import { recordPurchases } from "../../domains/purchases/purchase.actions.js";
import { recordTicketEvents } from "../../domains/tickets/ticket.actions.js";
import type { IdKind } from "../../platform/ids.js";

type Action = (
  services: WriteServices,
  source: string,
  items: readonly unknown[],
) => Promise<Recorded<IdKind>[]>;

/** What can be imported, and the action that takes it: the same one that the batch mutation calls. */
export const records = {
  purchases: recordPurchases,
  ticketEvents: recordTicketEvents,
  interactions: recordInteractions,
  profiles: upsertProfiles,
  loyaltyEntries: recordLoyaltyEntries,
  feedback: recordFeedback,
  consents: recordConsents,
} as const satisfies Record<string, Action>;

export type RecordName = keyof typeof records;
export const recordNames = Object.keys(records) as [RecordName, ...RecordName[]];
