import { counters, gauges } from "./feed-metrics.js";
import type { Connections } from "./live/connections.js";
import type { Hub } from "./live/hub.js";
import type { Metrics } from "./metrics.js";

/** What live connections cost this node, and whom it has sent away, read when somebody asks. */
export function watchLive({ registry }: Metrics, connections: Connections, hub: Hub): void {
  const gauge = gauges(registry);
  gauge("live_connections", "Live connections, whatever the transport.", () => connections.count);
  gauge("live_subscriptions", "Subscriptions that run on them.", () => hub.followerCount);
  gauge("live_buffered_bytes", "Written to clients that have not taken it.", () => connections.bufferedBytes);
  const ended = "Connections that the server ended or did not let in, by why.";
  counters(registry, "live_ended_total", ended, "why", () => ({ ...connections.ended }));
}
