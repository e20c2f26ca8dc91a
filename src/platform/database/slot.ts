import type { Audience } from "./audience.js";
import type { ServerConnection } from "./connection.js";

/** Who uses a connection; null: nobody, who may be on all of them. */
export type Caller = string | null;

/** One use of a pool: it waits for a connection, and then has a place on it until the server has answered. */
export interface Use {
  readonly caller: Caller;
  readonly audience: Audience | undefined;
  /** When it came, then when it was given its place. */
  since: number;
  work(connection: ServerConnection): Promise<unknown>;
  resolve(result: unknown): void;
  /** Whoever waits need not any longer; its place is kept. */
  reject(error: unknown): void;
}

/** A connection of a pool. */
export interface Slot {
  readonly connection: ServerConnection;
  /** Oldest first: that one runs, the others follow it. */
  readonly uses: Set<Use>;
}

/** Nearly all statements are answered within a tenth of this. Nothing is sent behind one that takes longer: it might go elsewhere. */
const SLOW_MS = 100;
/**
 * When the server has answered on none of the connections that one may use for this long, it stands still for them: waiting
 * for one of these is refused after this time. With the look (`looks.ts`) it stays below a second.
 */
export const STILL_MS = 700;

/** Whether somebody more may have a place on it now. */
export function hasRoom({ connection, uses }: Slot, sharing: number): boolean {
  return uses.size < sharing && !connection.lost && !connection.worn && connection.unansweredMs <= SLOW_MS;
}

/** How much is ahead of a caller there. What others do may take long, so it counts double. */
export function queueFor({ uses }: Slot, caller: Caller): number {
  let ahead = 0;
  for (const use of uses) ahead += use.caller === caller ? 1 : 2;
  return ahead;
}

/**
 * The slots that a caller's work is on, when they are all but one: it gets no others then. A place behind another's slow
 * statement is not the caller's doing, and does not count.
 */
export function shareOf(slots: Iterable<Slot>, caller: Caller, size: number): readonly Slot[] | null {
  if (caller === null) return null;
  const own: Slot[] = [];
  for (const slot of slots) if (isOn(slot, caller)) own.push(slot);
  return own.length > 0 && own.length >= size - 1 ? own : null;
}

function isOn({ connection, uses }: Slot, caller: string): boolean {
  const runsLong = connection.unansweredMs > SLOW_MS;
  for (const use of uses) {
    if (use.caller === caller) return true;
    if (runsLong) return false;
  }
  return false;
}

/** Whether nothing moves on whatever a caller may use: its share, or all that there may be. */
export function standsStill(slots: ReadonlySet<Slot>, caller: Caller, size: number): boolean {
  const share = shareOf(slots, caller, size);
  if (!share && (slots.size === 0 || slots.size < size)) return false;
  return (share ?? [...slots]).every(({ connection }) => connection.unansweredMs > STILL_MS);
}
