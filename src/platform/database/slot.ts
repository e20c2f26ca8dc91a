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
 * When the server has answered on none of the connections that one may use for this long, it stands still for them: waiting
 * for one of these is refused after this time instead of `waitMs`. With the look it stays below a second.
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

/** Whether nothing moves on whatever a caller may wait for: the connections that it has, or all that there may be. */
export function standsStill(slots: ReadonlySet<Slot>, caller: CallerId, size: number): boolean {
  const bound = caller && hasItsShare(slots, caller, size) ? caller : null;
  if (!bound && slots.size < size) return false;
  for (const slot of slots) if ((!bound || slot.usersOf.has(bound)) && !isStill(slot)) return false;
  return true;
}

/** A caller takes a place on it, or gives one back. */
export function count({ usersOf }: Slot, caller: string, change: 1 | -1): void {
  const users = (usersOf.get(caller) ?? 0) + change;
  if (users > 0) usersOf.set(caller, users);
  else usersOf.delete(caller);
}
