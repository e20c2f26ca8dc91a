import { Feed } from "../../cross-domain/live/feed.js";
import { type NeededFrom, startRetention } from "../../cross-domain/live/retention.js";
import { type Sequencer, startSequencer } from "../../cross-domain/live/sequencer.js";
import { connectNats } from "../../platform/broker/nats.js";
import type { Database } from "../../platform/database/database.js";
import { faultOf, type Logger } from "../../platform/log.js";
import { watchFeed } from "../feed-metrics.js";
import type { Metrics } from "../metrics.js";
import type { Opened } from "../opened.js";

export interface FeedSettings {
  metrics: Metrics;
  logger: Logger;
  /** Spares nodes reading what another has read; null: every node reads the log. */
  natsUrl: string | null;
  /** Days that events are kept for streams that resume. */
  keepDays: number;
  neededFrom: NeededFrom;
}

export interface RunningFeed {
  feed: Feed;
  /** Call after each commit that appended events. */
  onCommitted(): void;
}

/** The event log of this node: what reads it, gives events their places, passes them to other nodes and removes old ones. */
export async function startFeed(
  database: Database,
  { metrics, logger, natsUrl, keepDays, neededFrom }: FeedSettings,
  opened: Opened,
): Promise<RunningFeed> {
  const onFault = (error: unknown) => logger.error(faultOf(error), "live");
  const broker = natsUrl ? connectNats(natsUrl, { onFault }) : undefined;
  if (broker) opened.add(() => broker.close());
  let sequencer: Sequencer | undefined;
  const leading = () => sequencer?.leading ?? false;
  const feed = new Feed(database, { onFault, broker, leading });
  opened.add(() => feed.close());
  const started = startSequencer(database, { onFault, onStamped: (head) => feed.poke(head) });
  sequencer = started;
  opened.add(() => started.stop());
  await feed.ready();
  const { removed } = watchFeed(metrics, { database, feed, leading });
  const retention = startRetention(database, { keepDays, neededFrom, leading, onRemoved: removed, onFault });
  opened.add(() => retention.stop());
  return { feed, onCommitted: () => started.poke() };
}
