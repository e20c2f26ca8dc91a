/** What runs, oldest first, each with its end where that has begun. */
const running = new Map();
/** What a shell tells of a program that a signal ended. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 };

for (const [signal, code] of Object.entries(exitCodes))
  process.once(signal, async () => {
    for (const stop of [...running.keys()].toReversed()) await ended(stop).catch(() => {});
    process.exit(code);
  });

/**
 * What was started outlives this process unless it is stopped: returns its stop, which happens once, for whoever started it
 * or for the signal that ends us.
 * @param {() => unknown} stop
 * @returns {() => Promise<void>}
 */
export function stopWithUs(stop) {
  running.set(stop, null);
  return () => ended(stop);
}

async function ended(stop) {
  if (!running.has(stop)) return;
  if (!running.get(stop)) running.set(stop, Promise.resolve(stop()));
  await running.get(stop);
  running.delete(stop);
}
