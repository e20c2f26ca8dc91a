import { setTimeout as wait } from "node:timers/promises";
import { askAny } from "./ask.js";

const askAgainMs = 1_000;

/**
 * A place to begin at. Without one, what happens between a first connection that breaks and the second would be missed; so it
 * is asked for before: that of the customer who changed last. Waits until there is a customer.
 */
export async function presentPlace(
  urls: readonly string[],
  key: string,
  signal: AbortSignal,
): Promise<string> {
  for (;;) {
    const { customers } = await askAny<{ customers: { nodes: { liveCursor: string }[] } }>(
      urls,
      key,
      "{ customers(first: 1, sort: [{ field: UPDATED_AT, order: DESC }]) { nodes { liveCursor } } }",
    );
    if (customers.nodes[0]) return customers.nodes[0].liveCursor;
    await wait(askAgainMs, undefined, { signal });
  }
}
