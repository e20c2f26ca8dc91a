/**
 * The wall clock in milliseconds with a fraction, as PostgreSQL on the same machine reads it. Set anew by every call: the
 * monotonic clock below it is not slewed.
 * @returns {() => number}
 */
export function wallClock() {
  const before = Date.now();
  let turned = before;
  while (turned === before) turned = Date.now();
  const offset = turned - performance.now();
  return () => performance.now() + offset;
}
