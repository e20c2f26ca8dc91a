import { contenders, documents } from "./contenders/contenders.mjs";
import { checkAgreement } from "./measure/agree.mjs";
import { shooter, startLoad } from "./measure/shot.mjs";
import { countRows, issueKey, prepareDataset } from "./setup/dataset.mjs";
import { samplePlaces } from "./setup/places.mjs";

const customers = 100_000;
/** More than a round asks for, so that no answer is a second one of the same customer soon after the first. */
const placeCount = 8_000;
const comparedPlaces = 25;
/** After this hot functions are compiled: what a request costs falls for some 7,000 requests, to a third of the first. */
const warmUpSeconds = 8;
/**
 * Shots of the same length in turns, so that nobody has been waiting long when counting begins, and with all documents: one
 * that came first when the others were counted would have V8 compile for it meanwhile.
 */
const warmUpRounds = 4;

/**
 * Every contender on every document, interleaved: in each round each has one shot, and every round turns the order.
 * @returns {Promise<{ shots: Record<string, Record<string, import("./measure/shot.mjs").Shot[]>>, rows: Record<string, number> }>}
 *   shots by document and contender, one per round
 */
export async function measureReads(cluster, { names, rounds, seconds, fresh, log }) {
  const database = await prepareDataset(cluster, customers, { fresh, log });
  const { to, places } = await targetOf(cluster, database, placeCount);
  const runners = [];
  const load = startLoad();
  const sql = cluster.connect(database);
  try {
    for (const name of names) {
      log(`starting ${name}`);
      runners.push(await startRunner(cluster, contenders[name], to));
    }
    for (const document of Object.keys(documents)) {
      await checkAgreement(runners, document, places.slice(0, comparedPlaces), to.headers);
      log(`answers agree: ${document}, ${comparedPlaces} places, ${names.join(", ")}`);
    }
    const shots = await interleave(runners, {
      cluster,
      load,
      sql,
      places,
      headers: to.headers,
      rounds,
      seconds,
      log,
    });
    return { shots, rows: await countRows(cluster, database) };
  } finally {
    load.stop();
    await Promise.all([sql.end(), ...runners.map(({ server }) => server.stop())]);
  }
}

/** What a contender needs to know of a database, and whom to ask for. */
export async function targetOf(cluster, database, count) {
  const places = await samplePlaces(cluster, database, count);
  const key = await issueKey(cluster, database);
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  return { places, to: { env: cluster.env(database), key, headers, sample: places[0] } };
}

export async function startRunner(cluster, contender, to, options) {
  const role = await cluster.roleFor(contender.name);
  const server = await contender.start({ ...to, env: { ...to.env, PGUSER: role } }, options);
  try {
    return { contender, server: { ...server, role }, body: await contender.asker(server, to) };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function interleave(runners, { rounds, log, places, ...common }) {
  const shooters = Object.keys(documents).map((document) => [
    document,
    runners.map(({ contender, server, body }) => {
      const bodies = places.map((place) => body(document, place));
      return [contender.name, shooter({ ...common, server, bodies })];
    }),
  ]);
  log("warming up");
  for (let round = 0; round < warmUpRounds; round++)
    for (const [, shoots] of shooters)
      for (const [, shot] of shoots) await shot(warmUpSeconds / warmUpRounds, { byTheClock: true });
  const shots = {};
  for (const [document, shoots] of shooters) {
    shots[document] = Object.fromEntries(shoots.map(([name]) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, shot] of round % 2 ? shoots.toReversed() : shoots) {
        const result = await shot(common.seconds);
        shots[document][name].push(result);
        log(`${document} ${round + 1}/${rounds} ${name.padEnd(12)} ${inWords(result)}`);
      }
    }
  }
  return shots;
}

/** @param {ReturnType<typeof import("./measure/shot.mjs").shooter>} shot */
export async function warm(shot) {
  await shot(warmUpSeconds, { byTheClock: true });
}

export function inWords({ requestsPerSecond, apiCpu, postgresCpu, statements, foreignStatements }) {
  const spoiled = foreignStatements > 0 ? ` (spoiled: ${foreignStatements} statements of others)` : "";
  return `${Math.round(requestsPerSecond)}/s, CPU ${apiCpu.toFixed(3)} + ${postgresCpu.toFixed(3)} ms, ${statements.toFixed(2)} statements${spoiled}`;
}
