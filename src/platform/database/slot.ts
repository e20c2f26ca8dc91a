import type { ServerConnection } from "./connection.js";

/** Who uses a connection. Work of nobody's may be on all of them. */
export type CallerId = string | null | undefined;

/** A connection of a pool. */
export interface Slot {
  connection: ServerConnection;
  users: number;
  /** How many of them each caller has. */
  usersOf: Map<string, number>;
}

/**
 * When the server has answered on none of all the pool's connections for this long, it stands still: waiting for one of them
 * is refused after this time instead of `waitMs`. With the look it stays below a second.
 */
export const STILL_MS = 700;

export function isUsable({ connection }: Slot): boolean {
  return !connection.lost && !connection.worn;
}

export function isStill({ connection }: Slot): boolean {
  return connection.unansweredMs > STILL_MS;
}

/** Whether a caller is on all connections but one, as far as there is more than one. */
export function hasItsShare(slots: Iterable<Slot>, caller: string, size: number): boolean {
  let own = 0;
  for (const { usersOf } of slots) if (usersOf.has(caller)) own++;
  return own > 0 && own >= size - 1;
}

/** A caller takes a place on it, or gives one back. */
export function count({ usersOf }: Slot, caller: string, change: 1 | -1): void {
  const users = (usersOf.get(caller) ?? 0) + change;
  if (users > 0) usersOf.set(caller, users);
  else usersOf.delete(caller);
}
