import { once } from "./cluster.mjs";

/**
 * Customers to ask for, the same at every run: half of them drawn evenly, half by how much they did, shuffled together.
 * @returns {Promise<string[]>} uuids
 */
export function samplePlaces(cluster, database, count) {
  return once(cluster.connect(database), async (sql) => {
    const half = Math.ceil(count / 2);
    const rows = await sql`
      with evenly as (select id from customers order by hashtextextended(id::text, 1) limit ${half}),
      by_activity as (select customer_id as id, id as fact from interactions
        where hashtextextended(id::text, 2) % 20 = 0 order by hashtextextended(id::text, 3) limit ${half})
      select id from (select id, id as fact from evenly union all select id, fact from by_activity) as drawn
      order by hashtextextended(fact::text, 4)`;
    return rows.map((row) => row.id);
  });
}
