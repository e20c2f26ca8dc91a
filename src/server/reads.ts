import { liveReads } from "../cross-domain/live/live.reads.js";
import { timelineReads } from "../cross-domain/timeline/timeline.reads.js";
import { consentReads } from "../domains/consent/consent.queries.js";
import { customerReads } from "../domains/customers/customer.queries.js";
import { feedbackReads } from "../domains/feedback/feedback.queries.js";
import { interactionReads } from "../domains/interactions/interaction.queries.js";
import { loyaltyReads } from "../domains/loyalty/loyalty.queries.js";
import { purchaseReads } from "../domains/purchases/purchase.queries.js";
import { purchaseReturnReads } from "../domains/purchases/purchase-return.queries.js";
import { ticketReads } from "../domains/tickets/ticket.queries.js";
import { webhookReads } from "../domains/webhooks/webhook.queries.js";
import type { Reads, TypeReads } from "../platform/reads/reads.js";

/** The one place that lists how the domains' fields are read. Several may speak of one type: each has its own edges. */
const ofDomains: readonly Reads[] = [
  customerReads,
  interactionReads,
  purchaseReads,
  purchaseReturnReads,
  loyaltyReads,
  ticketReads,
  feedbackReads,
  consentReads,
  liveReads,
  timelineReads,
  webhookReads,
];

export const reads: Reads = ofDomains.reduce<Record<string, TypeReads>>((all, own) => {
  for (const [type, fields] of Object.entries(own)) all[type] = { ...all[type], ...fields };
  return all;
}, {});
