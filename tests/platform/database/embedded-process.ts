/** A process of its own that uses the embedded server, for the tests that kill one. Tells its parent when it has it. */
import { startEmbeddedPostgres } from "../../../src/platform/database/embedded.js";

const [dataFolder = ""] = process.argv.slice(2);
const server = await startEmbeddedPostgres({ dataFolder, durable: false });
process.on("message", async () => {
  await server.stop();
  process.disconnect();
});
process.send?.({ adopted: server.adopted });
