import type { Audience } from "./audience.js";
import type { ServerConnection } from "./connection.js";
import { abandoned, ConnectionLost, DatabaseBusy, DatabaseError } from "./errors.js";
import { keepLooking } from "./looks.js";
import {
  type Caller,
  hasRoom,
  queueFor,
  type Slot,
  STILL_MS,
  shareOf,
  standsStill,
  type Use,
} from "./slot.js";

export interface PoolOptions {
  open: () => Promise<ServerConnection>;
  size: number;
  /** How many may use one connection at a time: 1 for transactions; with more, plain statements follow each other unanswered. */
  sharing: number;
  /** How long one may wait for a connection, or on a shared one for the statements ahead. */
  waitMs: number;
}

export interface Pool {
  /**
   * Rejects with DatabaseBusy after `waitMs`, within a second when nothing moves on all that the caller may use, and at once
   * when too many wait; with DATABASE_UNREACHABLE when no connection could be opened. What one caller does leaves the others
   * a connection: it waits for those that it has, and in a queue that holds as many again.
   */
  use<T>(work: (connection: ServerConnection) => Promise<T>, audience?: Audience): Promise<T>;
  close(): Promise<void>;
}

/** Far more than a healthy server lets build up within one waiting bound; beyond it, waiting is refused at once. */
const WAITERS_MAX = 2_000;
/** Of one caller, so that others may wait too. */
const WAITERS_OF_ONE_MAX = 1_000;
const OPEN_AGAIN_MS = 50;
/** What is running may end within this when the pool is closed. */
const CLOSE_WAIT_MS = 5_000;

