import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { ServerConnection } from "./connection.js";
import type { Answer } from "./driver-query.js";
import { asDriver, type Logger, type SendStatement } from "./drizzle-driver.js";
import { CommitUnknown, ConnectionLost, DatabaseError, sqlState } from "./errors.js";

declare const inTransaction: unique symbol;
/** A running transaction. What locks or writes asks for it, so that it cannot be handed the read pool. */
export type Tx = PostgresJsDatabase & { readonly [inTransaction]: true };

/** Deadlock and serialisation failures: the server has rolled everything back, and a fresh run may succeed. */
const RETRIED_STATES = new Set(["40P01", "40001"]);
/** Told of a statement that was not run because one before it had failed. */
const IN_FAILED_TRANSACTION = "25P02";
/** Eight runs get through heavy contention; beyond that the caller should hear of it. */
const RUNS_MAX = 8;
/** Spreads the parties of a deadlock, so that they do not meet again in step. */
const RETRY_SPREAD_MS = 20;

/** Runs the whole work again when the server asks for it, a bounded number of times. */
export async function retryTransaction<T>(run: () => Promise<T>): Promise<T> {
  for (let runs = 1; ; runs++) {
    try {
      return await run();
    } catch (error) {
      if (runs === RUNS_MAX || !RETRIED_STATES.has(sqlState(error) ?? "")) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * RETRY_SPREAD_MS * runs));
    }
  }
}

/**
 * One READ COMMITTED transaction on a connection that nobody else uses meanwhile. The work's statements can run nowhere else:
 * once it has ended, or its connection is lost, they are refused.
 */
export async function runTransaction<T>(
  connection: ServerConnection,
  work: (tx: Tx) => Promise<T>,
  logger: Logger,
): Promise<T> {
  await connection.send("begin isolation level read committed");
  let ended: DatabaseError | undefined;
  let failure: unknown;
  // Texts inside transactions are the same for every batch, so the server parses each once per connection.
  const send: SendStatement = (text, parameters = [], options = {}) => {
    if (ended) return Promise.reject(ended);
    return connection
      .send(text, parameters, { ...options, prepare: parameters.length > 0 })
      .catch((error: unknown) => {
        // Of statements that were sent together, the work may hear first of one behind the one that failed.
        if (sqlState(error) === IN_FAILED_TRANSACTION) throw failure ?? error;
        if (sqlState(error)) failure = error;
        throw error;
      });
  };
  const tx = drizzle(asDriver(send, savepoints(connection)), { logger }) as unknown as Tx;
  try {
    const result = await connection.untilLost(work(tx));
    ended = new DatabaseError("DATABASE_TRANSACTION", "the transaction has ended");
    await commit(connection);
    return result;
  } catch (error) {
    ended ??= new DatabaseError("DATABASE_TRANSACTION", "the transaction has ended", { cause: error });
    if (!connection.lost && !(error instanceof RolledBack)) await rollBack(connection);
    throw error instanceof CommitUnknown ? error : (connection.lost ?? error);
  }
}

class RolledBack extends DatabaseError {
  constructor() {
    super(
      "DATABASE_TRANSACTION",
      "rolled back at commit: a statement had failed and the work went on as if it had not",
    );
  }
}

async function commit(connection: ServerConnection): Promise<void> {
  if (connection.lost) throw connection.lost; // nothing was asked of the server, so nothing is committed
  let answer: Answer;
  try {
    answer = await connection.send("commit");
  } catch (cause) {
    throw cause instanceof ConnectionLost ? new CommitUnknown({ cause }) : cause;
  }
  if (answer.command !== "COMMIT") throw new RolledBack();
}

async function rollBack(connection: ServerConnection): Promise<void> {
  try {
    await connection.send("rollback");
  } catch (cause) {
    // A connection whose state is unknown is not given to the next transaction.
    connection.lose(new ConnectionLost("rollback failed", { cause }));
  }
}

/** Drizzle's `tx.transaction(...)`: a savepoint. */
function savepoints(connection: ServerConnection) {
  let count = 0;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    const name = `s${++count}`;
    await connection.send(`savepoint ${name}`);
    try {
      const result = await work();
      await connection.send(`release savepoint ${name}`);
      return result;
    } catch (error) {
      if (!connection.lost) await connection.send(`rollback to savepoint ${name}`);
      throw error;
    }
  };
}
