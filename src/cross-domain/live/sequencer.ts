import type { Database } from "../../platform/database/database.js";
import { Leader } from "./leader.js";
import { atMostEvery, onceInARow, WakeUp } from "./wake-up.js";

/** Tells the leader, wherever it runs, that events wait for a position. */
export const pendingChannel = "live_pending";
/** Tells every reader how far the feed goes now; the payload is the new head. */
export const stampedChannel = "live_stamped";

/** How late an event can be when every hint is lost, and how soon another node takes over a free lock. */
const pollMs = 500;
/** NOTIFY takes a database-wide lock at commit: 50 a second cost writers nothing, one per commit halves them. */
const hintGapMs = 20;
/** After a fault. Commits do not cut this pause short. */
const pauseAfterFaultMs = 500;
/** How long stop() waits for a running batch before it cuts the connection; the batch is then rolled back. */
const stopGraceMs = 2_000;

export interface SequencerOptions {
  /** Called after each batch, in this process, with the new head. */
  onStamped?: (head: number) => void;
  /** A fault; the sequencer goes on by itself. Equal ones in a row are reported once. */
  onFault: (error: unknown) => void;
  /** For tests: stamps without being the leader. Safe, because the row lock on the feed head is what protects. */
  withoutLeaderLock?: boolean;
}

export interface Sequencer {
  /** Call after each commit that appended events. */
  poke(): void;
  /** Whether this process stamps now. */
  readonly leading: boolean;
  /** Gives the leadership up and waits for a running batch. */
  stop(): Promise<void>;
}

/** Gives committed events their place in the feed. Every node runs one; the one with the lock works. */
export function startSequencer(database: Database, options: SequencerOptions): Sequencer {
  const faults = onceInARow(options.onFault);
  const wakeUp = new WakeUp();
  const leader = new Leader(database, {
    withoutLock: options.withoutLeaderLock ?? false,
    onLost: () => wakeUp.call(),
  });
  const stopCall = new WakeUp();
  let stopped = false;
  let head = 0;
  const notify = (channel: string, payload: string) => database.notify(channel, payload).catch(faults.failed);
  const tellLeader = atMostEvery(hintGapMs, () => notify(pendingChannel, ""));
  const tellReaders = atMostEvery(0, () => notify(stampedChannel, String(head)));
  const onHint = () => {
    if (leader.leading) wakeUp.call();
  };

  const workThrough = async () => {
    while (!stopped && (await leader.lead())) {
      const stamped = await leader.stampBatch();
      if (!stamped) return;
      head = stamped.head;
      options.onStamped?.(head);
      tellReaders();
      if (!stamped.full) return;
    }
  };
  const run = async () => {
    let listening: { stop(): Promise<void> } | undefined;
    while (!stopped) {
      try {
        listening ??= await database.listen(pendingChannel, onHint, onHint);
        await workThrough();
        faults.worked();
        await wakeUp.wait(pollMs);
      } catch (error) {
        faults.failed(error);
        await leader.resign();
        await stopCall.wait(pauseAfterFaultMs);
      }
    }
    await leader.resign();
    await listening?.stop().catch(faults.failed);
  };
  const running = run();
  return {
    poke: () => (leader.leading ? wakeUp.call() : tellLeader()),
    get leading() {
      return leader.leading;
    },
    async stop() {
      stopped = true;
      wakeUp.call();
      stopCall.call();
      const cut = setTimeout(() => void leader.resign(), stopGraceMs);
      await running;
      clearTimeout(cut);
    },
  };
}
