import { setTimeout as pause } from "node:timers/promises";
import { removeOldDeliveries } from "../../domains/webhooks/delivery.actions.js";
import { onceInARow, WakeUp } from "../live/wake-up.js";
import { Sender, type SenderServices } from "./sender.js";
import { writeDownNews } from "./write-down.js";

/** How late a delivery can be that this node was not told of: one that another node wrote down, or a retry. */
const defaultPollMs = 1_000;
/** News is looked for at most this often, so that a busy feed is written down in batches. */
const gapMs = 20;
/** A node that has met no webhook with news for so long does not look for one at every event: the poll finds new ones. */
const metForMs = 60_000;
/** How long stop() waits for attempts under way before it cuts them. */
const stopGraceMs = 3_000;
/** How often a node removes what has grown old. */
const cleanEveryMs = 10 * 60 * 1_000;

export type WebhookWorkerServices = Omit<SenderServices, "onDone">;

/** Every node runs one: it writes deliveries down and attempts them. Row locks share the work out. */
export class WebhookWorker {
  readonly #wakeUp = new WakeUp();
  readonly #sender: Sender;
  readonly #stopping = new AbortController();
  readonly #running: Promise<unknown>;
  readonly #faults: ReturnType<typeof onceInARow>;
  #cleanAtMs = 0;
  #metAtMs = 0;

  constructor(
    private readonly services: WebhookWorkerServices,
    private readonly pollMs = defaultPollMs,
  ) {
    this.#faults = onceInARow(services.onFault);
    this.#sender = new Sender({ ...services, onFault: this.#faults.failed, onDone: () => this.poke() });
    this.#running = Promise.all([this.#run(), this.#listen()]);
  }

  /** Something may be due. */
  poke(): void {
    this.#metAtMs = Date.now();
    this.#wakeUp.call();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.poke();
    await this.#running;
    await this.#sender.stop(stopGraceMs);
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    await this.services.feed.ready();
    while (!this.#stopped) {
      try {
        while (!this.#stopped && (await this.#writeDown())) await this.#sender.start();
        if (!this.#stopped) await this.#sender.start();
        if (!this.#stopped) await this.#clean();
        this.#faults.worked();
      } catch (error) {
        if (!this.#stopped) this.#faults.failed(error);
      }
      if (!this.#stopped) await this.#wakeUp.wait(this.pollMs);
      if (!this.#stopped) await pause(gapMs);
    }
  }

  async #writeDown(): Promise<boolean> {
    const { more, met } = await writeDownNews(this.services);
    if (met) this.#metAtMs = Date.now();
    return more;
  }

  /** Wakes the worker for news of the feed, whichever log it has just now. */
  async #listen(): Promise<void> {
    const { feed } = this.services;
    const { signal } = this.#stopping;
    await feed.ready();
    while (!this.#stopped) {
      const { log } = feed;
      const { head } = log;
      await log.grown(head, signal);
      if (Date.now() - this.#metAtMs < metForMs) this.#wakeUp.call();
      // A log that has ended has no more news; the next one begins within moments.
      if (log.head === head && !this.#stopped) await pause(gapMs);
    }
  }

  async #clean(): Promise<void> {
    const now = Date.now();
    if (now < this.#cleanAtMs) return;
    if (!(await removeOldDeliveries(this.services.database, now))) this.#cleanAtMs = now + cleanEveryMs;
  }
}
