/** What the database floor refuses or loses. `code` is stable; callers decide by it, never by the message. */
export type DatabaseErrorCode =
  | "DATABASE_ABANDONED"
  | "DATABASE_BUSY"
  | "DATABASE_CLOSED"
  | "DATABASE_CONNECTION_LOST"
  | "DATABASE_COMMIT_UNKNOWN"
  | "DATABASE_MIGRATIONS"
  | "DATABASE_PARAMETER"
  | "DATABASE_TOO_OLD"
  | "DATABASE_TRANSACTION"
  | "DATABASE_UNREACHABLE"
  | "EMBEDDED_POSTGRES";

/** Faults that pass by themselves: the same work may be tried again, because what is recorded twice is recorded once. */
export const passingFaults: ReadonlySet<DatabaseErrorCode> = new Set([
  "DATABASE_BUSY",
  "DATABASE_COMMIT_UNKNOWN",
  "DATABASE_CONNECTION_LOST",
  "DATABASE_UNREACHABLE",
]);

/** What may be tried again, here or, while this node stops, at another. */
export const unavailableFaults: ReadonlySet<DatabaseErrorCode> = new Set([
  ...passingFaults,
  "DATABASE_CLOSED",
]);

export class DatabaseError extends Error {
  readonly code: DatabaseErrorCode;

  constructor(code: DatabaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Every connection stayed occupied for longer than the waiting bound; trying again later is right. */
export class DatabaseBusy extends DatabaseError {
  constructor(message: string) {
    super("DATABASE_BUSY", message);
  }
}

/** Whoever asked has left before the answer came. */
export function abandoned(): DatabaseError {
  return new DatabaseError("DATABASE_ABANDONED", "nobody waits for the answer any more");
}

/** The connection died before the statement's answer came; an open transaction on it is rolled back by the server. */
export class ConnectionLost extends DatabaseError {
  constructor(message: string, options?: ErrorOptions) {
    super("DATABASE_CONNECTION_LOST", message, options);
  }
}

/** The connection died while COMMIT was on its way: the transaction may or may not have happened. Never retried here. */
export class CommitUnknown extends DatabaseError {
  constructor(options?: ErrorOptions) {
    super(
      "DATABASE_COMMIT_UNKNOWN",
      "the connection was lost while committing; the outcome is unknown",
      options,
    );
  }
}

/** The database floor's own error inside whatever wraps it (Drizzle wraps every failed query), or undefined. */
export function databaseErrorIn(error: unknown): DatabaseError | undefined {
  for (const cause of causesOf(error)) if (cause instanceof DatabaseError) return cause;
  return undefined;
}

/** The error and what it was made of: Drizzle names it `cause`, graphql-js `originalError`. */
function* causesOf(error: unknown): Generator<Error> {
  for (let cause = error; cause instanceof Error; ) {
    yield cause;
    const below: unknown = (cause as { originalError?: unknown }).originalError ?? cause.cause;
    if (below === cause) return;
    cause = below;
  }
}

/** The five-character SQLSTATE of a server error, looked for through Drizzle's wrapper, or undefined. */
export function sqlState(error: unknown): string | undefined {
  for (const cause of causesOf(error)) {
    const { code, severity } = cause as { code?: unknown; severity?: unknown };
    if (typeof code === "string" && severity !== undefined && /^[0-9A-Z]{5}$/.test(code)) return code;
  }
  return undefined;
}
