import { type App, startApp } from "./app.js";
import { type Config, readConfig } from "./config.js";
import { type DemoKey, demoKey } from "./cross-domain/demo/demo-key.js";
import { type DemoLoad, loadDemo } from "./cross-domain/demo/load.actions.js";
import { answerOnLocalhost, requireFreePort } from "./cross-domain/demo/localhost.js";
import { loadView } from "./cross-domain/demo/progress.js";
import { startTrickle } from "./cross-domain/demo/trickle.js";
import { welcome } from "./cross-domain/demo/welcome.js";
import { createLogger, faultOf, type Logger } from "./platform/log.js";
import { answerHelp, connectionOf, onStopSignal, runMain } from "./runtime.js";

answerHelp(
  "demo",
  "Serves the API with demonstration data, and news that keep coming, until it is asked to stop.",
);

/** `npm run demo`: database, data, server and a trickle of news, without any set-up. */
await runMain(async () => {
  const config = readConfig(process.env);
  const key = demoKey(config);
  await requireFreePort(config.host, config.port);
  const ending = new AbortController();
  const running = startDemo(config, key, ending.signal);
  onStopSignal(async () => {
    ending.abort();
    await (await running).stop();
  });
  const { url, load } = await running;
  if (!ending.signal.aborted) console.log(welcome({ url, key, load }));
});

/** Starts everything in order; the signal ends the start at the next step. What was started is stopped in opposite order. */
async function startDemo(config: Config, key: DemoKey, signal: AbortSignal) {
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const next of stops.splice(0).toReversed()) await next();
  };
  const logger = createLogger(config.logLevel);
  try {
    if (!config.databaseUrl) console.log("Starting PostgreSQL ...");
    const postgres = await connectionOf(config);
    stops.push(postgres.stop);
    // Only the demo's own key is shown in GraphiQL; a key that somebody chose stays theirs.
    const shown = key.file !== null && { shownKey: key.key };
    const app = await startApp({
      ...config,
      ...shown,
      adminKey: key.key,
      connection: postgres.connection,
      logger,
    });
    const localhost = await shownHost(app.url);
    stops.push(localhost.close, app.stop);
    const load = await loadAndShow(app, signal);
    if (load.until !== null && !signal.aborted) stops.push(trickle(app, load.until, logger));
    return { url: localhost.url, load, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function loadAndShow(app: App, signal: AbortSignal): Promise<DemoLoad> {
  const view = loadView(process.stdout);
  try {
    return await loadDemo(app.services, { signal, onProgress: view.show });
  } catch (error) {
    throw new Error(
      `Loading the demonstration data failed, the next start goes on: ${causeOf(error).message}`,
    );
  } finally {
    view.end();
  }
}

/** What runs statements puts all their parameters into its messages: the cause has none. */
function causeOf(error: unknown): Error {
  return error instanceof Error && error.cause instanceof Error ? causeOf(error.cause) : (error as Error);
}

function trickle(app: App, until: string, logger: Logger): () => Promise<void> {
  const onFault = (error: unknown) => logger.warn(faultOf(error), "trickle");
  return startTrickle(app.services, { until, onFault }).stop;
}

/** The address to print: by name where the server listens on loopback or on every address. */
async function shownHost(url: string): Promise<{ url: string; close(): void }> {
  const { hostname, port } = new URL(url);
  if (hostname === "0.0.0.0" || hostname === "[::]") return { url: `http://localhost:${port}`, close() {} };
  if (hostname !== "127.0.0.1") return { url, close() {} };
  const { name, close } = await answerOnLocalhost(Number(port));
  return { url: `http://${name}:${port}`, close };
}
