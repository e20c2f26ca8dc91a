interface Asker<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

export interface LiveStreamOptions {
  /** Its abort ends the stream. */
  signal?: AbortSignal | undefined;
  /** Called once, however the stream ends: for a stream that is made of another one. */
  onClose?: () => void;
}

/**
 * An async iterator over what `pull` finds; null ends it. Written by hand because `return()` of an async generator waits for
 * the await it is in, for ever on a quiet stream: here it settles at once, and so does a pending `next()`.
 */
export class LiveStream<T> implements AsyncIterableIterator<T, undefined> {
  #closed = false;
  readonly #askers: Asker<T>[] = [];
  /** Aborted when the stream closes: `pull` stops waiting. */
  readonly #closing = new AbortController();

  constructor(
    private readonly pull: (signal: AbortSignal) => Promise<T | null>,
    private readonly options: LiveStreamOptions = {},
  ) {
    options.signal?.addEventListener("abort", this.#close);
    if (options.signal?.aborted) this.#close();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#closed) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => {
      this.#askers.push({ resolve, reject });
      if (this.#askers.length === 1) void this.#serve();
    });
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#close();
    return { value: undefined, done: true };
  }

  async throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    this.#close();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #serve(): Promise<void> {
    while (this.#askers.length > 0) {
      try {
        const value = await this.pull(this.#closing.signal);
        if (this.#closed) return;
        if (value === null) return this.#close();
        this.#askers.shift()?.resolve({ value, done: false });
      } catch (error) {
        this.#askers.shift()?.reject(error);
        return this.#close();
      }
    }
  }

  #close = (): void => {
    if (this.#closed) return;
    this.#closed = true;
    this.options.signal?.removeEventListener("abort", this.#close);
    this.#closing.abort();
    this.options.onClose?.();
    for (const asker of this.#askers.splice(0)) asker.resolve({ value: undefined, done: true });
  };
}
