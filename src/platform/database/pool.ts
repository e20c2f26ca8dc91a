import type { ServerConnection } from "./connection.js";
import { ConnectionLost, DatabaseBusy, DatabaseError } from "./errors.js";
import { keepLooking } from "./looks.js";
import {
  type CallerId,
  count,
  hasItsShare,
  isStill,
  isUsable,
  type Slot,
  STILL_MS,
  standsStill,
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
   * Rejects with DatabaseBusy, or with DATABASE_UNREACHABLE when no connection could be opened, after `waitMs`. What one caller
   * does leaves the others a connection: it waits for those that it has, and in a queue that holds as many again.
   */
  use<T>(work: (connection: ServerConnection) => Promise<T>, caller?: CallerId): Promise<T>;
  close(): Promise<void>;
}

interface Waiter {
  caller: CallerId;
  since: number;
  resolve(slot: Slot): void;
  reject(error: Error): void;
}

/** Far more than a healthy server lets build up within one waiting bound; beyond it, waiting is refused at once. */
const WAITERS_MAX = 2_000;
/** Of one caller, so that others may wait too. */
const WAITERS_OF_ONE_MAX = 1_000;
const OPEN_AGAIN_MS = 50;
/** What is running may end within this when the pool is closed. */
const CLOSE_WAIT_MS = 5_000;

