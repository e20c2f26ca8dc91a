import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Cluster, rowMs, untilHolds } from "./support/cluster.js";
import { adminKey } from "./support/server.js";

// Row 14 of the fault table: what a source should never send, and one day does.

const giveUpMs = 60_000;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start(1);
}, 120_000);
afterAll(() => cluster.stop(), 60_000);

const nested = (levels: number) =>
  JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`) as Record<string, unknown>;
const own = (text: string) => JSON.parse(text) as Record<string, unknown>;

const poison: [string, Record<string, unknown>][] = [
  ["NUL in a text", { summary: "a\u0000b" }],
  ["NUL in attributes", { attributes: { a: "a\u0000b" } }],
  ["NUL in a key", { attributes: { "a\u0000b": 1 } }],
  ["NUL as an escape in a text", { summary: "a\\u0000b" }],
  ["a lone surrogate in a text", { summary: "a\ud800b" }],
  ["a lone surrogate in attributes", { attributes: { a: "\udc00" } }],
  ["a text of a megabyte", { body: "x".repeat(1024 * 1024) }],
  ["attributes of a megabyte", { attributes: { a: "x".repeat(1024 * 1024) } }],
  ["attributes above what NOTIFY carries", { attributes: { a: "x".repeat(9_000) } }],
  ["attributes of many levels", { attributes: nested(60) }],
  ["attributes of very many levels", { attributes: nested(2_000) }],
  ["a key of ten thousand characters", { attributes: { ["k".repeat(10_000)]: 1 } }],
  ["a prototype's key", { attributes: own('{"__proto__":{"polluted":true}}') }],
  ["a constructor's key", { attributes: own('{"constructor":{"prototype":{"polluted":true}}}') }],
  ["numbers at their ends", { attributes: own('{"a":1e308,"b":-0.0,"c":9007199254740993,"d":5e-324}') }],
  ["texts that look like SQL", { summary: "'); drop table events; --", body: "$1 \\copy \\x00" }],
  ["characters that reorder and combine", { summary: "\u202eabc\u0301\u200d\ufeff😀" }],
  ["a time beyond all calendars", { occurredAt: "9999-12-31T23:59:59Z" }],
  ["a duration out of range", { durationSeconds: -2_147_483_648 }],
];

test(
  "14: poison is refused with a code or stored exactly, and never stops the sequencer or a reader",
  async () => {
    const load = cluster.load({ writers: 1 });
    await untilHolds(async () => load.acknowledged > 0, giveUpMs);
    const [subscriber] = await cluster.subscribe(1);
    const became: [string, string][] = [];
    for (const [index, [what, fields]] of poison.entries()) {
      const ref = `poison-${index}`;
      const { code, id } = await record(ref, fields);
      cluster.attempts.push({
        ref,
        customerRef: "poisoned",
        sentAt: 0,
        isBad: !id,
        outcome: id ? "ok" : "fail",
        ids: id ? [id] : [],
        sends: 1,
      });
      became.push([what, id ? await compare(id, fields) : /^[A-Z_]+$/.test(code) ? "refused" : code]);
      // The feed goes on behind it: the poisoned contact itself, and what others write.
      if (id) await subscriber!.got(() => subscriber!.deliveries.some(({ subjectId }) => subjectId === id));
      const before = subscriber!.deliveries.length;
      await subscriber!.got(() => subscriber!.deliveries.length > before);
    }
    const exact = became.filter(([, how]) => how === "stored exactly").length;
    await cluster.tell("14", {
      poisons: became.length,
      refused: became.length - exact,
      storedExactly: exact,
    });
    expect(became.filter(([, how]) => !["refused", "stored exactly"].includes(how))).toEqual([]);
    expect(new Set(became.map(([, how]) => how)).size).toBe(2);
    expect(await cluster.findings()).toEqual([]);
    expect(subscriber!.breaks).toEqual([]);
  },
  rowMs,
);

async function post(query: string, variables: object) {
  const response = await fetch(cluster.urls[0]!, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${adminKey}` },
    body: JSON.stringify({ query, variables }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: an answer's shape follows from its document
  return (await response.json()) as any;
}

async function record(ref: string, fields: object): Promise<{ code: string; id: string | null }> {
  const { data, errors } = await post(
    `mutation ($input: RecordInteractionsInput!) { recordInteractions(input: $input) {
      results { interaction { id } error { code } } } }`,
    {
      input: {
        source: "faults",
        interactions: [
          {
            sourceRef: ref,
            customer: { sourceRef: "poisoned" },
            channel: "chat",
            direction: "INBOUND",
            initiative: "UNSOLICITED",
            kind: "message",
            occurredAt: "2026-11-21T09:30:00Z",
            ...fields,
          },
        ],
      },
    },
  );
  const [result] = data?.recordInteractions?.results ?? [];
  const code = errors?.[0]?.extensions.code ?? result?.error?.code ?? "no code";
  return {
    code: code === "INTERNAL_SERVER_ERROR" ? "a fault of ours" : code,
    id: result?.interaction?.id ?? null,
  };
}

async function compare(id: string, fields: Record<string, unknown>): Promise<string> {
  const names = Object.keys(fields).join(" ");
  const { data } = await post(
    `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Interaction { ${names} } } }`,
    { ids: [id] },
  );
  const stored = JSON.stringify(data?.nodes[0]);
  return stored === JSON.stringify(fields) ? "stored exactly" : `stored as ${stored?.slice(0, 200)}`;
}
