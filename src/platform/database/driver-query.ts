import { Writable } from "node:stream";
import postgres from "postgres";
import { type ByteText, byteTextOf } from "../byte-text.js";
import type { Audience } from "./audience.js";
import type { Incoming, RowTaker } from "./incoming.js";
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
  /** What follows COPY … FROM STDIN. */
  input?: Buffer;
  /** Who waits for the answer; for ever when nobody is named. */
  audience?: Audience | undefined;
}

/** The rows; as objects, they come with the command's tag, and those of several statements one answer after the other. */
export type Answer = unknown[] & { command?: string };

type Handler = (query: DriverQuery) => void;

/** How a client of postgres.js takes its queries. Its version is pinned. */
export function handlerOf(client: postgres.Sql): Handler {
  return (client.unsafe("") as unknown as { handler: Handler }).handler;
}

/**
 * One statement as the connections of postgres.js know it, made here and not by its `unsafe`, which also costs turns and a
 * round trip. V8 takes a function written where it is assigned to a property (`this.resolve = (x) => ...`) for a method and
 * puts it into its old generation at once. The driver's own queries do so twice, and whatever those functions reach, the
 * rows and all that hangs on them, stays until a full collection.
 */
export class DriverQuery implements RowTaker {
  readonly strings: readonly string[];
  readonly args: readonly unknown[] = [];
  readonly options: { prepare: boolean; simple: boolean };
  readonly isRaw: "values" | true | undefined;
  /** The driver's errors tell it; nobody reads those. */
  readonly origin = "";
  state: unknown = null;
  active = false;
  cancelled: unknown = null;
  signature = "";
  /** Its columns are known when its first row comes. */
  statement: { columns: readonly AnswerColumn[] } | null = null;

  private readonly rowOf: ((values: unknown[]) => unknown) | undefined;
  private readonly made: ((values: unknown[]) => unknown) | undefined;
  /** Null: rows are left to the driver's answers, of which a text of several statements has several. */
  private readonly rows: unknown[] | null;
  private readonly input: Buffer | undefined;
  private failure: unknown = null;

  /**
   * @param parameters Apart from the text: so they stay out of the key under which the driver finds its statements, and the
   *   first use is one round trip.
   */
  constructor(
    text: string,
    readonly parameters: readonly (string | null)[],
    { prepare = false, asArrays = false, asByteTexts = false, rowOf, input }: SendOptions,
    private readonly incoming: Incoming | null,
    private readonly answered: (answer: Answer) => void,
    readonly reject: (error: Error) => void,
  ) {
    this.strings = [text];
    this.options = { prepare, simple: !prepare && parameters.length === 0 };
    this.isRaw = asByteTexts ? true : asArrays || rowOf ? "values" : undefined;
    this.rowOf = rowOf;
    this.made = asByteTexts ? byteTextsOf : rowOf;
    this.rows = this.isRaw ? [] : null;
    this.input = input;
  }

  /** Why the driver runs it once more, as when a prepared plan has become stale: it sets this before it does. */
  get retried(): unknown {
    return this.failure;
  }

  set retried(failure: unknown) {
    this.failure = failure;
    this.rows?.splice(0);
  }

  get columns(): readonly AnswerColumn[] {
    return this.statement?.columns ?? [];
  }

  /** For the driver: a row of this statement. Numbering them is not left to it: its count survives a failure among them. */
  forEachFn(row: unknown[], answer: unknown[]): void {
    if (this.rows) this.take(row);
    else answer.push(row);
    this.incoming?.follow(this.rowOf ? this : null);
  }

  take(values: unknown[]): void {
    this.rows?.push(this.made ? this.made(values) : values);
  }

  /** For the driver: all is there. The answer it gives was made when the one before ended: rows in it would be kept as old. */
  resolve(answer: Answer | Writable): void {
    if (answer instanceof Writable) this.follow(answer);
    else this.answered(this.rows ?? answer);
  }

  /** Sends what COPY asks for; whether the server took it, it answers afterwards. */
  private follow(asked: Writable): void {
    asked.on("error", () => {}); // the statement fails with the same
    asked.end(this.input);
  }
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
