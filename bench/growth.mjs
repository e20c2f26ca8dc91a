import { contenders, documents } from "./contenders/contenders.mjs";
import { shooter, startLoad } from "./measure/shot.mjs";
import { inWords, startRunner, targetOf, warm } from "./reads.mjs";
import { foreignCoresOf, markdown, median, round, writeResults } from "./report.mjs";
import { prepareDataset } from "./setup/dataset.mjs";

const sizes = [10_000, 100_000];
const largestSize = 1_000_000;
/** A tenth of the smallest size: more would ask for most of its customers. */
const placeCount = 2_000;

/**
 * What the reference reads of ours cost as the number of customers grows, everything else growing with it: a database for
 * each size, asked in turns.
 */
export async function runGrowth(cluster, { largest, rounds, seconds, fresh, results, log }) {
  const load = startLoad();
  const runners = [];
  try {
    for (const customers of largest ? [...sizes, largestSize] : sizes) {
      const database = await prepareDataset(cluster, customers, { fresh, log });
      const { to, places } = await targetOf(cluster, database, placeCount);
      const runner = await startRunner(cluster, contenders.ours, to);
      runners.push({ ...runner, customers, places, headers: to.headers, sql: cluster.connect(database) });
      log(`started at ${customers} customers`);
    }
    const shots = {};
    for (const document of Object.keys(documents))
      shots[document] = await interleave(runners, document, { cluster, load, rounds, seconds, log });
    report(shots, { results, rounds, seconds, log });
  } finally {
    load.stop();
    await Promise.all(runners.map(({ server, sql }) => Promise.all([server.stop(), sql.end()])));
  }
}

async function interleave(runners, document, { rounds, seconds, log, ...common }) {
  const shoots = runners.map(({ customers, server, body, places, headers, sql }) => {
    const bodies = places.map((place) => body(document, place));
    return [customers, shooter({ ...common, server, sql, headers, bodies })];
  });
  for (const [, shot] of shoots) await warm(shot);
  const shots = Object.fromEntries(shoots.map(([customers]) => [customers, []]));
  for (let turn = 0; turn < rounds; turn++) {
    for (const [customers, shot] of turn % 2 ? shoots.toReversed() : shoots) {
      const result = await shot(seconds);
      shots[customers].push(result);
      log(`${document} ${turn + 1}/${rounds} ${customers} customers: ${inWords(result)}`);
    }
  }
  return shots;
}

/** Prints each size beside the one before it: the ratio of a round is the cost per request at ten times the customers. */
function report(shots, { results, rounds, seconds, log }) {
  const ratios = {};
  for (const [document, bySize] of Object.entries(shots)) {
    const rows = Object.entries(bySize).map(([customers, here], i, all) => {
      const before = all[i - 1]?.[1];
      const pair = before && {
        apiCpu: growth(here, before, (shot) => shot.apiCpu),
        postgresCpu: growth(here, before, (shot) => shot.postgresCpu),
        allCpu: growth(here, before, (shot) => shot.apiCpu + shot.postgresCpu),
      };
      if (pair) ratios[document] = { ...ratios[document], [`${customers} / ${all[i - 1][0]}`]: pair };
      const of = (figure) => median(here.map((shot) => shot[figure]));
      const figures = [of("apiCpu").toFixed(3), of("postgresCpu").toFixed(3), Math.round(of("bytes"))];
      return [customers, ...figures, ...(pair ? [pair.apiCpu, pair.postgresCpu, pair.allCpu] : ["", "", ""])];
    });
    const head = [
      `${document}: customers`,
      "API CPU ms",
      "Postgres CPU ms",
      "bytes",
      "API / before",
      "Postgres / before",
      "both / before",
    ];
    console.log(
      `\n${markdown(head, rows)}\n\nOther work on the machine meanwhile: ${foreignCoresOf(bySize)} cores.`,
    );
  }
  if (results)
    log(`written: ${writeResults(results, { ratios, shots }, { rounds, seconds, connections: 16 })}`);
  console.log(`\n${JSON.stringify({ growth: ratios })}`);
}

function growth(here, before, figure) {
  return round(median(here.map((shot, i) => figure(shot) / figure(before[i]))));
}
