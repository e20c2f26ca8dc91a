import { getTableConfig, type PgTable } from "drizzle-orm/pg-core";
import { apiKeys, budgets } from "#schema/access.js";
import { sources } from "#schema/customers.js";
import { feedHead } from "#schema/events.js";
import { idempotentRequests } from "#schema/idempotency.js";
import { importRuns, recordClaims } from "#schema/ingest.js";
import { channels } from "#schema/interactions.js";
import { loyaltyTiers, rewards } from "#schema/loyalty.js";
import { privacyRequests, signingKeys, suppressionSecrets, suppressions } from "#schema/privacy.js";
import { webhookDeliveries, webhooks } from "#schema/webhooks.js";
import { personalAudit } from "../../domains/audit/privacy.queries.js";
import { personalConsents } from "../../domains/consent/privacy.queries.js";
import {
  personalCustomers,
  personalIdentityClaims,
  personalProfiles,
} from "../../domains/customers/privacy.queries.js";
import { personalFeedback } from "../../domains/feedback/privacy.queries.js";
import { personalInteractions } from "../../domains/interactions/privacy.queries.js";
import { personalLoyalty } from "../../domains/loyalty/privacy.queries.js";
import { personalPurchases } from "../../domains/purchases/privacy.queries.js";
import { personalTickets } from "../../domains/tickets/privacy.queries.js";
import { personalEvents } from "../../platform/events/personal-events.js";
import type { PersonalTable } from "../../platform/privacy/personal-table.js";

const requests: PersonalTable = {
  table: privacyRequests,
  customer: privacyRequests.customerId,
  exported: "privacyRequests",
  erased: {
    not: "The receipt: who asked for what, when, and how many rows went. It holds nothing personal.",
  },
};

/** Who is known and found: once this is gone, and committed, nobody writes to the person any more. */
const entrance: readonly PersonalTable[] = [personalCustomers, personalIdentityClaims];

/**
 * Everything known of customers. An erasure goes through it in this order: first nobody can be found or written to any
 * more, then rows go before those they point at, then the log is blanked.
 */
export const personalTables: readonly PersonalTable[] = [
  ...entrance,
  ...childrenFirst([
    ...personalProfiles,
    ...personalInteractions,
    ...personalPurchases,
    ...personalLoyalty,
    ...personalTickets,
    ...personalFeedback,
    ...personalConsents,
  ]),
  personalEvents,
  requests,
  personalAudit,
];

/** Where the tables behind the entrance begin. */
export const behindEntrance = entrance.length;

/** Tables of which no row is about one customer, and why that is so. A table that stands on neither list fails the tests. */
export const otherTables: ReadonlyMap<PgTable, string> = new Map<PgTable, string>([
  [budgets, "What callers may still spend: figures."],
  [
    idempotentRequests,
    "Answers of mutations, sealed, so that nobody can tell whom they speak of: each erasure forgets all of them.",
  ],
  [apiKeys, "Keys of programs and of the people who run them, not of customers."],
  [channels, "Reference data."],
  [feedHead, "One row about the whole feed."],
  [
    importRuns,
    "About whole files. Their names are the operator's: docs/privacy.md asks to keep people out of them.",
  ],
  [loyaltyTiers, "Reference data."],
  [recordClaims, "Goes with the record that it claims; exported as that record's source and sourceRef."],
  [rewards, "Reference data."],
  [signingKeys, "Keys of this installation."],
  [sources, "Systems, not people."],
  [
    webhookDeliveries,
    "Which event goes to which endpoint, and how often it was tried; nothing of what it says.",
  ],
  [webhooks, "Endpoints of integrators."],
  [suppressionSecrets, "Secrets of this installation."],
  [suppressions, "Digests that nobody reads a name back from; they are what keeps an erased person away."],
]);

/** Tables before those that they point at. */
function childrenFirst(tables: readonly PersonalTable[]): PersonalTable[] {
  const ordered: PersonalTable[] = [];
  const place = (own: PersonalTable) => {
    if (ordered.includes(own)) return;
    for (const child of tables) if (child !== own && pointsAt(child, own)) place(child);
    ordered.push(own);
  };
  for (const table of tables) place(table);
  return ordered;
}

function pointsAt(child: PersonalTable, parent: PersonalTable): boolean {
  return getTableConfig(child.table).foreignKeys.some((key) => key.reference().foreignTable === parent.table);
}
