import { Command } from "commander";
import type { Config } from "./config.js";
import type { ConnectionOptions } from "./platform/database/database.js";
import { startEmbeddedPostgres } from "./platform/database/embedded.js";
import { databaseErrorIn } from "./platform/database/errors.js";

/** For a server: says what it is when asked with --help, and refuses everything else, because its settings are no arguments. */
export function answerHelp(name: string, description: string): void {
  const settings =
    "\nIts settings are environment variables: PORT, HOST, DATABASE_URL and those in README.md.";
  new Command(name).description(description).addHelpText("after", settings).parse();
}

/** The database that the configuration names: the one of DATABASE_URL, else an embedded one in DATA_FOLDER. */
export async function connectionOf(
  config: Config,
): Promise<{ connection: ConnectionOptions; stop(): Promise<void> }> {
  if (config.databaseUrl) return { connection: { url: config.databaseUrl }, stop: async () => {} };
  return startEmbeddedPostgres({ dataFolder: config.dataFolder });
}

/** Ctrl-C under npm reaches a process twice where the shell passes it on too; nobody types it twice as fast. */
const sameSignalMs = 500;
/** What shells report of a process that Ctrl-C ended. */
const interruptedCode = 130;

/** Signals that ask for an orderly end: the first calls `stop`, another, later than its echo, ends the process at once. */
export function onInterrupt(stop: () => void): void {
  let askedAt: number | null = null;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (askedAt === null) {
        askedAt = performance.now();
        stop();
      } else if (performance.now() - askedAt > sameSignalMs) process.exit(interruptedCode);
    });
  }
}

/** The same for a server: it gives everything back, and the process ends with 0. */
export function onStopSignal(stop: () => Promise<void>): void {
  onInterrupt(() => {
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error("Stopping failed:", rootMessage(error));
        process.exit(1);
      },
    );
  });
}

/** Runs a command's main function; what goes wrong is told in one line, never as a stack trace. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(inWords(error));
    process.exit(1);
  }
}

/** What went wrong, in one line that says where to look. */
function inWords(error: unknown): string {
  const unreachable = databaseErrorIn(error)?.code === "DATABASE_UNREACHABLE";
  return unreachable
    ? `The database cannot be reached (DATABASE_URL): ${rootMessage(error)}`
    : rootMessage(error);
}

/** The words of the innermost cause: those of a failed statement's wrapper repeat its parameters. */
function rootMessage(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? rootMessage(cause) : message;
}
