/**
 * The contender written by hand: plain HTTP, prepared `insert … select from unnest(…)`, nothing checked but what the
 * tables check. Leaves behind what `recordInteractions` leaves behind for items of known customers.
 */
import { randomFillSync } from "node:crypto";
import { createServer } from "node:http";
import postgres from "postgres";

const sql = postgres(process.env.DATABASE_URL, { max: 8, onnotice: () => {} });
const stampAfterCommit = process.env.STAMP !== "off";

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    try {
      const { source, interactions } = JSON.parse(Buffer.concat(chunks).toString());
      const results = await record(source, interactions);
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ results }));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
});
server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
process.on("SIGTERM", async () => {
  await sql.end({ timeout: 1 });
  process.exit(0);
});

async function record(source, items) {
  const sorted = items.toSorted((a, b) => (a.sourceRef < b.sourceRef ? -1 : 1));
  const ids = sorted.map(uuid7);
  const refs = sorted.map((item) => item.sourceRef);
  const names = [...new Set(sorted.map((item) => `${source}:${item.customer.sourceRef}`))];
  const results = await sql.begin(async (tx) => {
    const [claimed, people] = await Promise.all([
      tx`insert into record_claims (source, kind, source_ref, record_id)
         select ${source}, 'INTERACTION', ref, id from unnest(${refs}::text[], ${ids}::uuid[]) as t (ref, id)
         on conflict do nothing returning source_ref`,
      tx`select i.value, c.id, c.seq, i.profile_id
         from identity_claims k
           join customers c on c.id = k.customer_id
           join identities i on i.customer_id = k.customer_id and i.kind = k.kind and i.value = k.value and i.source = ${source}
         where k.kind = 'EXTERNAL_ID' and k.value = any(${names}::text[])
         order by c.id for no key update of c`,
    ]);
    if (claimed.length < refs.length) throw new Error("this benchmark sends nothing twice");
    const known = new Map(people.map((row) => [row.value, row]));
    const facts = sorted.map((item, i) => {
      const person = known.get(`${source}:${item.customer.sourceRef}`);
      person.seq = Number(person.seq) + 1;
      return { item, id: ids[i], person, seq: person.seq };
    });
    await write(tx, source, facts, people);
    return facts.map(({ item, id }) => ({ sourceRef: item.sourceRef, id }));
  });
  if (stampAfterCommit) stampSoon();
  return results;
}

function write(tx, source, facts, people) {
  const column = (read) => facts.map(read);
  const customers = column((fact) => fact.person.id);
  const ids = column((fact) => fact.id);
  const times = column((fact) => fact.item.occurredAt);
  const seen = new Map();
  for (const { item, person } of facts) {
    const [first, last] = seen.get(person) ?? [item.occurredAt, item.occurredAt];
    seen.set(person, [
      item.occurredAt < first ? item.occurredAt : first,
      item.occurredAt > last ? item.occurredAt : last,
    ]);
  }
  return Promise.all([
    tx`insert into interactions
         (id, customer_id, profile_id, source, source_ref, channel, direction, initiative, kind, summary, occurred_at)
       select id, customer_id, profile_id, ${source}, source_ref, channel, direction::interaction_direction,
         initiative::interaction_initiative, kind, summary, occurred_at
       from unnest(${ids}::uuid[], ${customers}::uuid[], ${column((f) => f.person.profile_id)}::uuid[],
         ${column((f) => f.item.sourceRef)}::text[], ${column((f) => f.item.channel)}::text[],
         ${column((f) => f.item.direction)}::text[], ${column((f) => f.item.initiative)}::text[],
         ${column((f) => f.item.kind)}::text[], ${column((f) => f.item.summary)}::text[], ${times}::timestamptz[])
         as t (id, customer_id, profile_id, source_ref, channel, direction, initiative, kind, summary, occurred_at)`,
    tx`insert into events (customer_id, seq, id, type, subject_id, occurred_at)
       select customer_id, seq, id, 'INTERACTION_RECORDED', subject_id, occurred_at
       from unnest(${customers}::uuid[], ${column((f) => f.seq)}::bigint[], ${facts.map(uuid7)}::uuid[], ${ids}::uuid[],
         ${times}::timestamptz[]) as t (customer_id, seq, id, subject_id, occurred_at)`,
    tx`update customers set seq = t.seq
       from unnest(${people.map((p) => p.id)}::uuid[], ${people.map((p) => p.seq)}::bigint[]) as t (id, seq)
       where customers.id = t.id`,
    tx`update identities set first_seen_at = least(first_seen_at, t.first), last_seen_at = greatest(last_seen_at, t.last)
       from unnest(${people.map((p) => p.id)}::uuid[], ${people.map((p) => p.profile_id)}::uuid[],
         ${people.map((p) => p.value)}::text[], ${people.map((p) => seen.get(p)[0])}::timestamptz[],
         ${people.map((p) => seen.get(p)[1])}::timestamptz[]) as t (customer_id, profile_id, value, first, last)
       where identities.customer_id = t.customer_id and identities.profile_id = t.profile_id
         and identities.kind = 'EXTERNAL_ID' and identities.value = t.value
         and (first_seen_at > t.first or last_seen_at < t.last)`,
  ]);
}

let stamping = null;
let again = false;

/** Places in the feed are given after commit, by one writer: the product's log has them too. */
function stampSoon() {
  again = true;
  if (stamping) return;
  stamping = stamp().finally(() => {
    stamping = null;
  });
}

async function stamp() {
  while (again) {
    again = false;
    await sql.begin(async (tx) => {
      const [{ head }] = await tx`select head from feed_head where id = 1 for update`;
      const [{ count }] = await tx`
        with pending as materialized (
          select customer_id, seq, row_number() over (order by ord) as n from events where pos is null order by ord),
        stamped as (
          update events set pos = ${head}::bigint + pending.n from pending
          where events.customer_id = pending.customer_id and events.seq = pending.seq returning 1)
        select count(*) from stamped`;
      await tx`update feed_head set head = head + ${count}::bigint where id = 1`;
    });
  }
}

const pool = new Uint8Array(4096);
let used = pool.length;
let lastMs = 0;
let counter = 0;

/** UUIDv7 with a counter, so that ids made together lie together in the index. */
function uuid7() {
  const now = Math.max(Date.now(), lastMs);
  counter = now > lastMs ? 0 : (counter + 1) & 0xfff;
  lastMs = now;
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += 8;
  const random = Buffer.from(pool.buffer, used - 8, 8).toString("hex");
  const time = now.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}-8${random.slice(1, 4)}-${random.slice(4)}`;
}
