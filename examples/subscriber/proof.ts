import { askAny } from "./ask.js";
import { followFeed } from "./follow-feed.js";
import { Ledger } from "./ledger.js";

export interface Proof {
  /** Lines to print. */
  lines: string[];
  holds: boolean;
}

export interface Received {
  ledger: Ledger;
  connections: number;
  /** Where the following began. */
  after: string;
  /** The last number delivered of each customer. */
  lastSeqs: ReadonlyMap<string, number>;
}

interface Server {
  urls: readonly string[];
  key: string;
}

/** How long the log is read for comparison. */
const pullTimeoutMs = 60_000;
/** Ids in one `nodes` query. */
const idsAtOnce = 100;

/**
 * Compares what was received live, over all breaks, with the log read once more in one go from the same place, and with the
 * numbers that the customers' rows hold.
 */
export async function prove(server: Server, received: Received): Promise<Proof> {
  const { ledger, connections } = received;
  const lines = [
    `delivered    ${ledger.delivered} events of ${ledger.customers} customers`,
    `duplicates   ${ledger.duplicates} dropped after resumes, ${ledger.doubled} without one`,
    `gaps         ${ledger.gaps}`,
    `reconnects   ${Math.max(0, connections - 1)}`,
    ...ledger.flaws.map(
      (flaw) => `  ${flaw.kind}: ${flaw.customerId} had ${flaw.seq} for ${flaw.expectedSeq}`,
    ),
  ];
  let holds = ledger.gaps === 0 && ledger.doubled === 0;
  if (ledger.last) {
    const log = await pullLog(server, received.after, ledger);
    const same = log.digest() === ledger.digest();
    const behind = await storedLess(server, received.lastSeqs);
    lines.push(
      `log          ${log.delivered} events, ${same ? "the same in the same order" : "NOT the same"}`,
      `stored       ${behind === 0 ? "every customer's number reaches what was delivered" : `${behind} customers' numbers are BELOW what was delivered`}`,
    );
    holds &&= same && behind === 0;
  }
  lines.push(holds ? "nothing missed, nothing doubled" : "THE PROOF FAILED");
  return { lines, holds };
}

/** The log from the same place up to the event received last. */
async function pullLog({ urls, key }: Server, after: string, { last }: Ledger): Promise<Ledger> {
  const log = new Ledger();
  const done = new AbortController();
  const timer = setTimeout(() => done.abort(), pullTimeoutMs);
  await followFeed({
    urls,
    key,
    after,
    signal: done.signal,
    onBatch({ events }) {
      for (const event of events) {
        if (done.signal.aborted) return;
        log.take(event);
        if (event.customerId === last?.customerId && event.seq === last.seq) done.abort();
      }
    },
  });
  clearTimeout(timer);
  return log;
}

/** How many customers' rows know of fewer events than were delivered. Merged ones are told by their last event. */
async function storedLess({ urls, key }: Server, lastSeqs: ReadonlyMap<string, number>): Promise<number> {
  const ids = [...lastSeqs.keys()];
  let less = 0;
  for (let from = 0; from < ids.length; from += idsAtOnce) {
    const { nodes } = await askAny<{ nodes: ({ id: string; seq: number } | null)[] }>(
      urls,
      key,
      "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { id seq } } }",
      { ids: ids.slice(from, from + idsAtOnce) },
    );
    // An id that was merged into another answers with that one.
    for (const node of nodes) if (node && node.seq < (lastSeqs.get(node.id) ?? 0)) less++;
  }
  return less;
}
