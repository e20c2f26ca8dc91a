import { Counter, Gauge, type Registry } from "prom-client";
import type { FastPath } from "../cross-domain/live/fast-path.js";
import type { Feed } from "../cross-domain/live/feed.js";
import { selectPendingSeconds } from "../cross-domain/live/sequencer.queries.js";
import type { Database } from "../platform/database/database.js";
import type { Metrics } from "./metrics.js";

export interface FeedParts {
  database: Database;
  feed: Feed;
  leading(): boolean;
}

/** How long the figures wait for the database. */
const answerMs = 1_000;

/** How the live feed does on this node, read when somebody asks. What to watch is in docs/live.md. */
export function watchFeed({ registry }: Metrics, { database, feed, leading }: FeedParts) {
  const gauge = gauges(registry);
  gauge("feed_head", "Last position of the feed that this node has read.", () => feed.status.head);
  gauge("feed_lag_seconds", "For how long this node has known of events that it has not read.", () =>
    seconds(feed.status.lagMs),
  );
  gauge("feed_hole_seconds", "For how long this node has waited for an event that later ones follow.", () =>
    seconds(feed.status.holeMs),
  );
  gauge("feed_pending_seconds", "Age of the oldest committed event without a place in the feed.", () =>
    soon(selectPendingSeconds(database.read)),
  );
  gauge("feed_leader", "1 on the node that gives events their place in the feed.", () => Number(leading()));
  gauge("feed_waiters", "Streams that wait for news.", () => feed.status.waiters);
  counters(registry, "feed_reads_total", "Statements on the event log, by who sent them.", "by", () => ({
    ...feed.status.reads,
  }));
  counters(registry, "feed_events_total", "Events this node has read, by the way they came.", "from", () => ({
    ...feed.status.events,
  }));
  if (feed.fastPath) watchBroker(registry, feed.fastPath);
  const removed = new Counter({
    name: "customer360_events_removed_total",
    help: "Events that this node removed because they were older than EVENT_RETENTION_DAYS.",
    registers: [registry],
  });
  return { removed: (events: number) => removed.inc(events) };
}

function watchBroker(registry: Registry, path: FastPath): void {
  gauges(registry)("broker_connected", "1 while the broker of NATS_URL is connected.", () =>
    Number(path.connected),
  );
  const received = "Messages of other nodes, by what became of them.";
  counters(registry, "broker_received_total", received, "outcome", () => ({ ...path.messages }));
  const sent = "Messages to other nodes; failed: the broker was away or did not keep up.";
  counters(registry, "broker_sent_total", sent, "outcome", () => ({
    sent: path.sent.messages,
    failed: path.sent.failed,
  }));
  const missed = "Times that the broker did not bring an event in time, so that the log was read.";
  counters(registry, "broker_missed_total", missed, "what", () => ({ event: path.missed }));
}

export function gauges(registry: Registry) {
  return (name: string, help: string, read: () => number | Promise<number>): void => {
    new Gauge({
      name: `customer360_${name}`,
      help,
      registers: [registry],
      async collect() {
        this.set(await read());
      },
    });
  };
}

/** Counts that somebody else keeps. */
export function counters(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  read: () => Record<string, number>,
): void {
  new Counter({
    name: `customer360_${name}`,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count);
    },
  });
}

/** The figures are wanted most while the database does not answer: then this one is no number. */
function soon(figure: Promise<number>): Promise<number> {
  return new Promise((resolve) => {
    const none = () => resolve(Number.NaN);
    const timer = setTimeout(none, answerMs);
    figure.then(resolve, none).finally(() => clearTimeout(timer));
  });
}

function seconds(ms: number): number {
  return Math.round(ms) / 1_000;
}
