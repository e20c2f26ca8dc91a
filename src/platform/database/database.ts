import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { ByteText } from "../byte-text.js";
import type { Audience } from "./audience.js";
import { type ConnectionOptions, openConnection, type SessionOptions } from "./connection.js";
import { asDriver, type Logger } from "./drizzle-driver.js";
import { DatabaseError } from "./errors.js";
import { createPool } from "./pool.js";
import { watchServer } from "./server-watch.js";
import { createSignals, type Listening } from "./signals.js";
import { retryTransaction, runTransaction, type Tx } from "./transaction.js";

export type { ConnectionOptions } from "./connection.js";
export type { Tx } from "./transaction.js";
/** What query functions accept: the read pool or a running transaction. */
export type Queryable = Database["read"] | Tx;

export interface Database {
  /** Statements outside a transaction. They cannot write (25006): writing needs `transaction`. */
  readonly read: PostgresJsDatabase;
  /** The same for a statement whose text is ready; it is kept prepared. Rows are arrays of the values as they came. */
  readAsSent(
    text: string,
    parameters: readonly unknown[],
    audience?: Audience,
  ): Promise<(ByteText | null)[][]>;
  /**
   * One READ COMMITTED transaction. The whole work runs again, a few times at most, after a deadlock or serialisation
   * failure: it must have no other effect than its statements. Rejects with CommitUnknown when the connection dies during
   * COMMIT, and with the loss itself when it dies before (then nothing has happened).
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** `onListening` runs at the start and after every reconnect: notifications sent in between are lost. */
  listen(channel: string, onNotify: (payload: string) => void, onListening?: () => void): Promise<Listening>;
  /** Sent at once, by itself. Never part of a transaction: NOTIFY inside one makes all commits queue. */
  notify(channel: string, payload: string): Promise<void>;
  /** A connection of one's own, for session advisory locks. It does not come back when lost; ask for another. */
  dedicated(): Promise<Dedicated>;
  /** Lets what runs end (5 s at most), refuses the rest. */
  close(): Promise<void>;
}

export interface Dedicated {
  /** Statements on the one connection, outside a transaction. */
  readonly session: PostgresJsDatabase;
  /** Transactions on the same connection; one at a time, and without retries. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Aborted when the connection, and with it every session lock, is gone. */
  readonly lost: AbortSignal;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readPoolSize?: number;
  writePoolSize?: number;
  /** Every statement text of the pools and of dedicated connections, as it is sent. */
  onStatement?: (text: string) => void;
  /** The server cancels a longer statement (57014). */
  statementTimeoutMs?: number;
  /** How long to wait for a free connection before DatabaseBusy; less when all that one may use stand still (`pool.ts`). */
  acquireTimeoutMs?: number;
}

/**
 * Few and shared: on two cores, three or four connections with several statements on the way beat ten with one each. One more,
 * because no caller's statements may stand on all of them.
 */
const READ_POOL_SIZE = 5;
const READS_PER_CONNECTION = 8;
/** Transactions wait for locks and fsync more than for a core, so more of them than cores pay off. */
const WRITE_POOL_SIZE = 8;
const NOTIFICATIONS_PER_CONNECTION = 64;
const STATEMENT_TIMEOUT_MS = 30_000;
/**
 * A client is better told "busy" than kept in a queue that grows. Long enough for what is ahead, as long as that moves:
 * batches of a thousand items, and figures over a million rows, take a second or two on a busy machine. Short enough for
 * nobody to wait 5 s in vain. Where all that one may use stands still, it is refused sooner (pool.ts).
 */
const ACQUIRE_TIMEOUT_MS = 4_000;

/** Hits a statement only while it runs, and not one that has just begun: the next of the same text may be another's. */
const cancelText = `select pg_cancel_backend(pid) from pg_stat_activity
  where pid = $1 and state = 'active' and starts_with($2, query) and query_start < clock_timestamp() - interval '100 ms'`;

/** Opens nothing yet: connections are made on first use, and made again when lost. */
export function openDatabase(to: ConnectionOptions, options: DatabaseOptions = {}): Database {
  const { statementTimeoutMs = STATEMENT_TIMEOUT_MS, acquireTimeoutMs: waitMs = ACQUIRE_TIMEOUT_MS } =
    options;
  const watch = watchServer(() => openConnection(to, { statementTimeoutMs }));
  const open = async (session: Partial<SessionOptions> = {}) => {
    const connection = await openConnection(to, { statementTimeoutMs, ...session });
    watch.add(connection);
    return connection;
  };
  const logger = { logQuery: (text: string) => options.onStatement?.(text) };
  const unheard = { logQuery: () => {} }; // what a dedicated connection does is its owner's own business
  const readPool = createPool({
    open: () => open({ readOnly: true, cancel }),
    size: options.readPoolSize ?? READ_POOL_SIZE,
    sharing: READS_PER_CONNECTION,
    waitMs,
  });
  const writePool = createPool({
    open: () => open({ byKey: true }),
    size: options.writePoolSize ?? WRITE_POOL_SIZE,
    sharing: 1,
    waitMs,
  });
  const notifyPool = createPool({ open, size: 1, sharing: NOTIFICATIONS_PER_CONNECTION, waitMs });
  const cancel = (backendPid: number, text: string) => {
    // A cancel that fails is asked for again while the statement runs.
    notifyPool.use((connection) => connection.send(cancelText, [backendPid, text])).catch(() => {});
  };
  const signals = createSignals((onNotify) => open({ onNotify }));
  const owned = new Set<Dedicated>();
  return {
    read: drizzle(
      asDriver((...statement) =>
        readPool.use((connection) => connection.send(...statement), statement[2]?.audience),
      ),
      { logger },
    ),
    readAsSent(text, parameters, audience) {
      logger.logQuery(text);
      const options = { prepare: true, asByteTexts: true, audience };
      const rows = readPool.use((connection) => connection.send(text, parameters, options), audience);
      return rows as Promise<unknown[]> as Promise<(ByteText | null)[][]>;
    },
    transaction: (work) =>
      retryTransaction(() => writePool.use((connection) => runTransaction(connection, work, logger))),
    listen: (channel, onNotify, onListening) => signals.listen(channel, { onNotify, onListening }),
    async notify(channel, payload) {
      await notifyPool.use((connection) => connection.send("select pg_notify($1, $2)", [channel, payload]));
    },
    async dedicated() {
      const own = await openDedicated(open, unheard, () => owned.delete(own));
      owned.add(own);
      return own;
    },
    async close() {
      await Promise.all([readPool.close(), writePool.close(), notifyPool.close(), signals.close()]);
      await Promise.all([...owned].map((own) => own.close()));
      watch.stop();
    },
  };
}

async function openDedicated(
  open: () => ReturnType<typeof openConnection>,
  logger: Logger,
  onGone: () => void,
): Promise<Dedicated> {
  const connection = await open();
  const lost = new AbortController();
  let busy = false;
  void connection.whenLost.then((error) => {
    onGone();
    lost.abort(error);
  });
  return {
    session: drizzle(
      asDriver((...statement) => connection.send(...statement)),
      { logger },
    ),
    lost: lost.signal,
    close: () => connection.end(),
    async transaction(work) {
      if (busy)
        throw new DatabaseError(
          "DATABASE_TRANSACTION",
          "a dedicated connection runs one transaction at a time",
        );
      busy = true;
      try {
        return await runTransaction(connection, work, logger);
      } finally {
        busy = false;
      }
    },
  };
}