export function createPool({ open, size, sharing, waitMs }: PoolOptions): Pool {
  /** Worn sessions too: they take nobody new and end with their last user. One at a time gives its place to a fresh one before. */
  const slots = new Set<Slot>();
  const waiters = new Set<Use>();
  /** What one asks for in one turn of the event loop goes out together, in one packet that wakes one server process. */
  const ofThisTurn = new Map<Caller, Slot>();
  const endTurn = () => ofThisTurn.clear();
  let opening = 0;
  let openError: unknown;
  let closed = false;
  let announceIdle: (() => void) | undefined;
  const stopLooking = keepLooking(refuseStuck);
  return {
    use<T>(work: (connection: ServerConnection) => Promise<T>, audience?: Audience): Promise<T> {
      if (closed) return Promise.reject(isClosed());
      return new Promise<unknown>((resolve, reject) => {
        const caller = audience?.callerId || null;
        const use: Use = { caller, audience, since: 0, work, resolve, reject };
        const same = ofThisTurn.get(caller);
        const slot = same && hasRoom(same, sharing) ? same : nearest(caller);
        if (slot) lend(slot, use);
        else wait(use);
      }) as Promise<T>;
    },
    close,
  };

  function lend(slot: Slot, use: Use): void {
    use.since = Date.now();
    slot.uses.add(use);
    if (sharing > 1) {
      if (ofThisTurn.size === 0) setImmediate(endTurn);
      ofThisTurn.set(use.caller, slot);
    }
    use.work(slot.connection).then(
      (result) => {
        giveBack(slot, use);
        use.resolve(result);
      },
      (error: unknown) => {
        giveBack(slot, use);
        use.reject(error);
      },
    );
  }

  function giveBack(slot: Slot, use: Use): void {
    slot.uses.delete(use);
    if (slot.connection.worn && slot.uses.size === 0) void retire(slot);
    if (waiters.size > 0) serveWaiters();
    if (announceIdle && isIdle()) announceIdle();
  }

  async function retire(slot: Slot): Promise<void> {
    await slot.connection.end();
    slots.delete(slot);
    openAnother();
  }

  /** The slot with the least ahead; a used one only where no other may be opened, or not for this caller. */
  function nearest(caller: Caller): Slot | undefined {
    const share = shareOf(slots, caller, mostSlots());
    let best: Slot | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const slot of share ?? slots) {
      const ahead = hasRoom(slot, sharing) ? queueFor(slot, caller) : least;
      if (ahead < least) [best, least] = [slot, ahead];
    }
    return least > 0 && !share && !openError && mayOpen(0) ? undefined : best;
  }

  /** While the server lets us have no more, those that we have are all there are. */
  function mostSlots(): number {
    return openError ? slots.size : size;
  }

  function wait(use: Use): void {
    if (waiters.size >= WAITERS_MAX || (use.caller && isQueueing(use.caller))) {
      use.reject(new DatabaseBusy(`${waiters.size} requests already wait for the database`));
      return;
    }
    use.since = Date.now();
    waiters.add(use);
    openAnother();
  }

  /** Looked at only where it can be. */
  function isQueueing(caller: string): boolean {
    if (waiters.size < WAITERS_OF_ONE_MAX) return false;
    let own = 0;
    for (const waiter of waiters) if (waiter.caller === caller) own++;
    return own >= WAITERS_OF_ONE_MAX;
  }

  /** In the order they came; one for whom there is no room does not hold up those behind. */
  function serveWaiters(): void {
    const refused = new Set<Caller>();
    for (const waiter of waiters) {
      if (refused.has(waiter.caller)) continue;
      const slot = nearest(waiter.caller);
      if (!slot) refused.add(waiter.caller);
      else if (waiters.delete(waiter)) lend(slot, waiter);
    }
    openAnother();
  }

  function openAnother(): void {
    if (!closed && waiters.size > opening && mayOpen(opening)) void openSlot();
  }

  function mayOpen(others: number): boolean {
    let worn = 0;
    for (const { connection } of slots) if (connection.worn) worn++;
    return slots.size + others < size + Math.min(worn, 1);
  }

  /** Opens one slot, trying again while somebody waits. */
  async function openSlot(): Promise<void> {
    opening++;
    let connection: ServerConnection | undefined;
    while (!connection && waiters.size > 0 && !closed) {
      try {
        connection = await open();
        openError = undefined;
      } catch (error) {
        openError = error;
        await new Promise((resolve) => setTimeout(resolve, OPEN_AGAIN_MS));
      }
    }
    opening--;
    if (connection) admit(connection);
  }

  function admit(connection: ServerConnection): void {
    if (closed) connection.lose(new ConnectionLost("the database is closed"));
    if (connection.lost) {
      openAnother();
      return;
    }
    const slot: Slot = { connection, uses: new Set() };
    slots.add(slot);
    void connection.whenLost.then(() => {
      slots.delete(slot);
      openAnother();
    });
    serveWaiters();
  }

  /**
   * A statement sent behind a slow one cannot be called back; its caller need not wait for it. Between two statements of a
   * transaction its connection moves: the next one is ours to send.
   */
  function refuseStuck(): void {
    const now = Date.now();
    const limits = new Map<Caller, number>();
    const limitMs = (caller: Caller) => {
      const known = limits.get(caller) ?? (standsStill(slots, caller, mostSlots()) ? STILL_MS : waitMs);
      limits.set(caller, known);
      return known;
    };
    for (const use of waiters) {
      const ms = limitMs(use.caller);
      if (use.audience?.left) drop(use, abandoned());
      else if (now - use.since > ms) drop(use, waitedTooLong(ms));
    }
    for (const { uses } of slots) {
      const [, ...behind] = uses;
      for (const { caller, since, reject } of behind)
        if (now - since > limitMs(caller))
          reject(new DatabaseBusy(`waited ${limitMs(caller)} ms behind a slow statement`));
    }
  }

  function drop(waiter: Use, error: Error): void {
    waiters.delete(waiter);
    waiter.reject(error);
  }

  function waitedTooLong(ms: number): Error {
    const noServer = slots.size === 0 && openError instanceof DatabaseError;
    return noServer ? (openError as DatabaseError) : new DatabaseBusy(`no free connection within ${ms} ms`);
  }

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    stopLooking();
    for (const waiter of waiters) drop(waiter, isClosed());
    if (!isIdle()) {
      const timer = setTimeout(() => announceIdle?.(), CLOSE_WAIT_MS);
      await new Promise<void>((resolve) => {
        announceIdle = resolve;
      });
      clearTimeout(timer);
    }
    await Promise.all([...slots].map(({ connection }) => connection.end()));
  }

  function isIdle(): boolean {
    return [...slots].every(({ uses }) => uses.size === 0);
  }
}

function isClosed(): DatabaseError {
  return new DatabaseError("DATABASE_CLOSED", "the database is closed");
}
