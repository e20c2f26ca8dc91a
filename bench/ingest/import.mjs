import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { median, ratio } from "./figures.mjs";
import { contact, randomOf } from "./items.mjs";
import { cpuSeconds, cpuSecondsOfEnded, start, watchMemory } from "./processes.mjs";
import { differences, tables } from "./tables.mjs";

const root = path.resolve(import.meta.dirname, "../..");
const folder = path.join(root, "bench/.data/files");
const customers = 20_000;
const columns = ["ref", "customer", "channel", "direction", "initiative", "kind", "occurred_at", "summary"];
/** As `npm run import` starts it. */
const importer = ["--max-semi-space-size=16", path.join(root, "dist/src/import.js")];

/** `npm run import` of made-up contacts, and of Online Retail where it is, beside COPY of what each left behind. */
export async function runImports(cluster, { rounds, rows, retailRounds, log }) {
  const contacts = {
    name: "contacts",
    mapping: path.join(import.meta.dirname, "interactions.yaml"),
    source: "crm",
    file: await writeContacts(rows),
    rounds,
  };
  const retail = {
    name: "online-retail",
    mapping: path.join(root, "examples/mappings/online-retail.yaml"),
    source: "shop",
    file: path.resolve(root, process.env.DATA_DIR || "../shared/data", "online_retail/online_retail.csv.gz"),
    rounds: retailRounds,
  };
  const results = { contacts: await compare(cluster, contacts, log) };
  if (retailRounds === 0) log("  import: Online Retail is left out of a quick run");
  else if (existsSync(retail.file)) results.onlineRetail = await compare(cluster, retail, log);
  else log(`  import: SKIPPED Online Retail, ${retail.file} is not there; set DATA_DIR`);
  return { ratio: results.contacts.ratio, ...results };
}

/** Interleaved rounds into empty databases. */
async function compare(cluster, data, log) {
  const postmaster = await cluster.postmaster();
  const figures = { ours: [], copy: [] };
  let files;
  for (let round = 0; round < data.rounds; round++) {
    const ours = await importOnce(cluster, data, postmaster);
    files ??= await dump(cluster, "imported");
    const copy = await copyOnce(cluster, files, ours.rows, postmaster);
    figures.ours.push(ours);
    figures.copy.push(copy);
    const rates = [ours, copy].map((f) => Math.round(f.rowsPerSecond));
    log(`  import ${data.name}, round ${round + 1}: ours ${rates[0]} rows/s, COPY ${rates[1]} rows/s`);
    const wrong = await differences(cluster, "imported", "copied");
    if (wrong.length) throw new Error(`COPY left other rows behind than the import:\n${wrong.join("\n")}`);
  }
  return {
    ratio: ratio(figures.ours, figures.copy, (f) => f.rowsPerSecond).median,
    /** Less noisy on a shared machine: COPY's CPU time per row to that of the import, both its processes. */
    cpuRatio: ratio(figures.ours, figures.copy, (f) => 1 / (f.postgresMicros + f.programMicros)).median,
    table: Object.entries(figures).map(([contender, shots]) => ({
      contender,
      rowsPerSecond: Math.round(median(shots.map((f) => f.rowsPerSecond))),
      programMicrosecondsPerRow: median(shots.map((f) => f.programMicros)),
      postgresMicrosecondsPerRow: median(shots.map((f) => f.postgresMicros)),
      memory: shots.at(-1).memory,
    })),
    rows: figures.ours[0].rows,
    tables: files.map(({ table, count }) => `${count} ${table}`).join(", "),
  };
}

async function writeContacts(rows) {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `interactions-${rows}.csv`);
  const random = randomOf(11);
  const stream = createWriteStream(file);
  stream.write(`${columns.join(",")}\n`);
  for (let n = 0; n < rows; n++) {
    const item = contact(random, n, customers);
    const { sourceRef, customer, channel, direction, initiative, kind, occurredAt, summary } = item;
    const cells = [sourceRef, customer.sourceRef, channel, direction, initiative, kind, occurredAt];
    if (!stream.write(`${[...cells, quotedAsNeeded(summary)].join(",")}\n`)) await once(stream, "drain");
  }
  stream.end();
  await once(stream, "finish");
  return file;
}

/** As every writer of CSV does it. */
function quotedAsNeeded(text) {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows per second as the import itself reports them: without the start of Node, as COPY is without that of psql. */
async function importOnce(cluster, { mapping, source, file }, postmaster) {
  await cluster.create("imported");
  await cluster.checkpoint();
  const before = cpuSeconds(postmaster);
  const endedBefore = cpuSecondsOfEnded();
  const rejects = path.join(folder, "rejects.jsonl");
  const program = start(
    [...importer, "--mapping", mapping, "--source", source, "--rejects", rejects, file],
    cluster.environment("imported"),
  );
  const stopWatching = watchMemory(program.pid);
  // Its processor time is told when it has ended: looking at all processes meanwhile would take some from it alone.
  const output = await program.ended;
  const [, read, rejected, seconds] =
    /([\d,]+) rows read, .* ([\d,]+) rejected, ([\d.,]+) s, /.exec(output) ?? [];
  const rows = number(read);
  if (!rows || number(rejected) > 0) throw new Error(`the import did not take all rows:\n${output}`);
  return {
    rows,
    rowsPerSecond: rows / number(seconds),
    programMicros: (1e6 * (cpuSecondsOfEnded() - endedBefore)) / rows,
    postgresMicros: (1e6 * (cpuSeconds(postmaster) - before)) / rows,
    memory: stopWatching(),
  };
}

function number(text = "0") {
  return Number(text.replaceAll(",", ""));
}

/** The server writes each table that the import filled into a file of its own. */
async function dump(cluster, database) {
  const sql = cluster.connect(database);
  const files = [];
  for (const table of tables) {
    const [{ names }] = await sql`
      select string_agg(quote_ident(attname), ', ' order by attnum) as names
      from pg_attribute where attrelid = ${table}::regclass and attnum > 0 and not attisdropped`;
    const file = path.join(cluster.data, `ingest-${table}.copy`);
    const { count } = await sql.unsafe(`copy ${table} (${names}) to '${file}'`);
    if (count) files.push({ table, names, file, count });
  }
  await sql.end();
  return files;
}

/** All tables on one connection in one transaction, with every index and foreign key in place. */
async function copyOnce(cluster, files, rows, postmaster) {
  await cluster.create("copied");
  await cluster.checkpoint();
  const sql = cluster.connect("copied");
  await sql`select 1`;
  const before = cpuSeconds(postmaster);
  const began = performance.now();
  await sql.begin(async (tx) => {
    for (const { table, names, file } of files) await tx.unsafe(`copy ${table} (${names}) from '${file}'`);
  });
  const wallMs = performance.now() - began;
  const postgresMicros = (1e6 * (cpuSeconds(postmaster) - before)) / rows;
  await sql.end();
  return { rowsPerSecond: (1000 * rows) / wallMs, programMicros: 0, postgresMicros };
}
