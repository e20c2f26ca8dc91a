import { once } from "node:events";
import http from "node:http";
import path from "node:path";
import { text } from "node:stream/consumers";
import { startServer } from "../contenders/server.mjs";
import { rootFolder } from "../setup/cluster.mjs";
import { ask } from "./channel.mjs";
import { contact, customers, profile, source } from "./contacts.mjs";

const inside = ["--expose-gc", "--import", path.join(import.meta.dirname, "inside.mjs")];
const record = `mutation ($input: RecordInteractionsInput!) {
  batch: recordInteractions(input: $input) { results { outcome error { code field message } } }
}`;
const save = `mutation ($input: UpsertProfilesInput!) {
  batch: upsertProfiles(input: $input) { results { outcome error { code field message } } }
}`;

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {() => Promise<Server>} start
 *
 * @typedef {object} Server
 * @property {number} pid
 * @property {import("node:child_process").ChildProcess} child
 * @property {{ port: number, authorization: string }} to What subscribers connect with.
 * @property {(numbers: number[]) => Promise<void>} publish Makes these events in one go; resolves when they are taken.
 * @property {(numbers: number[]) => Promise<number[]>} sentAt When each of them was committed (the baseline: handed over).
 * @property {() => Promise<void>} stop
 */

/**
 * The built server, as two nodes on one database: one takes the `recordInteractions`, the other delivers, and that one is
 * measured; the baseline makes no events either. The customers are made here.
 */
export async function oursOn(database) {
  const subscriber = await database.issueKey("subscribers", [
    "interactions:read",
    "customers:read",
    "pii:read",
  ]);
  const writer = await database.issueKey("writer", ["interactions:write", "customers:write"]);
  const node = (name, more) =>
    startServer(name, {
      command: process.execPath,
      args: [...more, path.join(rootFolder, "dist/src/main.js")],
      env: { ...database.env, ADMIN_API_KEY: "never-used-by-the-benchmark", LOG_LEVEL: "warn" },
      ready: /GraphQL {3}http/,
      channel: more.length > 0,
    });
  const start = async () => {
    const writing = await node("ours, writing", []);
    const server = await node("ours", inside);
    const agent = new http.Agent({ keepAlive: true });
    return {
      ...server,
      to: { port: portOf(server), authorization: subscriber },
      write: (mutation, input) => mutate(writing.url, { agent, authorization: writer }, mutation, input),
      publish(numbers) {
        return this.write(record, { source, interactions: numbers.map(contact) });
      },
      sentAt: database.commitTimes,
      async stop() {
        agent.destroy();
        await server.stop();
        await writing.stop();
      },
    };
  };
  const server = await start();
  try {
    await server.write(save, { source, profiles: Array.from({ length: customers }, (_, n) => profile(n)) });
  } finally {
    await server.stop();
  }
  return { name: "ours", start };
}

/** Plain graphql-ws, fed from memory (baseline.mjs). */
export const baseline = {
  name: "baseline",
  async start() {
    const server = await startServer("baseline", {
      command: process.execPath,
      args: [...inside, path.join(import.meta.dirname, "baseline.mjs")],
      env: {},
      ready: /^ready$/m,
      channel: true,
    });
    const handedOver = new Map();
    return {
      ...server,
      to: { port: portOf(server), authorization: "" },
      async publish(numbers) {
        const times = await ask(server.child, "publish", { numbers });
        for (const [i, number] of numbers.entries()) handedOver.set(number, times[i]);
      },
      sentAt: async (numbers) => numbers.map((number) => handedOver.get(number)),
    };
  },
};

const portOf = ({ url }) => Number(new URL(url).port);

/** Writes a batch on a kept connection; throws unless each of its items is new and recorded. */
async function mutate(url, { agent, authorization }, query, input) {
  const headers = { "content-type": "application/json", authorization };
  const request = http.request(url, { method: "POST", agent, headers });
  request.end(JSON.stringify({ query, variables: { input } }));
  const [response] = await once(request, "response");
  const { data, errors } = JSON.parse(await text(response));
  if (errors)
    throw new Error(`ours answered ${response.statusCode}: ${JSON.stringify(errors).slice(0, 500)}`);
  const refused = data.batch.results.find(({ outcome }) => outcome !== "RECORDED");
  if (refused) throw new Error(`an item was not recorded: ${JSON.stringify(refused)}`);
}
