import type { ServerConnection } from "./connection.js";
import { DatabaseError } from "./errors.js";

export interface Listening {
  stop(): Promise<void>;
}

interface Listener {
  onNotify(payload: string): void;
  onListening?: (() => void) | undefined;
}

export interface Signals {
  listen(channel: string, listener: Listener): Promise<Listening>;
  close(): Promise<void>;
}

const LISTEN_AGAIN_MS = 100;
/** A listener asks for nothing, so only its own question shows that the server is still there. */
const HEARTBEAT_MS = 5_000;

/**
 * LISTEN on one connection of its own, opened again whenever it is lost. A notification is a hint and can be missed while
 * disconnected: `onListening` runs after each (re)start, and is the place to catch up from a table.
 */
export function createSignals(
  open: (onNotify: (channel: string, payload: string) => void) => Promise<ServerConnection>,
): Signals {
  const channels = new Map<string, Set<Listener>>();
  let current: Promise<ServerConnection> | undefined;
  let resuming = false;
  let closed = false;
  return { listen, close };

  async function listen(channel: string, listener: Listener): Promise<Listening> {
    const connection = await connected();
    const listeners = channels.get(channel) ?? new Set();
    channels.set(channel, listeners.add(listener));
    try {
      await connection.send(`listen ${quote(channel)}`);
    } catch (error) {
      await stop(channel, listener);
      throw error;
    }
    listener.onListening?.();
    return { stop: () => stop(channel, listener) };
  }

  async function stop(channel: string, listener: Listener): Promise<void> {
    const listeners = channels.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return;
    channels.delete(channel);
    const connection = await current?.catch(() => undefined);
    await connection?.send(`unlisten ${quote(channel)}`).catch(() => {}); // a lost connection listens no more anyway
  }

  function connected(): Promise<ServerConnection> {
    if (closed) throw new DatabaseError("DATABASE_CLOSED", "the database is closed");
    current ??= connect().catch((error) => {
      current = undefined;
      throw error;
    });
    return current;
  }

  async function connect(): Promise<ServerConnection> {
    const connection = await open((channel, payload) => {
      for (const listener of channels.get(channel) ?? []) listener.onNotify(payload);
    });
    const heartbeat = setInterval(() => connection.send("select 1").catch(() => {}), HEARTBEAT_MS).unref();
    void connection.whenLost.then(() => {
      clearInterval(heartbeat);
      current = undefined;
      void resume();
    });
    return connection;
  }

  async function resume(): Promise<void> {
    if (resuming) return;
    resuming = true;
    while (!closed && channels.size > 0) {
      try {
        const connection = await connected();
        await Promise.all([...channels.keys()].map((channel) => connection.send(`listen ${quote(channel)}`)));
        for (const listeners of channels.values()) for (const { onListening } of listeners) onListening?.();
        break;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, LISTEN_AGAIN_MS));
      }
    }
    resuming = false;
  }

  async function close(): Promise<void> {
    closed = true;
    channels.clear();
    const connection = await current?.catch(() => undefined);
    await connection?.end();
  }
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
