import { parseArgs } from "node:util";
import { CursorFile } from "./cursor-file.js";
import { CannotFollow, type FeedBatch, followFeed } from "./follow-feed.js";
import { Ledger } from "./ledger.js";
import { presentPlace } from "./present-place.js";
import { prove } from "./proof.js";

const help = `Follows every event of the feed, resumes after every break, and proves at the end that nothing was missed or doubled.

  npm run subscriber -- [options]

  --url URL            GraphQL over HTTP; repeat it for several nodes  (http://localhost:4000/graphql)
  --key KEY            key with events:read and customers:read  (API_KEY or ADMIN_API_KEY of the environment)
  --cursor-file FILE   where the place is kept, so that the next run goes on there  (none: begins at present)
  --events N           ends after N events  (none: ends with Ctrl-C)
  --quiet              prints no line per event
  --help
`;

interface Settings {
  urls: string[];
  key: string;
  cursorFile: CursorFile | undefined;
  events: number;
  quiet: boolean;
}

/** What has to be mended before the program can run. */
class BadSettings extends Error {}

function readSettings(): Settings | null {
  const { values } = parseArgs({
    options: {
      url: { type: "string", multiple: true },
      key: { type: "string" },
      "cursor-file": { type: "string" },
      events: { type: "string" },
      quiet: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return null;
  const key = values.key ?? process.env.API_KEY ?? process.env.ADMIN_API_KEY;
  if (!key) throw new BadSettings("No key: give --key, or set API_KEY.");
  if (values.events && !/^[1-9][0-9]*$/.test(values.events))
    throw new BadSettings("--events must be a whole number above 0.");
  return {
    urls: values.url ?? ["http://localhost:4000/graphql"],
    key,
    cursorFile: values["cursor-file"] ? new CursorFile(values["cursor-file"]) : undefined,
    events: Number(values.events ?? Number.POSITIVE_INFINITY),
    quiet: values.quiet ?? false,
  };
}

/** The proof holds: true. */
async function run({ urls, key, cursorFile, events, quiet }: Settings): Promise<boolean> {
  const enough = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => (enough.signal.aborted ? process.exit(130) : enough.abort()));
  const after = cursorFile?.read() ?? (await presentPlace(urls, key));
  const ledger = new Ledger();
  const lastSeqs = new Map<string, number>();
  let connections = 0;
  const onBatch = (batch: FeedBatch, connection: number) => {
    let cursor = batch.cursor;
    for (const event of batch.events) {
      if (!ledger.take(event, connection)) continue;
      // Here a real integrator deals with the event. What it does must be safe to repeat, or kept with the cursor.
      lastSeqs.set(event.customerId, event.seq);
      if (!quiet) console.log(`${event.occurredAt}  ${event.type}  ${event.customerId} #${event.seq}`);
      cursor = event.cursor;
      if (ledger.delivered === events) break;
    }
    cursorFile?.keep(cursor);
    if (ledger.delivered >= events) enough.abort();
  };
  await followFeed({
    urls,
    key,
    after,
    signal: enough.signal,
    onBatch,
    onConnected: (url, connection) => {
      connections = connection;
      console.error(`connected to ${url}`);
    },
    onBroken: (why, pauseMs) => console.error(`broken: ${why}; again in ${pauseMs} ms`),
  });
  const proof = await prove({ urls, key }, { ledger, connections, after, lastSeqs });
  console.log(proof.lines.join("\n"));
  return proof.holds;
}

try {
  const settings = readSettings();
  if (!settings) console.log(help);
  else process.exitCode = (await run(settings)) ? 0 : 1;
} catch (error) {
  const { message, code } = error as Error & { code?: string };
  const known = error instanceof CannotFollow || error instanceof BadSettings;
  console.error(known || code?.startsWith("ERR_PARSE_ARGS") ? message : `Cannot go on: ${message}`);
  process.exitCode = 2;
}
