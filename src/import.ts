import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { ConfigError, readConfig } from "./config.js";
import { importFiles } from "./cross-domain/ingest/import.actions.js";
import { ImportError } from "./cross-domain/ingest/import-error.js";
import { progressView, summaryOf } from "./cross-domain/ingest/progress.js";
import { pendingChannel } from "./cross-domain/live/sequencer.js";
import { openDatabase } from "./platform/database/database.js";
import { migrateDatabase } from "./platform/database/migrate.js";
import { ApiError } from "./platform/errors.js";
import { Suppressions } from "./platform/privacy/suppressions.js";
import { connectionOf, onInterrupt } from "./runtime.js";

const exitCodes = { done: 0, fault: 1, usage: 2, rejects: 3, stopped: 130 } as const;

const examples = `
Examples:
  npm run import -- --mapping examples/mappings/online-retail.yaml --source shop online_retail.csv.gz
  npm run import -- --mapping tickets.yaml --source desk --dry-run monday.jsonl tuesday.jsonl

The database is the one of DATABASE_URL, else the embedded one in DATA_FOLDER, whether the server runs or not.
An import that was interrupted goes on where it stopped when the same command runs again.

Exit codes: 0 everything taken, 1 fault, 2 the command, the mapping or a file is not usable, 3 some rows rejected.`;

interface Options {
  mapping: string;
  source: string;
  format: "csv" | "jsonl" | "auto";
  rejects?: string;
  rejectsWithRows?: true;
  batchSize?: number;
  dryRun?: true;
  restart?: true;
}

const command = new Command("import")
  .description("Imports CSV and JSON Lines files (also .gz) with a mapping file; see examples/mappings.")
  .argument("<files...>", "files to import, in this order")
  .requiredOption("--mapping <file>", "how rows become items, YAML or JSON")
  .requiredOption("--source <name>", "code of the source the data comes from, like shop")
  .addOption(
    new Option("--format <format>", "format of the files").choices(["csv", "jsonl", "auto"]).default("auto"),
  )
  .option("--rejects <file>", "where rejects go (default: <file name>.rejects.jsonl in the current folder)")
  .option("--rejects-with-rows", "rejects hold the rows themselves, so customers' data")
  .option("--batch-size <items>", "items in one transaction (default: 2000, at most 5000)", wholeNumber)
  .option("--dry-run", "check every row, write nothing but the rejects")
  .option("--restart", "go through files again that were imported before")
  .addHelpText("after", examples)
  .exitOverride();

process.exit(await main());

/** Nothing but a line for people leaves this program, whatever goes wrong: no stack trace. */
async function main(): Promise<number> {
  const view = progressView(process.stderr);
  try {
    command.parse();
    return await run(command.args, command.opts<Options>(), view);
  } catch (error) {
    view.end();
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const code = usageCode(error);
    if (code !== null) {
      console.error(`${code}: ${(error as Error).message}`);
      return exitCodes.usage;
    }
    console.error(`FAULT: ${causeOf(error).message.slice(0, 500)}`);
    return exitCodes.fault;
  }
}

async function run(files: readonly string[], options: Options, view: ReturnType<typeof progressView>) {
  const config = readConfig(process.env);
  const stop = new AbortController();
  onInterrupt(() => stop.abort());
  const postgres = await connectionOf(config);
  const database = openDatabase(postgres.connection);
  // A running server learns of new events at once; without one, its next start finds them.
  const onCommitted = () => void database.notify(pendingChannel, "").catch(() => {});
  try {
    await migrateDatabase(postgres.connection);
    const suppressions = await Suppressions.open(database, config.privacySecrets);
    const { format, ...rest } = options;
    const report = await importFiles(
      { database, phoneRegion: config.phoneRegion, suppressions, onCommitted },
      {
        ...rest,
        files,
        format: format === "auto" ? undefined : format,
        signal: stop.signal,
        onProgress: (progress) => view.show(progress),
      },
    );
    view.end();
    console.log(summaryOf(report, process.resourceUsage().maxRSS / 1024));
    if (report.files.some(({ outcome }) => outcome === "STOPPED")) return exitCodes.stopped;
    return report.files.some(({ rejected }) => rejected > 0) ? exitCodes.rejects : exitCodes.done;
  } finally {
    await database.close();
    await postgres.stop();
  }
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

/** The code of what people can put right themselves; null for a fault. */
function usageCode(error: unknown): string | null {
  if (error instanceof ImportError) return error.code;
  if (error instanceof ApiError) return String(error.extensions.code);
  return error instanceof ConfigError ? "CONFIG" : null;
}

/** The layer that runs statements puts their parameters, so customers' data, into its messages: the cause has none. */
function causeOf(error: unknown): Error {
  return error instanceof Error && error.cause instanceof Error ? causeOf(error.cause) : (error as Error);
}
