import { Command } from "commander";
import { readConfig } from "./config.js";
import { beginEpoch } from "./cross-domain/live/epoch.js";
import { openDatabase } from "./platform/database/database.js";
import { migrateDatabase } from "./platform/database/migrate.js";
import { connectionOf, runMain } from "./runtime.js";

const about = `
Run it once after the database was restored from a backup, or after a failover that may have lost commits: events
that subscribers have seen may be gone, and their places will be given to others. Every stream then ends with
CURSOR_EPOCH, every cursor given out before is refused with it, and clients begin with a new snapshot.
Running nodes notice within a second. Without a loss it is not needed, and does no harm but that.

The database is the one of DATABASE_URL, else the embedded one in DATA_FOLDER, whether the server runs or not.`;

new Command("feed:new-epoch")
  .description("Declares that the event log was put back: cursors of before are no longer valid.")
  .addHelpText("after", about)
  .parse();

/** `npm run feed:new-epoch`. */
await runMain(async () => {
  const postgres = await connectionOf(readConfig(process.env));
  const database = openDatabase(postgres.connection);
  try {
    await migrateDatabase(postgres.connection);
    const { epoch, head } = await beginEpoch(database);
    console.log(`The event log is in epoch ${epoch}; its last position is ${head}.`);
  } finally {
    await database.close();
    await postgres.stop();
  }
});
