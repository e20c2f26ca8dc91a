import { sql } from "drizzle-orm";
import type { Id } from "../../../src/platform/ids.js";
import { uuidOf } from "../../../src/platform/ids.js";
import type { TestApp } from "../../support/app.js";

export const record = `mutation ($input: RecordLoyaltyEntriesInput!) {
  recordLoyaltyEntries(input: $input) {
    results {
      index outcome cursor
      entry { id kind points pendingDelta activeDelta customer { id } }
      error { code field message }
    }
  }
}`;

let refs = 0;

/** One movement as a source would send it; every call is another one. */
export function entry(customer: string, kind: string, points: number, more: object = {}) {
  const sourceRef = `L-${++refs}`;
  return {
    sourceRef,
    customer: { sourceRef: customer },
    kind,
    points,
    occurredAt: "2026-03-01T10:00:00Z",
    ...more,
  };
}

export async function send(app: TestApp, entries: object[], source = "pos") {
  const { data, errors } = await app.execute(record, { input: { source, entries } });
  if (errors) throw new Error(JSON.stringify(errors));
  return data.recordLoyaltyEntries.results;
}

export async function accountOf(app: TestApp, customer: string, source = "pos") {
  const { data, errors } = await app.execute(
    `query ($value: String!) {
      customerByIdentity(kind: EXTERNAL_ID, value: $value) {
        loyalty {
          joinedAt tier { code name } nextTier { code } pointsToNextTier
          points { active pending earned spent expired }
        }
      }
    }`,
    { value: `${source}:${customer}` },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return data.customerByIdentity?.loyalty;
}

/** The figures of every account and the sums of its ledger, side by side. */
export function balances(app: TestApp, customerId?: Id<"customer">) {
  return app.database.read.execute(sql`
    select a.customer_id,
      json_build_array(a.pending, a.active, a.earned, a.spent, a.expired) as account,
      json_build_array(
        coalesce(sum(e.pending_delta), 0), coalesce(sum(e.active_delta), 0),
        coalesce(sum(e.points) filter (where e.kind in ('EARN', 'REVERSE')), 0),
        coalesce(-sum(e.points) filter (where e.kind = 'SPEND'), 0),
        coalesce(-sum(e.points) filter (where e.kind = 'EXPIRE'), 0)) as ledger,
      a.joined_at = min(e.occurred_at) as joined_first
    from loyalty_accounts a left join loyalty_entries e on e.customer_id = a.customer_id and e.account_id = a.id
    where ${customerId ? sql`a.customer_id = ${uuidOf(customerId)}` : sql`true`}
    group by a.id, a.customer_id`);
}

/** How many rows a write could have left behind. */
export async function counts(app: TestApp) {
  const [row] = await app.database.read.execute(sql`
    select (select count(*) from loyalty_entries)::int as entries, (select count(*) from loyalty_accounts)::int as accounts,
      (select count(*) from customers)::int as customers, (select count(*) from record_claims)::int as claims,
      (select count(*) from events)::int as events`);
  return row;
}
