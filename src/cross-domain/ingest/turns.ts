import { sql } from "drizzle-orm";
import type { Made, Turn, WriteServices } from "../../domains/customers/recording.rules.js";
import type { Database, Tx } from "../../platform/database/database.js";
import { sendNow } from "../../platform/database/rows.js";

export interface BatchKind {
  /** In several transactions: it is followed when it has ended. */
  inParts?: boolean;
  /** What it makes is rolled back in the end: nobody may count on it. */
  isUndone?: boolean;
}

/**
 * One batch's place in an import. It is checked while those before it are written, finds and claims while the one before
 * writes, counting on whom that one has made, and locks, writes and commits behind it: so a customer's facts keep the order
 * of the file.
 */
export class BatchTurn implements Turn {
  private readonly ended = signal<boolean>();
  /** The next batch may begin: this one holds its locks. */
  private readonly held = signal<void>();
  /** A transaction that the next batch may have begun beside was rolled back. */
  private readonly undone = signal<false>();
  /** What this batch may hold when the next begins: taken by all, by the one that has it until its transaction ends. */
  private readonly key: string;
  private came = false;
  private made: Made | null = null;

  constructor(
    private before: BatchTurn | null,
    private readonly kind: BatchKind = {},
  ) {
    this.key = before?.key ?? crypto.randomUUID();
  }

  /** Does the work with services that keep to this turn. Where a batch before has failed, nothing is written. */
  async take(services: WriteServices, work: (services: WriteServices) => Promise<void>): Promise<void> {
    try {
      await work({ ...services, turn: this, database: this.inTurn(services.database) });
      this.ended.give(true);
    } catch (error) {
      this.ended.give(false);
      throw error;
    } finally {
      // Else every batch would be kept in memory by the one behind it.
      this.before = null;
    }
  }

  /** Waits in the server, which knows a circle when it sees one, and not for a client between two statements. */
  async come(tx: Tx): Promise<void> {
    if (this.came) return;
    this.came = true;
    await sendNow(tx, sql`/* takeTurn */ select pg_advisory_xact_lock(hashtextextended(${this.key}, 0))`);
  }

  get ahead(): Made | null {
    return this.before?.made ?? null;
  }

  hold(made: Made): void {
    if (!this.kind.isUndone) this.made = made;
    if (!this.kind.inParts) this.held.give();
  }

  private inTurn(database: Database): Database {
    return { ...database, transaction: (work) => this.transaction(database, work) };
  }

  private async transaction<T>(database: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
    await this.before?.mayBeFollowed();
    if (this.before?.ended.given || this.before?.undone.given) await this.waitForEnd();
    for (;;) {
      try {
        return await database.transaction((tx) => this.run(tx, work));
      } catch (error) {
        if (this.held.given) this.undone.give(false);
        if (!(error instanceof Overtook)) throw error;
        await this.waitForEnd();
      }
    }
  }

  /** A run that came while the batch before was rolled back has overtaken it: whatever it found does not count. */
  private async run<T>(tx: Tx, work: (tx: Tx) => Promise<T>): Promise<T> {
    // The database runs work again on its own, too.
    if (this.held.given) this.undone.give(false);
    this.came = false;
    const [outcome] = await Promise.allSettled([work(tx)]);
    if (this.came && this.before && !(await this.before.isKept())) throw new Overtook();
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  }

  private mayBeFollowed(): Promise<unknown> {
    return Promise.race([this.held.promise, this.ended.promise]);
  }

  /** Whether what it wrote when it held its locks is there for good. */
  private isKept(): Promise<boolean> {
    return Promise.race([this.undone.promise, this.ended.promise]);
  }

  /** From then on nothing is beside this batch. */
  private async waitForEnd(): Promise<void> {
    if (this.before && !(await this.before.ended.promise)) throw new EarlierBatchFailed();
    this.before = null;
  }
}

/** Given once; whoever waits learns of it. */
function signal<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((give) => {
    resolve = give;
  });
  const own = {
    promise,
    given: false,
    give(value: T) {
      own.given = true;
      resolve(value);
    },
  };
  return own;
}

class EarlierBatchFailed extends Error {}
class Overtook extends Error {}
