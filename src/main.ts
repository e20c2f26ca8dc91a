import { startApp } from "./app.js";
import { readConfig } from "./config.js";
import { createLogger } from "./platform/log.js";
import { answerHelp, connectionOf, onStopSignal, runMain } from "./runtime.js";

const noAdminKey =
  "ADMIN_API_KEY is not set: only keys in the database are let in, and a new one holds none. Make one: npm run keys -- create NAME --role admin.";

answerHelp("start", "Serves the API until it is asked to stop.");

/** `npm start`: the server on whatever database the environment names. */
await runMain(async () => {
  const config = readConfig(process.env);
  const logger = createLogger(config.logLevel);
  const postgres = await connectionOf(config);
  const app = await startApp({ ...config, connection: postgres.connection, logger }).catch(async (error) => {
    await postgres.stop();
    throw error;
  });
  onStopSignal(async () => {
    await app.stop();
    await postgres.stop();
  });
  if (!config.adminKey) logger.warn(noAdminKey);
  console.log(
    `GraphQL   ${app.url}/graphql\nGraphiQL  ${app.url}/graphiql\nHealth    ${app.url}/health/ready`,
  );
});
