import type { Sql } from "postgres";
import type { ServerConnection } from "./connection.js";
import { DatabaseError } from "./errors.js";

export type SendStatement = ServerConnection["send"];
/** What statements find behind `db.$client`. */
export type Driver = Sql & { send: SendStatement };
export interface Logger {
  logQuery(text: string): void;
}
type RunNested = <T>(work: () => Promise<T>) => Promise<T>;

/** The part of a postgres.js client that Drizzle uses, in front of our own way of sending. */
export function asDriver(send: SendStatement, runNested?: RunNested): Driver {
  const nested = (work: (driver: unknown) => Promise<unknown>) => {
    if (!runNested)
      throw new DatabaseError("DATABASE_TRANSACTION", "open transactions with database.transaction(...)");
    return runNested(() => work(driver));
  };
  const driver = {
    options: { parsers: {}, serializers: {} }, // Drizzle adjusts these; connection.ts has adjusted the real ones
    begin: nested,
    savepoint: nested,
    unsafe: (text: string, parameters?: readonly unknown[], { prepare = false } = {}) => ({
      // biome-ignore lint/suspicious/noThenProperty: postgres.js's queries are thenables that start when awaited
      then: (...handlers: Parameters<Promise<unknown>["then"]>) =>
        send(text, parameters, { prepare }).then(...handlers),
      values: () => send(text, parameters, { prepare, asArrays: true }),
    }),
    send,
  };
  return driver as unknown as Driver;
}
