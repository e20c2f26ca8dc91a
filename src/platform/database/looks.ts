/** How late it may be seen that something is stuck. What stands still is refused within a second (`pool.ts`), this included. */
const LOOK_MS = 100;

const looks = new Set<() => void>();
let timer: NodeJS.Timeout | undefined;

/**
 * Looks at something from time to time, until the returned function is called. One timer serves all connections and pools of
 * the process: each that fires by itself wakes it, which costs more than all the looks. A look must not throw.
 */
export function keepLooking(look: () => void): () => void {
  looks.add(look);
  timer ??= setInterval(lookAtAll, LOOK_MS).unref();
  return () => {
    looks.delete(look);
    if (looks.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function lookAtAll(): void {
  for (const look of looks) look();
}
