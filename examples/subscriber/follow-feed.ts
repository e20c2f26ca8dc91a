import { type Client, createClient } from "graphql-ws";
import { WebSocket } from "ws";

/** One event as the feed delivers it. `(customerId, seq)` is never given twice: it is the key to drop repeats by. */
export interface FeedEvent {
  cursor: string;
  type: string;
  occurredAt: string;
  customerId: string;
  subjectId: string | null;
  seq: number;
}

export interface FeedBatch {
  /** Place after the last of the events: keep it once they are dealt with, and give it back to go on. */
  cursor: string;
  events: FeedEvent[];
}

export interface FollowOptions {
  /** Addresses of GraphQL over HTTP, one or several nodes; after a break it goes on at the next. */
  urls: readonly string[];
  key: string;
  /** Everything after this place; null: from the first connection on. */
  after: string | null;
  /** Deals with a batch. Only when it has, the place moves on: what it throws ends the following. */
  onBatch(batch: FeedBatch, connection: number): void | Promise<void>;
  /** A connection stands; the first is number 1. */
  onConnected?(url: string, connection: number): void;
  /** A connection has ended, or could not be made. It will be tried again after the pause. */
  onBroken?(why: string, pauseMs: number): void;
  signal: AbortSignal;
}

/** The place cannot be kept, or the key is not let in: trying again would not help. */
export class CannotFollow extends Error {}

class NotDealtWith extends Error {}

/** A server that accepts a connection and then says nothing is not waited for. */
class ImpatientSocket extends WebSocket {
  constructor(address: string, protocols: string | string[]) {
    super(address, protocols, { handshakeTimeout: pingMs, perMessageDeflate: false });
  }
}

const document = `subscription ($after: Cursor) {
  events(after: $after) { cursor events { cursor type occurredAt customerId subjectId seq } }
}`;

/** The first pause after a break; the next ones double. Many clients lose one server at once: chance keeps them apart. */
const firstPauseMs = 100;
const longestPauseMs = 5_000;
/** A quiet connection is asked whether it still stands; without an answer in the same time it is given up. */
const pingMs = 5_000;
/** Codes of answers that stay the same however often they are asked for. */
const finalCodes = new Set([
  "BAD_CURSOR",
  "CURSOR_AHEAD",
  "CURSOR_EPOCH",
  "CURSOR_EXPIRED",
  "FORBIDDEN",
  "GRAPHQL_VALIDATION_FAILED",
]);
/** Not let in: no key, a wrong one, or one that has been revoked. */
const finalCloseCodes = new Set([4401, 4403]);

/**
 * Follows the feed until the signal, whatever happens to connections and servers meanwhile. Delivery is at least once:
 * after a break the events since the last finished batch come again. Rejects with CannotFollow.
 */
export async function followFeed(options: FollowOptions): Promise<void> {
  const { urls, signal } = options;
  let after = options.after;
  let connections = 0;
  let failures = 0;
  for (let turn = 0; !signal.aborted; turn++) {
    const url = urls[turn % urls.length] as string;
    let why = "the server ended the stream";
    try {
      await followOnce(url, after, options, {
        connected: () => options.onConnected?.(url, ++connections),
        async batch(batch) {
          await dealWith(() => options.onBatch(batch, connections));
          after = batch.cursor;
          failures = 0;
        },
      });
    } catch (error) {
      if (error instanceof NotDealtWith) throw error.cause;
      why = wordsOf(error);
      if (isFinal(error)) throw new CannotFollow(why);
    }
    if (signal.aborted) return;
    const pauseMs = Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** failures++);
    options.onBroken?.(why, Math.round(pauseMs));
    await pause(pauseMs, signal);
  }
}

async function dealWith(work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new NotDealtWith("a batch was not dealt with", { cause });
  }
}

async function followOnce(
  url: string,
  after: string | null,
  { key, signal }: FollowOptions,
  hear: { connected(): void; batch(batch: FeedBatch): Promise<void> },
): Promise<void> {
  const client = createPingingClient(url, key, hear.connected);
  const leave = () => client.terminate();
  signal.addEventListener("abort", leave);
  const results = client.iterate<{ events: FeedBatch }>({ query: document, variables: { after } });
  try {
    for await (const { data, errors } of results) {
      if (errors || !data) throw errors ?? new Error("an answer without data");
      await hear.batch(data.events);
      if (signal.aborted) return;
    }
  } finally {
    signal.removeEventListener("abort", leave);
    client.terminate();
  }
}

/** A network that breaks without a word is noticed only by asking. */
function createPingingClient(url: string, key: string, onConnected: () => void): Client {
  let unanswered: NodeJS.Timeout | undefined;
  const client = createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl: ImpatientSocket,
    connectionParams: { authorization: `Bearer ${key}` },
    retryAttempts: 0,
    keepAlive: pingMs,
    connectionAckWaitTimeout: pingMs,
    on: {
      connected: onConnected,
      ping: (received) => {
        if (!received) unanswered = setTimeout(() => client.terminate(), pingMs);
      },
      pong: (received) => {
        if (received) clearTimeout(unanswered);
      },
      closed: () => clearTimeout(unanswered),
    },
  });
  return client;
}

function isFinal(error: unknown): boolean {
  if (Array.isArray(error)) return error.some(({ extensions }) => finalCodes.has(extensions?.code));
  return finalCloseCodes.has((error as { code?: unknown })?.code as number);
}

/** What graphql-ws throws is an error, a list of GraphQL errors, or how the socket closed. */
function wordsOf(error: unknown): string {
  if (Array.isArray(error))
    return error.map(({ message, extensions }) => `${extensions?.code}: ${message}`).join("; ");
  const { code, reason, message, error: inner } = error as Record<string, string | number | undefined>;
  if (typeof code === "number") return `closed with ${code} ${reason ?? ""}`.trim();
  return String(message || (inner as { code?: string } | undefined)?.code || error);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
