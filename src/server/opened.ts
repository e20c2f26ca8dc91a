/** What a process has opened, each told as the way to give it back. */
export class Opened {
  readonly #closers: (() => unknown)[] = [];

  /** `close` is called once, before those of all that was opened earlier, and waited for. */
  add(close: () => unknown): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}
