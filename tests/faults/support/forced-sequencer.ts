/** A sequencer that stamps without being the leader, in a process of its own: what no server ever starts. */
import { startSequencer } from "../../../src/cross-domain/live/sequencer.js";
import { openDatabase } from "../../../src/platform/database/database.js";

const database = openDatabase({ url: process.env.DATABASE_URL as string });
const sequencer = startSequencer(database, {
  withoutLeaderLock: true,
  onFault: (error) => console.error("fault", (error as Error).message),
  onStamped: (head) => console.log(`stamped ${head}`),
});
const poke = setInterval(() => sequencer.poke(), 5);
process.once("SIGTERM", async () => {
  clearInterval(poke);
  await sequencer.stop();
  await database.close();
});
