import postgres from "postgres";
import { type ByteText, byteTextOf } from "../byte-text.js";
import type { Audience } from "./audience.js";
import type { Incoming } from "./incoming.js";
import type { AnswerColumn } from "./row-reader.js";

export interface SendOptions {
  /** Kept by the server under its text, for the next time on this connection. */
  prepare?: boolean;
  /** Rows as arrays of values instead of objects. */
  asArrays?: boolean;
  /** Rows as arrays of the values' bytes, undecoded (`byte-text.ts`). */
  asByteTexts?: boolean;
  /** Makes each row of its values, as they arrive. */
  rowOf?: ((values: unknown[]) => unknown) | undefined;
  /** Who waits for the answer; for ever when nobody is named. */
  audience?: Audience | undefined;
}

/** The rows, with the command's tag. */
export type Answer = unknown[] & { command: string };

/** A query of postgres.js, with those of its inner parts that save turns and round trips. Its version is pinned. */
interface DriverQuery {
  parameters: readonly (string | null)[];
  isRaw: "values" | true | undefined;
  forEachFn: ((values: unknown[], answer: unknown[]) => void) | undefined;
  /** Set when it is executed; its columns are known when its first row comes. */
  statement: { columns: readonly AnswerColumn[] };
  resolve(answer: Answer): void;
  reject(error: Error): void;
  executed: boolean;
  handler(query: DriverQuery): void;
}

/** One statement for the driver; whoever sets `resolve` and `reject` sends it by its handler. */
export function queryOf(
  client: postgres.Sql,
  text: string,
  parameters: readonly (string | null)[],
  { prepare = false, asArrays = false, asByteTexts = false, rowOf }: SendOptions,
  incoming: Incoming | null,
): DriverQuery {
  const simple = !prepare && parameters.length === 0;
  const query = client.unsafe(text, [], { prepare, simple } as object) as unknown as DriverQuery;
  // Given so, they stay out of the key under which the driver finds its statements, and the first use is one round trip.
  query.parameters = parameters;
  if (asArrays || rowOf) query.isRaw = "values";
  if (asByteTexts) query.isRaw = true;
  const made = asByteTexts ? byteTextsOf : rowOf;
  // Rows are never left to the driver to number: its count survives a statement that failed among them.
  query.forEachFn = (row, answer) => {
    const take = (values: unknown[]) => void answer.push(made ? made(values) : values);
    take(row);
    incoming?.follow(rowOf ? { columns: query.statement.columns, take } : null);
  };
  return query;
}

function byteTextsOf(values: unknown[]): (ByteText | null)[] {
  return (values as (Buffer | null)[]).map((bytes) => bytes && byteTextOf(bytes));
}

export function isCanceled(error: Error): boolean {
  return error instanceof postgres.PostgresError && error.code === "57014";
}

/** True for errors after which the server or the driver has given the connection up. */
export function endsConnection(error: Error): boolean {
  if (!(error instanceof postgres.PostgresError)) return true;
  return error.severity === "FATAL" || error.severity === "PANIC";
}
