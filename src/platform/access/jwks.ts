import { createLocalJWKSet } from "jose";

/** How long the keys that were read last are taken while the issuer does not answer: its outage shall not be ours. */
const staleMs = 3_600_000;

export interface Jwks {
  fetch(url: string, options: RequestInit): Promise<Response>;
  /** Whether the issuer was asked last without success. */
  readonly failing: boolean;
}

/**
 * Reads an issuer's keys for `jose`. While that fails it answers with those it read last, and asks again after `retryMs` at
 * the earliest: however many tokens wait, a broken issuer is not asked by each.
 */
export function patientFetch(options: {
  retryMs: number;
  onFault?: ((error: unknown) => void) | undefined;
}): Jwks {
  let last: { text: string; at: number } | null = null;
  let failed: { fault: unknown; at: number } | null = null;
  return {
    get failing() {
      return failed !== null;
    },
    async fetch(url, init) {
      try {
        if (failed && Date.now() - failed.at < options.retryMs) throw failed.fault;
        last = { text: await readKeys(url, init), at: Date.now() };
        failed = null;
      } catch (fault) {
        if (fault !== failed?.fault) {
          failed = { fault, at: Date.now() };
          options.onFault?.(fault);
        }
        if (!last || Date.now() - last.at > staleMs) throw fault;
      }
      return new Response(last.text);
    },
  };
}

/** The text of the set; rejects for what is none. */
async function readKeys(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, init);
  if (response.status !== 200) throw new Error(`the issuer's keys were answered with ${response.status}`);
  const text = await response.text();
  createLocalJWKSet(JSON.parse(text));
  return text;
}
