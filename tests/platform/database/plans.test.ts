import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { startTestApp, type TestApp } from "../../support/app.js";

let app: TestApp;
let resolvers: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  resolvers = await startTestApp({ on: app, compiledReads: false });
  // One customer, so that edges are asked for at all.
  await app.database.transaction((tx) =>
    tx.execute(sql`insert into customers (id) values (gen_random_uuid())`),
  );
});
afterAll(async () => {
  await resolvers.stop();
  await app.stop();
});

interface Plan {
  "Node Type": string;
  "Relation Name"?: string;
  Plans?: Plan[];
}

function nodesOf(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

/** The plan of a statement whatever its parameters, from a planner that sorts or reads whole tables only when it must. */
async function plan(statement: string): Promise<Plan[]> {
  const rows = await app.database.transaction(async (tx) => {
    await tx.execute(sql`set local enable_sort = off`);
    await tx.execute(sql`set local enable_seqscan = off`);
    await tx.execute(sql`set local enable_bitmapscan = off`);
    return tx.execute<{ "QUERY PLAN": { Plan: Plan }[] }>(
      sql.raw(`explain (generic_plan, format json) ${statement}`),
    );
  });
  return nodesOf(rows[0]?.["QUERY PLAN"][0]?.Plan as Plan);
}

const edge = (selection: string) => `{ customers(first: 5) { nodes { ${selection} } } }`;

test.each([
  ["customers", "{ customers { nodes { id } } }"],
  ["customers by time", "{ customers(sort: [{ field: CREATED_AT, order: DESC }]) { nodes { id } } }"],
  ["customers by name", "{ customers(sort: [{ field: DISPLAY_NAME }]) { nodes { id } } }"],
  ["interactions", "{ interactions { nodes { id } } }"],
  ["purchases", "{ purchases { nodes { id } } }"],
  ["returns", "{ returns { nodes { id } } }"],
  ["tickets", "{ tickets { nodes { id } } }"],
  ["feedback", "{ feedback { nodes { id } } }"],
  ["a customer's interactions", edge("interactions(first: 20) { nodes { id } }")],
  ["a customer's conversations", edge("conversations { nodes { id } }")],
  ["a customer's purchases", edge("purchases { nodes { id } }")],
  ["a customer's returns", edge("returns { nodes { id } }")],
  ["a customer's tickets", edge("tickets { nodes { id } }")],
  ["a customer's feedback", edge("feedback { nodes { id } }")],
  ["a customer's consent history", edge("consentHistory { nodes { id } }")],
])("%s come off an index in their order, without a sort", async (_name, document) => {
  const statements: string[] = [];
  for (const { path, count } of [
    { path: app, count: 1 },
    { path: resolvers, count: document.includes("first: 5") ? 2 : 1 },
  ]) {
    path.statements.length = 0;
    const { errors } = await path.execute(document);
    expect(errors).toBeUndefined();
    expect(path.statements).toHaveLength(count);
    statements.push(...path.statements);
  }
  for (const statement of statements) {
    const nodes = await plan(statement);
    expect(nodes.map((node) => node["Node Type"]).filter((type) => /Sort|Seq Scan/.test(type))).toEqual([]);
  }
});
