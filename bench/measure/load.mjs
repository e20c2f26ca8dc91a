import autocannon from "autocannon";

// The load, in a process of its own: one message per shot, one answer per message. Every connection has customers of
// its own to ask for, and begins again when it has asked for all.

/** How often autocannon looks whether all is answered. */
const sampleMs = 20;

process.on("message", async ({ url, headers, bodies, connections, seconds, requests }) => {
  let started = 0;
  let lastAnswerAt = 0;
  const begin = performance.now();
  const load = autocannon({
    url,
    method: "POST",
    headers,
    connections,
    sampleInt: sampleMs,
    ...(requests ? { amount: requests } : { duration: seconds }),
    setupClient(client) {
      const share = Math.ceil(bodies.length / connections);
      const from = share * started++;
      client.setRequests(bodies.slice(from, from + share).map((body) => ({ body })));
    },
  });
  load.on("response", () => {
    lastAnswerAt = performance.now();
  });
  const result = await load;
  process.send({
    answered: result["2xx"],
    sent: result.requests.sent,
    failed: result.non2xx + result.errors + result.timeouts,
    seconds: (lastAnswerAt - begin) / 1_000,
    p50: result.latency.p50,
    p99: result.latency.p99,
    bytes: result.throughput.total / result.requests.total,
  });
});
process.on("disconnect", () => process.exit());
