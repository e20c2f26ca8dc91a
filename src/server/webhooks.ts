import type { GraphQLSchema } from "graphql";
import type { Feed } from "../cross-domain/live/feed.js";
import {
  askNameServers,
  askSystem,
  guardedLookup,
  type Resolve,
} from "../cross-domain/webhooks/addresses.js";
import { WebhookWorker } from "../cross-domain/webhooks/worker.js";
import type { WebhookServices } from "../domains/webhooks/webhook.actions.js";
import { createKeyOwners } from "../platform/access/key-owners.js";
import type { Logger } from "../platform/log.js";
import { faultOf } from "../platform/log.js";
import { createWebhookDocuments, type DocumentServices } from "./webhook-documents.js";

export interface WebhookOptions {
  /** http and addresses that are not public are taken: for tests and development. */
  allowPrivate: boolean;
  /** For everything that one attempt does. */
  timeoutMs?: number;
  /** Waits between attempts, Standard Webhooks' when left out. */
  waitsMs?: readonly number[];
  pollMs?: number;
  /** How names are found. */
  resolve?: Resolve;
}

/** Standard Webhooks recommends 15 to 30 seconds. */
const defaultTimeoutMs = 15_000;

/** What webhooks offer to the API, and the worker that sends them. */
export function startWebhooks(
  services: DocumentServices & { schema: GraphQLSchema; feed: Feed; logger: Logger; hasAdmin: boolean },
  options: WebhookOptions,
): WebhookServices["webhooks"] & { stop(): Promise<void> } {
  const { database, feed, logger, hasAdmin } = services;
  const { allowPrivate, timeoutMs = defaultTimeoutMs, waitsMs, pollMs } = options;
  const documents = createWebhookDocuments(services);
  const owners = createKeyOwners(database.read, hasAdmin);
  const resolve = options.resolve ?? (allowPrivate ? askSystem : askNameServers);
  const worker = new WebhookWorker(
    {
      database,
      feed,
      documents,
      owners,
      lookup: guardedLookup(resolve, allowPrivate),
      allowPrivate,
      timeoutMs,
      retry: waitsMs ? { waitsMs } : {},
      onFault: (error) => logger.error(faultOf(error), "webhooks"),
    },
    pollMs,
  );
  return {
    refusalOf: documents.refusalOf,
    owners,
    allowPrivate,
    poke: () => worker.poke(),
    stop: () => worker.stop(),
  };
}
