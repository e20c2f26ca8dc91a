import type { Caller } from "../../platform/access/caller.js";
import type { Refusal } from "../../platform/errors.js";
import type { FeedEvent } from "../live/feed-event.js";
import type { Wanted } from "./wanted.js";

/** What an event looks like to a webhook: the data of its document, and errors as a client of GraphQL sees them. */
export interface Shaped {
  data: unknown;
  errors?: readonly unknown[];
}

/** Running GraphQL documents, which is done above this floor and handed in. */
export interface WebhookDocuments {
  /** What is wrong with a document that this caller wants run for events; null when nothing is. */
  refusalOf(document: string, caller: Caller): Promise<Refusal | null>;
  /** Which events a document is about; null when the schema no longer accepts it. */
  wantedBy(document: string): Wanted | null;
  /** Runs a document on an event, with what the caller may see now. Rejects when the database cannot be asked. */
  shape(document: string, event: FeedEvent, caller: Caller): Promise<Shaped | { refusal: Refusal }>;
}
