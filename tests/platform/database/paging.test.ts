import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { startTestApp, type TestApp } from "../../support/app.js";

const rows = 400;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  // Few distinct values, many nulls, and times that differ by microseconds or not at all.
  await app.database.transaction((tx) =>
    tx.execute(sql`insert into customers (id, display_name, stage, created_at, updated_at)
      select gen_random_uuid(), case when n % 3 = 0 then null else 'name ' || n % 7 end,
        (enum_range(null::customer_stage))[1 + n % 5],
        timestamptz '2026-01-01T00:00:00.123456Z' + (n % 4) * interval '1 microsecond', now()
      from generate_series(1, ${sql.raw(String(rows))}) as n`),
  );
});
afterAll(() => app.stop());

const PAGE = `query ($first: Int, $after: String, $last: Int, $before: String, $sort: [CustomerSort!], $where: CustomerFilter) {
  customers(first: $first, after: $after, last: $last, before: $before, sort: $sort, where: $where) {
    nodes { id displayName stage createdAt } edges { cursor } totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;

async function page(variables: object) {
  const { data, errors } = await app.execute(PAGE, variables);
  expect(errors).toBeUndefined();
  return data.customers;
}

/** Every id, walking the whole list in pages. */
async function walk(
  sort: object[] | null,
  size: number,
  backward: boolean,
  where: object | null = null,
): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const { nodes, pageInfo } = await page(
      backward ? { last: size, before: cursor, sort, where } : { first: size, after: cursor, sort, where },
    );
    const found = nodes.map((node: { id: string }) => node.id);
    if (backward) ids.unshift(...found);
    else ids.push(...found);
    if (!(backward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage)) return ids;
    cursor = backward ? pageInfo.startCursor : pageInfo.endCursor;
  }
}

const sortKey = fc.record({
  field: fc.constantFrom("DISPLAY_NAME", "CREATED_AT", "STAGE"),
  order: fc.constantFrom("ASC", "DESC"),
  nulls: fc.constantFrom("FIRST", "LAST"),
});

test("any order pages forward and backward through the same rows, each once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(sortKey, { maxLength: 3 }),
      fc.integer({ min: 37, max: 100 }),
      async (sort, size) => {
        const forward = await walk(sort, size, false);
        expect(new Set(forward).size).toBe(rows);
        expect(forward).toHaveLength(rows);
        expect(await walk(sort, 100, true)).toEqual(forward);
      },
    ),
    { numRuns: 12, seed: 360 },
  );
});

test("an order is what it says: nulls where asked, ties broken by the id", async () => {
  const sort = [
    { field: "DISPLAY_NAME", order: "DESC", nulls: "FIRST" },
    { field: "CREATED_AT", order: "ASC" },
  ];
  const [first, last] = [await page({ first: 100, sort }), await page({ last: 100, sort })];
  expect(first.nodes.every((node: { displayName: string | null }) => node.displayName === null)).toBe(true);
  expect(last.nodes.at(-1).displayName).toBe("name 0");
  const expected = await app.database.read.execute<{ id: string }>(
    sql`select id from customers order by display_name desc nulls first, created_at, id desc`,
  );
  expect(await walk(sort, 100, false)).toEqual(expected.map((row) => `cus_${row.id}`));
});

test("rows that arrive while a client pages are neither repeated nor make others be skipped", async () => {
  const where = { displayName: { startsWith: "name" } };
  const before = await walk(null, 100, false, where);
  const seen: string[] = [];
  for (let after: string | null = null; ; ) {
    const { nodes, pageInfo } = await page({ first: 60, after, where });
    seen.push(...nodes.map((node: { id: string }) => node.id));
    await app.database.transaction((tx) =>
      tx.execute(
        sql`insert into customers (id, display_name) select gen_random_uuid(), 'name new' from generate_series(1, 5)`,
      ),
    );
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(before.filter((id) => !seen.includes(id))).toEqual([]);
  await app.database.transaction((tx) =>
    tx.execute(sql`delete from customers where display_name = 'name new'`),
  );
});

test("a cursor of one order is refused by another", async () => {
  const { pageInfo } = await page({ first: 1, sort: [{ field: "STAGE" }] });
  const { errors } = await app.execute(PAGE, {
    first: 1,
    after: pageInfo.endCursor,
    sort: [{ field: "CREATED_AT" }],
  });
  expect(errors?.[0].extensions.code).toBe("BAD_CURSOR");
});

test("both bounds of a page hold together", async () => {
  const all = await page({ first: 50 });
  const [from, to] = [all.edges[9].cursor, all.edges[20].cursor];
  const between = await page({ first: 100, after: from, before: to });
  expect(between.nodes).toEqual(all.nodes.slice(10, 20));
});

test("filters combine with and, or, not; totalCount counts what they let through", async () => {
  const where = {
    or: [{ stage: { eq: "LOST" } }, { displayName: { isNull: true } }],
    not: { displayName: { eq: "name 1" } },
  };
  const [expected] = await app.database.read.execute<{ n: number }>(
    sql`select count(*)::int as n from customers where (stage = 'LOST' or display_name is null) and display_name is distinct from 'name 1'`,
  );
  expect((await page({ first: 1, where })).totalCount).toBe(expected?.n);
  expect(await walk(null, 100, false, where)).toHaveLength(expected?.n as number);
});
