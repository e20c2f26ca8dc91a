import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { benchFolder, rootFolder } from "../setup/cluster.mjs";
import * as theirs from "./postgraphile.documents.mjs";
import { ask, startServer } from "./server.mjs";

const operation = (name) =>
  readFileSync(path.join(rootFolder, "tests/operations", `${name}.graphql`), "utf8");
/** The documents that are compared, and how many customers a page of the list has. */
export const documents = {
  "customer-360": operation("customer-360"),
  "customer-list": operation("customer-list"),
};
const pageSize = 50;

/**
 * For every contender: V8 takes a server that waits for its turn for one that is not needed, and gives back its memory and
 * with it compiled code. One that is in use keeps them.
 */
const inUse = "--no-memory-reducer";
/** As `npm start` has it. PostGraphile gains by it too; the limit and mercurius would lose. */
const bornYoung = "--no-allocation-site-pretenuring";

const main = path.join(rootFolder, "dist/src/main.js");
const script = (name) => path.join(benchFolder, "contenders", name);
/** PostGraphile 5 is made for Node 22 and costs half as much again on 20, so it gets the binary of the npm package `node`. */
const node22 = path.join(benchFolder, "node_modules/node/bin/node");
/** Its list is ten times as cheap without them: the planner walks a whole index for a merge join that needs 50 rows. */
const noMergeJoins = "-c enable_mergejoin=off -c enable_hashjoin=off";

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {(to: Target, options?: { nodeOptions?: string[] }) => ReturnType<typeof startServer>} start
 * @property {(server: object, to: Target) => Promise<(document: string, customer: string) => string>} asker Learns what its
 *   cursors look like, and returns what makes the body of a request from a document's name and a customer's uuid.
 * @property {(document: string, answer: object) => object} inOurWords
 *
 * @typedef {{ env: NodeJS.ProcessEnv, key: string, headers: Record<string, string>, sample: string }} Target
 */

/** The load spends in a second what a caller has for minutes. Buckets are kept all the same. */
const unlimited = { RATE_LIMIT_POINTS: "1000000000", RATE_LIMIT_RESTORE: "1000000000" };

/** The product itself; `reads` is what the environment variable COMPILED_READS says. */
function ourServer(name, env) {
  return {
    name,
    start: ({ env: database }, { nodeOptions = [] } = {}) =>
      startServer(name, {
        command: process.execPath,
        args: [inUse, bornYoung, ...nodeOptions, main],
        env: {
          ...database,
          ADMIN_API_KEY: "never-used-by-the-benchmark",
          LOG_LEVEL: "warn",
          ...unlimited,
          ...env,
        },
        ready: /GraphQL {3}http/,
      }),
    asker: ourAsker,
    inOurWords: (_, { data }) => data,
  };
}

/** A server that takes our documents. */
function lookalike(name) {
  return {
    name,
    start: ({ env, key }, { nodeOptions = [] } = {}) =>
      startServer(name, {
        command: process.execPath,
        args: [inUse, ...nodeOptions, script(`${name}.mjs`)],
        env: { ...env, BENCH_KEY: key },
        ready: /^ready$/m,
      }),
    asker: ourAsker,
    inOurWords: (_, { data }) => data,
  };
}

const postgraphile = {
  name: "postgraphile",
  start({ env }) {
    if (!existsSync(node22))
      throw new Error(`Node 22 is missing (${node22}): npm rebuild node --prefix bench brings it`);
    return startServer("postgraphile", {
      command: node22,
      args: [inUse, bornYoung, script("postgraphile.mjs")],
      env: { ...env, PGOPTIONS: noMergeJoins, GRAPHILE_ENV: "production" },
      ready: /^ready$/m,
    });
  },
  async asker(server, { headers, sample }) {
    const asked = await ask(
      server,
      headers,
      JSON.stringify({ query: theirs.cursorOf, variables: { id: sample } }),
    );
    const known = Buffer.from(asked.data.customers.edges[0].cursor, "base64").toString();
    const after = (uuid) => Buffer.from(known.replace(sample, uuid)).toString("base64");
    return (document, uuid) =>
      document === "customer-360"
        ? JSON.stringify({ query: theirs.customer360, variables: { id: uuid } })
        : JSON.stringify({ query: theirs.customerList, variables: { after: after(uuid) } });
  },
  inOurWords: (document, answer) =>
    document === "customer-360"
      ? theirs.customer360InOurWords(answer)
      : theirs.customerListInOurWords(answer),
};

/** Ours and those that take our documents: the real cursor of one place tells what every other looks like. */
async function ourAsker(server, { headers }) {
  const query = documents["customer-list"];
  const start = Buffer.from(JSON.stringify(["id-", "cus_ffffffff-ffff-7fff-bfff-ffffffffffff"])).toString(
    "base64url",
  );
  const asked = await ask(server, headers, JSON.stringify({ query, variables: { first: 1, after: start } }));
  const { nodes, pageInfo } = asked.data.customers;
  const known = Buffer.from(pageInfo.endCursor, "base64url").toString();
  const after = (uuid) => Buffer.from(known.replace(nodes.at(-1).id, `cus_${uuid}`)).toString("base64url");
  return (document, uuid) =>
    document === "customer-360"
      ? JSON.stringify({ query: documents[document], variables: { id: `cus_${uuid}` } })
      : JSON.stringify({ query, variables: { first: pageSize, after: after(uuid) } });
}

/** @type {Record<string, Contender>} */
export const contenders = Object.fromEntries(
  [
    // What is compared with each other comes one after the other: the machine's speed changes within seconds.
    lookalike("limit"),
    ourServer("ours", {}),
    postgraphile,
    ourServer("ours-loaders", { COMPILED_READS: "off" }),
    lookalike("mercurius"),
  ].map((contender) => [contender.name, contender]),
);
