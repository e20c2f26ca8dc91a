import { afterAll, expect, test } from "@jest/globals";
import { type Program, startProgram } from "./support/program.js";
import { createTemporaryFolder } from "./support/temporary-folder.js";

const key = "main-test-key-0123456789";
const { folder, remove } = createTemporaryFolder();
afterAll(remove);

const environment = { DATA_FOLDER: `${folder}/data`, PORT: "0", ADMIN_API_KEY: key, LOG_LEVEL: "error" };

async function started(program: Program): Promise<string> {
  const output = await program.printed(/GraphQL +http:\S+\/graphql/);
  return /GraphQL +(http:\S+)/.exec(output)?.[1] as string;
}

async function ask(url: string, query: string, variables: object = {}, given = key) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${given}` },
    body: JSON.stringify({ query, variables }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: an answer's shape follows from its document
  return { status: response.status, ...((await response.json()) as any) };
}

test("bad variables end the program with all of them in one message, and no stack trace", async () => {
  const program = startProgram("src/main.ts", {
    ...environment,
    PORT: "many",
    LOG_LEVEL: "loud",
    ADMIN_API_KEY: "x",
  });
  expect(await program.ended).toBe(1);
  expect(program.output().trim().split("\n")).toEqual([
    "The environment is not usable:",
    "  PORT must be a whole number from 0 to 65535",
    "  ADMIN_API_KEY must have at least 16 characters",
    "  LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent",
  ]);
});

test("a database that cannot be reached ends the program with one line", async () => {
  const program = startProgram("src/main.ts", {
    ...environment,
    DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
  });
  expect(await program.ended).toBe(1);
  expect(program.output().trim().split("\n")).toHaveLength(1);
});

const RECORD = `mutation ($input: RecordInteractionsInput!) { recordInteractions(input: $input) {
  results { outcome interaction { id sourceRef } } } }`;

function batch(writer: number, number: number) {
  return Array.from({ length: 20 }, (_, i) => ({
    sourceRef: `w${writer}-${number}-${i}`,
    customer: { sourceRef: `p${(number + i) % 50}` },
    channel: "chat",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "message",
    occurredAt: "2026-11-21T09:30:00Z",
  }));
}

test("a kill -9 of the server during writes loses nothing that was acknowledged and leaves nothing half-written; SIGTERM then ends it with 0", async () => {
  const first = startProgram("src/main.ts", environment);
  const url = await started(first);
  const acknowledged: string[] = [];
  let batches = 0;
  const writer = async (name: number) => {
    for (let number = 0; ; number++) {
      const { data } = await ask(url, RECORD, {
        input: { source: "test", interactions: batch(name, number) },
      });
      for (const { interaction } of data.recordInteractions.results) acknowledged.push(interaction.sourceRef);
      if (++batches === 30) first.kill("SIGKILL");
    }
  };
  const writers = await Promise.allSettled([1, 2, 3, 4].map(writer));
  expect(writers.every((outcome) => outcome.status === "rejected")).toBe(true);
  expect(await first.ended).toBe("SIGKILL");

  const second = startProgram("src/main.ts", environment);
  const again = await started(second);
  const { data } = await ask(
    again,
    "{ interactions(first: 1) { totalCount } customers(first: 100) { nodes { seq interactions(first: 1) { totalCount } } } }",
  );

  const stored = new Set<string>();
  for (let after: string | null = null; ; ) {
    const page: {
      data: {
        interactions: {
          nodes: { sourceRef: string }[];
          pageInfo: { hasNextPage: boolean; endCursor: string };
        };
      };
    } = await ask(
      again,
      "query ($after: String) { interactions(first: 100, after: $after) { nodes { sourceRef } pageInfo { hasNextPage endCursor } } }",
      { after },
    );
    for (const node of page.data.interactions.nodes) stored.add(node.sourceRef);
    if (!page.data.interactions.pageInfo.hasNextPage) break;
    after = page.data.interactions.pageInfo.endCursor;
  }
  expect(acknowledged.filter((ref) => !stored.has(ref))).toEqual([]);
  expect(stored.size).toBe(data.interactions.totalCount);
  // Batches are whole, and each contact has its event: a customer's events are its contacts and its making.
  expect(stored.size % 20).toBe(0);
  for (const customer of data.customers.nodes)
    expect(customer.seq).toBe(customer.interactions.totalCount + 1);

  expect((await ask(again, "{ customers { totalCount } }", {}, "some-other-key-0123456789")).status).toBe(
    401,
  );
  second.kill("SIGTERM");
  expect(await second.ended).toBe(0);
}, 120_000);
