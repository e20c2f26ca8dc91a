import { setTimeout as pause } from "node:timers/promises";

/** Every table that holds customers' data or ingest's own, in an order that foreign keys allow. */
export const tables = [
  "sources",
  "customers",
  "profiles",
  "identity_claims",
  "identities",
  "record_claims",
  "conversations",
  "interactions",
  "purchases",
  "purchase_items",
  "purchase_returns",
  "purchase_return_items",
  "events",
  "import_runs",
];

/** What is the same in two databases that got the same items: everything but ids, times of recording and places in the feed. */
const contents = [
  [
    "rows of the source",
    `select source_ref, channel, direction, initiative, actor, kind, summary, body, occurred_at from interactions`,
  ],
  [
    "claims that lead to their record",
    `select k.source, k.kind, k.source_ref from record_claims k join interactions i on i.id = k.record_id and i.source_ref = k.source_ref`,
  ],
  // Which batch came first is not the same everywhere, so numbers and subjects are compared apart.
  [
    "event numbers per customer",
    `select p.source_ref, e.seq, e.type from events e join profiles p using (customer_id)`,
  ],
  [
    "what events are about",
    `select i.source_ref, e.type, e.occurred_at from events e join interactions i on i.id = e.subject_id and i.customer_id = e.customer_id`,
  ],
  [
    "customers' event numbers",
    `select p.source_ref, c.seq, (select count(*) from events e where e.customer_id = c.id) from customers c join profiles p on p.customer_id = c.id`,
  ],
  ["identities seen", `select value, first_seen_at, last_seen_at from identities`],
];

/** Lines that say where two databases differ. */
export async function differences(cluster, left, right) {
  const [a, b] = [left, right].map((database) => cluster.connect(database));
  try {
    const queries = [
      ...tables.map((table) => [`number of ${table}`, `select count(*)::text as it from ${table}`]),
      ["stamped", "select count(*) || ' to ' || max(pos) as it from events where pos is not null"],
      ...contents.map(([what, query]) => [
        what,
        `select md5(string_agg(t::text, e'\\n' order by t::text)) as it from (${query}) as t`,
      ]),
    ];
    const found = [];
    for (const [what, query] of queries) {
      const [[x], [y]] = await Promise.all([a.unsafe(query), b.unsafe(query)]);
      if (x.it !== y.it) found.push(`${what}: ${x.it} in ${left}, ${y.it} in ${right}`);
    }
    return found;
  } finally {
    await Promise.all([a.end(), b.end()]);
  }
}

const lookAgainMs = 5;

/** Waits until every event has its place in the feed. */
export async function waitUntilStamped(cluster, database) {
  const sql = cluster.connect(database);
  try {
    while ((await sql`select 1 from events where pos is null limit 1`).length) await pause(lookAgainMs);
  } finally {
    await sql.end();
  }
}
