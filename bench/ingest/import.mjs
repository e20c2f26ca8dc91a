import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { once } from "node:events";
import { median, ratio } from "./figures.mjs";
import { contact, randomOf } from "./items.mjs";
import { cpuSeconds, start, watchMemory } from "./processes.mjs";
import { differences, tables } from "./tables.mjs";

const root = path.resolve(import.meta.dirname, "../..");
const folder = path.join(root, "bench/.data/files");
const source = "crm";
const customers = 20_000;
const columns = ["ref", "customer", "channel", "direction", "initiative", "kind", "occurred_at", "summary"];

/** `npm run import` of a file beside COPY of everything that it left behind, into empty databases, in interleaved rounds. */
export async function runImports(cluster, { rounds, rows, log }) {
  const file = await writeFile(rows);
  const importer = { mapping: path.join(import.meta.dirname, "interactions.yaml"), file, rows };
  const postmaster = await cluster.postmaster();
  const figures = { ours: [], copy: [] };
  let dumped;
  for (let round = 0; round < rounds; round++) {
    const ours = await importOnce(cluster, importer, postmaster);
    dumped ??= await dump(cluster, "imported");
    const copy = await copyOnce(cluster, dumped, rows, postmaster);
    figures.ours.push(ours);
    figures.copy.push(copy);
    log(`  import, round ${round + 1}: ours ${Math.round(ours.rowsPerSecond)} rows/s, COPY ${Math.round(copy.rowsPerSecond)} rows/s`);
    const wrong = await differences(cluster, "imported", "copied");
    if (wrong.length) throw new Error(`COPY left other rows behind than the import:\n${wrong.join("\n")}`);
  }
  return {
    ratio: ratio(figures.ours, figures.copy, (f) => f.rowsPerSecond).median,
    table: Object.entries(figures).map(([contender, shots]) => ({
      contender,
      rowsPerSecond: Math.round(median(shots.map((f) => f.rowsPerSecond))),
      withStart: shots[0].withStart && Math.round(median(shots.map((f) => f.withStart))),
      programMicrosecondsPerRow: median(shots.map((f) => f.programMicros ?? 0)),
      postgresMicrosecondsPerRow: median(shots.map((f) => f.postgresMicros)),
      memory: shots.at(-1).memory,
    })),
    tables: dumped.map(({ table, count }) => `${count} ${table}`).join(", "),
  };
}

async function writeFile(rows) {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `interactions-${rows}.csv`);
  const random = randomOf(11);
  const stream = createWriteStream(file);
  stream.write(`${columns.join(",")}\n`);
  for (let n = 0; n < rows; n++) {
    const item = contact(random, n, customers);
    const { sourceRef, customer, channel, direction, initiative, kind, occurredAt, summary } = item;
    const cells = [sourceRef, customer.sourceRef, channel, direction, initiative, kind, occurredAt, `"${summary}"`];
    if (!stream.write(`${cells.join(",")}\n`)) await once(stream, "drain");
  }
  stream.end();
  await once(stream, "finish");
  return file;
}

async function importOnce(cluster, { mapping, file, rows }, postmaster) {
  await cluster.create("imported");
  await cluster.checkpoint();
  const began = performance.now();
  const server = cpuSeconds(postmaster);
  const program = start(
    ["--max-old-space-size=512", path.join(root, "dist/src/import.js"), "--mapping", mapping, "--source", source, "--rejects", path.join(folder, "rejects.jsonl"), file],
    cluster.environment("imported"),
  );
  const stopWatching = watchMemory(program.pid);
  let cpu = 0;
  const looking = setInterval(() => {
    cpu = cpuSeconds(program.pid) || cpu;
  }, 20);
  const output = await program.ended;
  clearInterval(looking);
  const wallMs = performance.now() - began;
  const [, recorded, seconds] = /([\d,]+) items recorded.* ([\d.]+) s, /.exec(output) ?? [];
  if (Number(recorded?.replaceAll(",", "")) !== rows) throw new Error(`the import took ${recorded} of ${rows} rows:\n${output}`);
  return {
    rowsPerSecond: rows / Number(seconds),
    withStart: (1000 * rows) / wallMs,
    programMicros: (1e6 * cpu) / rows,
    postgresMicros: (1e6 * (cpuSeconds(postmaster) - server)) / rows,
    memory: stopWatching(),
  };
}

/** The server writes each table that the import filled into a file of its own. */
async function dump(cluster, database) {
  const sql = cluster.connect(database);
  const files = [];
  for (const table of tables) {
    const [{ columns: names }] = await sql`
      select string_agg(quote_ident(attname), ', ' order by attnum) as columns
      from pg_attribute where attrelid = ${table}::regclass and attnum > 0 and not attisdropped`;
    const file = path.join(cluster.data, `ingest-${table}.copy`);
    const { count } = await sql.unsafe(`copy ${table} (${names}) to '${file}'`);
    if (count) files.push({ table, names, file, count });
  }
  await sql.end();
  return files;
}

async function copyOnce(cluster, files, rows, postmaster) {
  await cluster.create("copied");
  await cluster.checkpoint();
  const sql = cluster.connect("copied");
  await sql`select 1`;
  const began = performance.now();
  const server = cpuSeconds(postmaster);
  await sql.begin(async (tx) => {
    for (const { table, names, file } of files) await tx.unsafe(`copy ${table} (${names}) from '${file}'`);
  });
  const wallMs = performance.now() - began;
  const postgresMicros = (1e6 * (cpuSeconds(postmaster) - server)) / rows;
  await sql.end();
  return { rowsPerSecond: (1000 * rows) / wallMs, postgresMicros };
}
