// Orders between the benchmark and its processes: { order, call, ...what } one way, { call, answer | error } the other.

let lastCall = 0;
/** Of each child, who waits for its answers. */
const waiting = new WeakMap();

/** Gives a child process an order and resolves with its answer; rejects with its error, or when it ends. */
export function ask(child, order, what = {}) {
  const call = ++lastCall;
  return new Promise((resolve, reject) => {
    waitersOf(child).set(call, { resolve, reject });
    child.send({ order, call, ...what });
  });
}

function waitersOf(child) {
  let waiters = waiting.get(child);
  if (waiters) return waiters;
  waiters = new Map();
  waiting.set(child, waiters);
  child.on("message", ({ call, answer, error }) => {
    const waiter = waiters.get(call);
    waiters.delete(call);
    if (error) waiter?.reject(new Error(error));
    else waiter?.resolve(answer);
  });
  child.once("exit", (code, signal) => {
    for (const { reject } of waiters.values()) reject(new Error(`a process has ended (${signal ?? code})`));
  });
  return waiters;
}

/** In the child: what it does at each order. Orders that are not named here are somebody else's in the same process. */
export function answerOrders(work) {
  process.on("message", async ({ order, call, ...what }) => {
    if (!work[order]) return;
    try {
      process.send({ call, answer: (await work[order](what)) ?? null });
    } catch (error) {
      process.send({ call, error: error.message });
    }
  });
}
