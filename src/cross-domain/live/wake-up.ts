/** Ends a wait. Never lost: a call while nobody waits ends the next wait at once; many calls count as one. */
export class WakeUp {
  #called = false;
  #resume: (() => void) | undefined;

  call(): void {
    this.#called = true;
    this.#resume?.();
  }

  /** True when it was called, false when the time was over. */
  async wait(atMostMs: number): Promise<boolean> {
    if (!this.#called) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, atMostMs).unref();
        const resume = () => {
          clearTimeout(timer);
          resolve();
        };
        this.#resume = resume;
      });
      this.#resume = undefined;
    }
    const called = this.#called;
    this.#called = false;
    return called;
  }
}

/** Calls `send` at once, then at most once per `gapMs` however often it is asked; the last request is never dropped. */
export function atMostEvery(gapMs: number, send: () => Promise<void>): () => void {
  let busy = false;
  let askedAgain = false;
  const run = async () => {
    busy = true;
    askedAgain = false;
    const gap = new Promise<void>((resolve) => setTimeout(resolve, gapMs).unref());
    await send();
    await gap;
    busy = false;
    if (askedAgain) void run();
  };
  return () => {
    askedAgain = true;
    if (!busy) void run();
  };
}

/** Reports the first fault of a row of equal ones: a database that is down would fill the log. */
export function onceInARow(report: (error: unknown) => void): {
  failed(error: unknown): void;
  worked(): void;
} {
  let last: string | undefined;
  return {
    failed(error) {
      const text = error instanceof Error ? error.message : String(error);
      if (text !== last) report(error);
      last = text;
    },
    worked() {
      last = undefined;
    },
  };
}
