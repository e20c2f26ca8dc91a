import type { IncomingMessage, ServerResponse } from "node:http";
import { Counter, Registry } from "prom-client";
import type { Authenticate } from "../platform/access/caller.js";
import { presentedKey } from "./presented-key.js";
import { refuse } from "./refusals.js";

/** Figures of this node in the text format of Prometheus. They name fields of the schema, never data. */
export interface Metrics {
  /** A query was answered by one compiled statement. */
  compiled(): void;
  /** A query went to the resolvers, and why. */
  resolved(reason: string): void;
  text(): Promise<string>;
  /** For figures of other parts of the node. */
  readonly registry: Registry;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const queries = new Counter({
    name: "customer360_queries_total",
    help: "Queries over HTTP by how they were read: one compiled statement, or resolvers and why.",
    labelNames: ["read", "reason"],
    registers: [registry],
  });
  const compiled = queries.labels({ read: "compiled", reason: "" });
  return {
    compiled: () => compiled.inc(),
    resolved: (reason) => queries.inc({ read: "resolvers", reason }),
    text: () => registry.metrics(),
    registry,
  };
}

export const metricsPath = "/metrics";

/** Serves the figures to whoever holds a key of the company: they tell places in the event log. */
export function createMetricsPage(metrics: Metrics, identify: Authenticate) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if ((request.url ?? "").split("?")[0] !== metricsPath) return false;
    const answer = async () => {
      const caller = await identify(presentedKey(request.headers));
      if (!caller) return refuse(response, 401, "UNAUTHENTICATED", "Send a valid key.");
      if (caller.partner) return refuse(response, 403, "FORBIDDEN", "Figures are not for partners.");
      const text = await metrics.text();
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text);
    };
    answer().catch(() => refuse(response, 503, "UNAVAILABLE", "Figures cannot be given just now."));
    return true;
  };
}