export function createPool({ open, size, sharing, waitMs }: PoolOptions): Pool {
  const slots = new Set<Slot>();
  /** Sessions that take nobody new and end with their last user. */
  const retiring = new Set<Slot>();
  const waiters = new Set<Waiter>();
  let opening = 0;
  let openError: unknown;
  let closed = false;
  let announceIdle: (() => void) | undefined;
  let ofThisTurn: Slot | undefined;
  const endTurn = () => {
    ofThisTurn = undefined;
  };
  const stopLooking = keepLooking(refuseStuck);
  return { use, close };

  function use<T>(work: (connection: ServerConnection) => Promise<T>, caller?: CallerId): Promise<T> {
    if (closed) return Promise.reject(isClosed());
    const slot = takeSlot(turnsSlot(caller) ?? leastUsed(caller), caller);
    return slot
      ? lend(slot, work, caller)
      : waitForSlot(caller).then((waitedFor) => lend(waitedFor, work, caller));
  }

  function lend<T>(
    slot: Slot,
    work: (connection: ServerConnection) => Promise<T>,
    caller: CallerId,
  ): Promise<T> {
    const giveBack = () => {
      slot.users--;
      if (caller) count(slot, caller, -1);
      if (slot.connection.worn) retire(slot);
      if (waiters.size > 0) serveWaiters();
      if (announceIdle && isIdle()) announceIdle();
    };
    const working = work(slot.connection);
    working.then(giveBack, giveBack);
    return working;
  }

  /** A session that has served enough gives its place to a fresh one at once, and ends when its last user has left. */
  function retire(slot: Slot): void {
    if (slots.delete(slot)) retiring.add(slot);
    if (ofThisTurn === slot) ofThisTurn = undefined;
    if (slot.users === 0) void slot.connection.end().finally(() => retiring.delete(slot));
    openAnother();
  }

  function takeSlot(slot: Slot | undefined, caller: CallerId): Slot | undefined {
    if (!slot) return undefined;
    slot.users++;
    if (caller) count(slot, caller, 1);
    if (sharing > 1) keepForThisTurn(slot);
    return slot;
  }

  /** What is asked for in one turn of the event loop goes out together, in one packet that wakes one server process. */
  function keepForThisTurn(slot: Slot): void {
    if (!ofThisTurn) setImmediate(endTurn);
    ofThisTurn = slot.users < sharing && isUsable(slot) ? slot : undefined;
  }

  function turnsSlot(caller: CallerId): Slot | undefined {
    return ofThisTurn && (!caller || ofThisTurn.usersOf.has(caller) || !hasItsShare(slots, caller, size))
      ? ofThisTurn
      : undefined;
  }

  /**
   * The least used slot; a used one is shared only while no further connection may be opened, and its server answers. A caller
   * that has its share is given what it has.
   */
  function leastUsed(caller: CallerId): Slot | undefined {
    const bound = caller && hasItsShare(slots, caller, size) ? caller : null;
    let best: Slot | undefined;
    for (const slot of slots) {
      if (slot.users >= (best?.users ?? sharing) || !isUsable(slot) || isStill(slot)) continue;
      if (!bound || slot.usersOf.has(bound)) best = slot;
    }
    return best && best.users > 0 && !bound && slots.size < size && !openError ? undefined : best;
  }

  function waitForSlot(caller: CallerId): Promise<Slot> {
    if (waiters.size >= WAITERS_MAX || (caller && isQueueing(caller)))
      return Promise.reject(new DatabaseBusy(`${waiters.size} requests already wait for the database`));
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        caller,
        since: Date.now(),
        resolve: (slot) => end(() => resolve(slot)),
        reject: (error) => end(() => reject(error)),
      };
      const end = (act: () => void) => {
        clearTimeout(timer);
        waiters.delete(waiter);
        act();
      };
      const timer = setTimeout(() => waiter.reject(waitedTooLong()), waitMs);
      waiters.add(waiter);
      openAnother();
    });
  }

  /** Looked at only where it can be. */
  function isQueueing(caller: string): boolean {
    if (waiters.size < WAITERS_OF_ONE_MAX) return false;
    let own = 0;
    for (const waiter of waiters) if (waiter.caller === caller) own++;
    return own >= WAITERS_OF_ONE_MAX;
  }

  function openAnother(): void {
    if (!closed && waiters.size > opening && slots.size + opening < size) void openSlot();
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
    const slot = { connection, users: 0, usersOf: new Map<string, number>() };
    slots.add(slot);
    void connection.whenLost.then(() => {
      slots.delete(slot);
      if (ofThisTurn === slot) ofThisTurn = undefined;
      openAnother();
    });
    serveWaiters();
  }

  /** In the order they came; who has its share does not hold up those behind. */
  function serveWaiters(): void {
    const full = new Set<CallerId>();
    for (const waiter of waiters) {
      if (full.has(waiter.caller)) continue;
      const slot = takeSlot(leastUsed(waiter.caller), waiter.caller);
      if (slot) waiter.resolve(slot);
      else if (waiter.caller) full.add(waiter.caller);
      else break;
    }
    openAnother();
  }

  function waitedTooLong(): Error {
    const noServer = slots.size === 0 && openError instanceof DatabaseError;
    return noServer
      ? (openError as DatabaseError)
      : new DatabaseBusy(`no free connection within ${waitMs} ms`);
  }

  /**
   * A statement sent behind a slow one cannot be called back; its caller need not wait for it. Between two statements of a
   * transaction its connection moves: the next one is ours to send.
   */
  function refuseStuck(): void {
    const now = Date.now();
    const still = new Map<CallerId, boolean>();
    const boundMs = (caller: CallerId) => {
      if (!still.has(caller)) still.set(caller, standsStill(slots, caller, size));
      return still.get(caller) ? STILL_MS : waitMs;
    };
    for (const waiter of [...waiters]) {
      const bound = boundMs(waiter.caller);
      if (bound < waitMs && now - waiter.since > bound)
        waiter.reject(new DatabaseBusy(`all connections have stood still for ${bound} ms`));
    }
    if (sharing === 1) return;
    for (const { connection } of slots) {
      const [, ...behind] = connection.pending;
      for (const { sentAt, audience, reject } of behind) {
        const bound = boundMs(audience?.callerId);
        if (now - sentAt > bound) reject(new DatabaseBusy(`waited ${bound} ms behind a slow statement`));
      }
    }
  }

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    stopLooking();
    for (const waiter of [...waiters]) waiter.reject(isClosed());
    if (!isIdle()) {
      const timer = setTimeout(() => announceIdle?.(), CLOSE_WAIT_MS);
      await new Promise<void>((resolve) => {
        announceIdle = resolve;
      });
      clearTimeout(timer);
    }
    await Promise.all([...slots, ...retiring].map(({ connection }) => connection.end()));
  }

  function isIdle(): boolean {
    return [...slots, ...retiring].every(({ users }) => users === 0);
  }
}

function isClosed(): DatabaseError {
  return new DatabaseError("DATABASE_CLOSED", "the database is closed");
}
