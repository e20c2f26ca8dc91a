/** How long clients that say or take nothing are waited for. */
export interface Patience {
  /** How often a connection is looked after: it gets a sign of life, and is found stuck or gone. */
  keepAliveMs: number;
  /** How long a client may take nothing of what waits for it. */
  maxStuckMs: number;
}

export const defaultPatience: Patience = { keepAliveMs: 12_000, maxStuckMs: 60_000 };
