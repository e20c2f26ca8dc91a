/** What stops an import before or between rows. `code` is stable; the message is for the person at the terminal. */
export type ImportErrorCode =
  | "INVALID_MAPPING"
  | "INVALID_OPTION"
  | "FILE_NOT_FOUND"
  | "FILE_UNREADABLE"
  | "FILE_CHANGED"
  | "EMPTY_FILE"
  | "INVALID_GZIP"
  | "INVALID_ENCODING"
  | "INVALID_HEADER"
  | "MISSING_COLUMN"
  | "WRONG_DELIMITER";

export class ImportError extends Error {
  constructor(
    readonly code: ImportErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "ImportError";
  }
}

/** A value of a row that the mapping cannot take: the row is rejected, the import goes on. */
export class RowError extends Error {
  constructor(
    readonly code: string,
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}
