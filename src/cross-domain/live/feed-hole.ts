/** A hole means that an event is not visible yet (two-phase commit on several machines): milliseconds. */
export const holePollMs = 20;
/** A hole this old is reported: somebody has to look. It is waited for all the same. */
const holeAlarmMs = 10_000;

/** The place in the feed that its reader waits for although later events are there. */
export class FeedHole {
  #since: number | undefined;
  #isReported = false;

  constructor(private readonly report: (error: Error) => void) {}

  get isOpen(): boolean {
    return this.#since !== undefined;
  }

  /** For how long it has been waited for; 0 normally. */
  get ms(): number {
    return this.#since === undefined ? 0 : performance.now() - this.#since;
  }

  /** It is there, or still there. */
  found(position: number): void {
    this.#since ??= performance.now();
    if (this.#isReported || this.ms <= holeAlarmMs) return;
    this.#isReported = true;
    this.report(new Error(`the feed waits for the event at ${position}`));
  }

  close(): void {
    this.#since = undefined;
    this.#isReported = false;
  }
}
