import http from "node:http";
import path from "node:path";
import { median, ratio } from "./figures.mjs";
import { contact, customerRef, randomOf } from "./items.mjs";
import { cpuSeconds, start, watchMemory } from "./processes.mjs";
import { differences, waitUntilStamped } from "./tables.mjs";

const source = "crm";
const customers = 20_000;
const batchItems = 1_000;
const connections = 4;
const adminKey = "benchmark-only-0123456789";
const root = path.resolve(import.meta.dirname, "../..");

const document = `mutation ($input: RecordInteractionsInput!) {
  recordInteractions(input: $input) { results { index outcome error { code field message } } }
}`;

/** Each contender has a database of its own that starts with the same customers; both get the same batches. */
const contenders = [
  {
    name: "ours",
    args: [path.join(root, "dist/src/main.js")],
    env: { PORT: "0", ADMIN_API_KEY: adminKey, LOG_LEVEL: "error" },
    listening: /GraphQL\s+http:\/\/[^:]+:(\d+)/,
    path: "/graphql",
    body: (interactions) => ({ query: document, variables: { input: { source, interactions } } }),
  },
  {
    name: "insert",
    args: [path.join(import.meta.dirname, "insert-server.mjs")],
    env: {},
    listening: /listening on (\d+)/,
    path: "/",
    body: (interactions) => ({ source, interactions }),
  },
  {
    name: "insert-without-feed",
    args: [path.join(import.meta.dirname, "insert-server.mjs")],
    env: { STAMP: "off" },
    listening: /listening on (\d+)/,
    path: "/",
    body: (interactions) => ({ source, interactions }),
  },
];

/** `recordInteractions` beside inserts written by hand, in interleaved rounds over HTTP. */
export async function runMutation(cluster, { rounds, batches, log }) {
  await seed(cluster);
  const random = randomOf(7);
  let made = 0;
  const nextBatch = () => Array.from({ length: batchItems }, () => contact(random, made++, customers));
  const postmaster = await cluster.postmaster();
  const runs = [];
  for (const contender of contenders) {
    const database = `mutation_${contender.name.replaceAll("-", "_")}`;
    await cluster.create(database, "seeded");
    const program = start(contender.args, { ...contender.env, ...cluster.environment(database) });
    const [, port] = await program.printed(contender.listening);
    const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
    runs.push({ contender, database, program, port, agent, figures: [] });
  }
  const watches = [];
  try {
    for (let round = -1; round < rounds; round++) {
      if (round === 0) for (const run of runs) watches.push(watchMemory(run.program.pid));
      const items = Array.from({ length: batches }, nextBatch);
      for (const run of round % 2 ? runs : runs.toReversed()) {
        const figures = await shoot(cluster, run, items, postmaster);
        if (round >= 0) run.figures.push(figures);
        log(
          `  mutation, round ${round + 1}: ${run.contender.name} ${Math.round(figures.rowsPerSecond)} rows/s`,
        );
      }
    }
    const wrong = await differences(cluster, runs[0].database, runs[1].database);
    if (wrong.length) throw new Error(`the contenders left different rows behind:\n${wrong.join("\n")}`);
    return summary(
      runs,
      watches.map((stop) => stop()),
    );
  } finally {
    for (const { program, agent } of runs) {
      agent.destroy();
      await program.stop();
    }
  }
}

function summary(runs, memories) {
  const [ours, ...others] = runs;
  const table = runs.map(({ contender, figures }, i) => ({
    contender: contender.name,
    rowsPerSecond: Math.round(median(figures.map((f) => f.rowsPerSecond))),
    apiMicrosecondsPerRow: median(figures.map((f) => f.apiMicros)),
    postgresMicrosecondsPerRow: median(figures.map((f) => f.postgresMicros)),
    ...(i && { oursToThis: ratio(ours.figures, figures, (f) => f.rowsPerSecond) }),
    memory: memories[i],
  }));
  return {
    table,
    /** Less noisy on a shared machine: theirs to ours in CPU time per row, Postgres included. */
    cpuRatio: ratio(ours.figures, others[0].figures, (f) => 1 / (f.apiMicros + f.postgresMicros)).median,
    ratio: ratio(ours.figures, others[0].figures, (f) => f.rowsPerSecond).median,
    ratioWithoutFeed: ratio(ours.figures, others[1].figures, (f) => f.rowsPerSecond).median,
  };
}

async function seed(cluster) {
  await cluster.create("seeded");
  const sql = cluster.connect("seeded");
  await sql`insert into sources (code, name) values (${source}, ${source})`;
  await sql`insert into customers (id, anonymous) select uuidv7(), false from generate_series(1, ${customers})`;
  await sql`
    create temporary table people as
      select row_number() over () - 1 as n, id as customer_id, uuidv7() as profile_id, uuidv7() as identity_id from customers`;
  const ref = sql`'C' || lpad(n::text, 7, '0')`;
  if (customerRef(42) !== "C0000042") throw new Error("customers are named in another way");
  await sql`insert into profiles (id, customer_id, source, source_ref, observed_at)
    select profile_id, customer_id, ${source}, ${ref}, '2026-01-01Z' from people`;
  await sql`insert into identity_claims (kind, value, customer_id)
    select 'EXTERNAL_ID', ${source} || ':' || ${ref}, customer_id from people`;
  await sql`insert into identities (id, customer_id, profile_id, kind, value, source, first_seen_at, last_seen_at)
    select identity_id, customer_id, profile_id, 'EXTERNAL_ID', ${source} || ':' || ${ref}, ${source}, '2026-01-01Z', '2026-01-01Z'
    from people`;
  await sql.unsafe("vacuum analyze");
  await sql.end();
}

/** Sends the batches over four connections; a shot ends when every event has its place in the feed. */
async function shoot(cluster, run, items, postmaster) {
  const { contender, program, database } = run;
  const bodies = items.map((batch) => Buffer.from(JSON.stringify(contender.body(batch))));
  await cluster.checkpoint();
  const before = [performance.now(), cpuSeconds(program.pid), cpuSeconds(postmaster)];
  let next = 0;
  const sender = async () => {
    while (next < bodies.length) await post(run, bodies[next++]);
  };
  await Promise.all(Array.from({ length: connections }, sender));
  const answered = performance.now();
  if (contender.env.STAMP !== "off") await waitUntilStamped(cluster, database);
  const rows = items.length * batchItems;
  return {
    rowsPerSecond: (1000 * rows) / (answered - before[0]),
    apiMicros: (1e6 * (cpuSeconds(program.pid) - before[1])) / rows,
    postgresMicros: (1e6 * (cpuSeconds(postmaster) - before[2])) / rows,
  };
}

async function post({ port, agent, contender }, body) {
  const { promise, resolve, reject } = withResolvers();
  const request = http.request(
    {
      port,
      agent,
      host: "127.0.0.1",
      path: contender.path,
      method: "POST",
      headers: {
        "content-type": "application/json",
        "content-length": body.length,
        authorization: `Bearer ${adminKey}`,
      },
    },
    (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => {
        text += part;
      });
      response.on("end", () => resolve(text));
    },
  );
  request.on("error", reject);
  request.end(body);
  const { data, errors, results = data?.recordInteractions.results } = JSON.parse(await promise);
  if (errors || results?.length !== batchItems || results.some(({ error }) => error))
    throw new Error(`${contender.name} refused a batch: ${JSON.stringify(errors ?? results).slice(0, 500)}`);
}

function withResolvers() {
  const deferred = {};
  deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }));
  return deferred;
}
