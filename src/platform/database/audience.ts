import type { Trail } from "../audit/audit-log.js";
import type { Database } from "./database.js";
import type { Restriction } from "./restriction.js";

/** Whoever waits for an answer. Once they have left, the server need not work on it any more. */
export interface Audience {
  readonly left: boolean;
  /** The answer is kept for whoever asks again: it is worked out even when nobody waits. */
  readonly isKept?: boolean;
  /** Whose statements these are, so that nobody's take all connections; absent or null: nobody's. */
  readonly callerId?: string | null;
}

/** What is read for it is this caller's. */
export function belongTo(audience: Audience, callerId: string): Audience {
  return Object.assign(audience, { callerId });
}

/** Nobody waits any more. */
export function leave(audience: Audience): void {
  if (!audience.isKept) Object.assign(audience, { left: true });
}

/** From now on somebody always does. */
export function keepAnswerFor(audience: Audience): void {
  Object.assign(audience, { left: false, isKept: true });
}

type Read = Database["read"];
const bound: unique symbol = Symbol("audience");
interface Binding {
  root: Read;
  audience: Audience;
  trail: Trail | null;
  restriction: Restriction | null;
}
type Bound = Read & { [bound]?: Binding };

/**
 * The same reading handle for one audience: its prepared statements end early when nobody waits for them any more, and whose
 * rows are read is told to the trail, and customers that the restriction does not allow are not there.
 */
export function readFor(
  db: Read,
  audience: Audience,
  trail: Trail | null = null,
  restriction: Restriction | null = null,
): Read {
  const handle = Object.create(db) as Bound;
  handle[bound] = { root: db, audience, trail, restriction };
  return handle;
}

/** Whom reads on this handle are told to; null where nobody keeps an audit. */
export function trailOf(db: Read): Trail | null {
  return (db as Bound)[bound]?.trail ?? null;
}

/** Which customers reads on this handle may see; null: all. */
export function restrictionOf(db: Read): Restriction | null {
  return (db as Bound)[bound]?.restriction ?? null;
}

/** The handle that statements are kept for, and the audience of this one. */
export function audienceOf(db: Read): { root: Read; audience?: Audience } {
  return (db as Bound)[bound] ?? { root: db };
}
