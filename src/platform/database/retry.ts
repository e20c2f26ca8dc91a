/** Another transaction got there first; running this one again from the start will see what it did. */
export class ConcurrentChange extends Error {
  /** SQLSTATE of a serialization failure, so that it is retried like one. */
  readonly code = "40001";
  readonly severity = "ERROR";
}
