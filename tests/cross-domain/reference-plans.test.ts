import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { startTestApp, type TestApp } from "../support/app.js";

const document = (name: string) => readFileSync(`tests/operations/${name}.graphql`, "utf8");

/** Two thousand customers with enough of everything that reading a table whole would be the dearer plan. */
const seed = `
  set local session_replication_role = replica;
  create temporary table who on commit drop as
    select n, gen_random_uuid() as id, gen_random_uuid() as profile from generate_series(1, 2000) as n;
  insert into customers (id, display_name) select id, 'Customer ' || n from who;
  insert into identities (id, customer_id, profile_id, kind, value, source, first_seen_at, last_seen_at)
    select gen_random_uuid(), id, profile, 'EMAIL', n || '@example.com', 'crm', now(), now() from who;
  insert into interactions (id, customer_id, profile_id, source, source_ref, channel, direction, initiative, kind, occurred_at)
    select gen_random_uuid(), id, profile, 'crm', n || '-' || k, 'phone', 'INBOUND', 'SOLICITED', 'call', now() - k * interval '1 hour'
    from who, generate_series(1, 30) as k;
  insert into purchases (id, customer_id, profile_id, source, source_ref, order_number, status, currency, total, placed_at)
    select gen_random_uuid(), id, profile, 'shop', n || '-' || k, n || '-' || k, 'PAID', 'EUR', 2.5, now() - k * interval '1 day'
    from who, generate_series(1, 12) as k;
  insert into purchase_items (customer_id, purchase_id, position, sku, quantity, unit_price)
    select customer_id, id, k, 'A' || k, 1, 1.25 from purchases, generate_series(1, 2) as k;
  insert into loyalty_accounts (id, customer_id, tier, joined_at)
    select gen_random_uuid(), id, (select code from loyalty_tiers order by rank limit 1), now() from who;
  insert into loyalty_entries (id, customer_id, profile_id, account_id, source, source_ref, kind, points, pending_delta, active_delta, occurred_at)
    select gen_random_uuid(), customer_id, customer_id, id, 'shop', customer_id || '-' || k, 'EARN', 1, 0, 1, now() - k * interval '1 day'
    from loyalty_accounts, generate_series(1, 8) as k;
  insert into tickets (id, customer_id, profile_id, source, source_ref, number, status, priority, opened_at)
    select gen_random_uuid(), id, profile, 'desk', n || '-' || k, n || '-' || k,
      (case when k = 1 then 'OPEN' else 'CLOSED' end)::ticket_status, 'NORMAL', now() - k * interval '1 day'
    from who, generate_series(1, 12) as k`;

let app: TestApp;
let resolvers: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  resolvers = await startTestApp({ on: app, compiledReads: false });
  await app.database.transaction(async (tx) => {
    for (const statement of seed.split(";")) await tx.execute(sql.raw(statement));
  });
  await app.database.transaction((tx) => tx.execute(sql`analyze`));
});
afterAll(async () => {
  await resolvers.stop();
  await app.stop();
});

interface Node {
  "Node Type": string;
  "Relation Name"?: string;
  "Actual Rows"?: number;
  "Rows Removed by Filter"?: number;
  Plans?: Node[];
}

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** How the server runs a prepared statement once it has settled on one plan for all values. */
async function run(text: string, parameters: readonly string[]): Promise<Node[]> {
  return app.database.transaction(async (tx) => {
    await tx.execute(sql`set local plan_cache_mode = force_generic_plan`);
    await tx.execute(sql.raw(`prepare looked_at as ${text}`));
    const call = parameters.length ? `(${parameters.join(", ")})` : "";
    const rows = await tx.execute<{ "QUERY PLAN": [{ Plan: Node }] }>(
      sql.raw(`explain (analyze, format json) execute looked_at${call}`),
    );
    await tx.execute(sql`deallocate looked_at`);
    return nodesOf(rows[0]?.["QUERY PLAN"][0].Plan as Node);
  });
}

/** The page of the list, and the largest of a customer's lists that is read whole. */
const pageSize = 50;
/** Reference tables of a few rows are read whole, and rightly so. */
const smallTables = ["loyalty_tiers", "channels", "sources"];

async function expectIndexesOnly(text: string, parameters: readonly string[]) {
  const nodes = await run(text, parameters);
  const wholeTables = nodes.filter(
    (node) => node["Node Type"] === "Seq Scan" && !smallTables.includes(node["Relation Name"] as string),
  );
  expect(wholeTables).toEqual([]);
  for (const node of nodes.filter(({ "Node Type": type }) => /Sort/.test(type)))
    expect(node["Actual Rows"]).toBeLessThanOrEqual(pageSize);
  expect(nodes.filter((node) => (node["Rows Removed by Filter"] ?? 0) > pageSize)).toEqual([]);
}

test("the reference read finds everything by indexes, and sorts nothing but a customer's own few rows", async () => {
  const { data } = await app.execute("{ customers(first: 1) { nodes { id } } }");
  const id = data.customers.nodes[0].id as string;
  app.statements.length = 0;
  expect((await app.execute(document("customer-360"), { id })).errors).toBeUndefined();
  expect(app.statements).toHaveLength(1);
  await expectIndexesOnly(app.statements[0] as string, [`'{${id.slice(4)}}'`]);
});

test("the list finds everything by indexes, in its order", async () => {
  app.statements.length = 0;
  expect((await app.execute(document("customer-list"))).errors).toBeUndefined();
  expect(app.statements).toHaveLength(1);
  const sizes = app.statements[0]?.match(/\$\d+/g) ?? [];
  await expectIndexesOnly(
    app.statements[0] as string,
    sizes.map(() => String(pageSize)),
  );
});
