import { recordConsents } from "../../domains/consent/consent.actions.js";
import { upsertProfiles } from "../../domains/customers/profile.actions.js";
import type { WriteServices } from "../../domains/customers/recording.rules.js";
import { defineSources } from "../../domains/customers/source.actions.js";
import { recordFeedback } from "../../domains/feedback/feedback.actions.js";
import { recordInteractions } from "../../domains/interactions/interaction.actions.js";
import { recordLoyaltyEntries } from "../../domains/loyalty/loyalty.actions.js";
import { defineRewards } from "../../domains/loyalty/programme.actions.js";
import { recordPurchases } from "../../domains/purchases/purchase.actions.js";
import { recordTicketEvents } from "../../domains/tickets/ticket.actions.js";
import type { Refusal } from "../../platform/errors.js";
import { finishImportRun, saveProgress } from "../ingest/import-run.queries.js";
import { rewards } from "./catalogue.js";
import { type DemoBatch, demoDataset, demoSeed } from "./dataset.js";
import { openDemoRun } from "./demo-run.queries.js";
import { startOfDay } from "./moments.js";
import { demoSources } from "./sources.js";

interface Outcome {
  outcome: "RECORDED" | "DUPLICATE" | "REJECTED";
  error: Refusal | null;
}
type RecordItems = (services: WriteServices, source: string, items: readonly unknown[]) => Promise<Outcome[]>;

/** The actions behind the mutations: what they promise, the demonstration data has. */
export const recordDomain = {
  profiles: upsertProfiles,
  interactions: recordInteractions,
  purchases: recordPurchases,
  loyaltyEntries: recordLoyaltyEntries,
  ticketEvents: recordTicketEvents,
  feedback: recordFeedback,
  consents: recordConsents,
} satisfies { [domain in DemoBatch["domain"]]: RecordItems };

export interface DemoLoad {
  /** FOREIGN: the database held other data, and nothing was loaded. STOPPED: the signal ended it; another call goes on. */
  outcome: "LOADED" | "ALREADY_LOADED" | "FOREIGN" | "STOPPED";
  /** Up to which instant the data goes; null when FOREIGN. */
  until: string | null;
}

export interface LoadOptions {
  seed?: number;
  signal?: AbortSignal;
  onProgress?(itemsDone: number, itemsTotal: number): void;
}

/**
 * Loads the demonstration data into a database without customers. An interrupted load goes on where it stopped, with data
 * that still ends on the day it began: batches that were recorded meanwhile are duplicates. Throws when an item is refused.
 */
export async function loadDemo(services: WriteServices, options: LoadOptions = {}): Promise<DemoLoad> {
  const { seed = demoSeed, signal, onProgress } = options;
  const { database } = services;
  const run = await openDemoRun(database, seed);
  if (!run) return { outcome: "FOREIGN", until: null };
  const until = startOfDay(run.startedAt);
  if (run.finishedAt) return { outcome: "ALREADY_LOADED", until };
  await database.transaction(async (tx) => {
    await defineSources(tx, demoSources);
    await defineRewards(tx, rewards);
  });
  const batches = demoDataset(until, seed);
  const total = batches.reduce((sum, { items }) => sum + items.length, 0);
  let done = 0;
  for (const batch of batches) {
    if (signal?.aborted) return { outcome: "STOPPED", until };
    const end = done + batch.items.length;
    if (end > run.linesDone) {
      await recordBatch(services, batch);
      await saveProgress(database, run.id, end);
    }
    done = end;
    onProgress?.(done, total);
  }
  await finishImportRun(database, run.id);
  return { outcome: "LOADED", until };
}

async function recordBatch(services: WriteServices, { domain, source, items }: DemoBatch): Promise<void> {
  const record: RecordItems = recordDomain[domain];
  const results = await record(services, source, items);
  const refused = results.findIndex(({ outcome }) => outcome === "REJECTED");
  if (refused < 0) return;
  const { error } = results[refused] as Outcome;
  throw new Error(`Demonstration data is broken: ${domain} of ${source}, ${error?.code} in ${error?.field}`);
}
