import { type SQL, sql } from "drizzle-orm";
import { type ConsentRow, consents } from "#schema/consent.js";
import { customers, sources } from "#schema/customers.js";
import { channels } from "#schema/interactions.js";
import type { ReadPurpose } from "../../platform/access/purpose.js";
import type { Database, Tx } from "../../platform/database/database.js";
import type { Listing } from "../../platform/database/page.js";
import type { Restriction } from "../../platform/database/restriction.js";
import { insertRows } from "../../platform/database/rows.js";
import { byIds, statement } from "../../platform/database/statement.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import { type Id, uuidOf } from "../../platform/ids.js";
import { needs, one, page, type Reads } from "../../platform/reads/reads.js";

/** Everything a customer ever said, the latest first. */
export const customerConsentHistory: Listing = {
  table: consents,
  order: [orderKey("occurredAt", consents.occurredAt, "DESC"), orderKey("id", consents.id, "DESC")],
  filter: {},
  parent: { table: customers, key: customers.id, on: [[consents.customerId, customers.id]] },
};

export const consentReads: Reads = {
  Customer: { consents: needs(customers.id), consentHistory: page(customerConsentHistory) },
  Consent: {
    channel: one(channels, [channels.code, consents.channel]),
    source: one(sources, [sources.code, consents.source]),
    customer: one(customers, [customers.id, consents.customerId]),
  },
};

const inForceByCustomers = statement("consents.inForceByCustomers", (db) => {
  const { customerId, purpose, channel, occurredAt, recordedAt, id } = consents;
  const newest = db
    .selectDistinctOn([customerId, purpose, channel])
    .from(consents)
    .where(sql`${customerId} = any(${sql.placeholder("ids")}::uuid[])`)
    .orderBy(customerId, purpose, channel, sql`${occurredAt} desc`, sql`${recordedAt} desc`, sql`${id} desc`)
    .as("newest");
  return db
    .select()
    .from(newest)
    .where(sql`${newest.expiresAt} is null or ${newest.expiresAt} > now()`)
    .orderBy(newest.customerId, newest.purpose, sql`${newest.channel} nulls first`);
});

/**
 * What holds now, per customer, purpose and channel: the newest by the time it was said; of two said at once, the one
 * recorded last. Where the newest has lapsed nothing holds: it had replaced what was said before.
 */
export function selectConsentsInForce(
  db: Database["read"],
  customerIds: readonly Id<"customer">[],
): Promise<ConsentRow[]> {
  return inForceByCustomers(db, { ids: customerIds.map(uuidOf) });
}

/**
 * Customers who consented to a purpose, by what holds when it is asked. Of a channel: who said yes of it or of every channel,
 * and no of neither. Without one: who said yes of any, and not no of every channel. A channel that is not known has nobody.
 */
export function consenting({ purpose, channel }: ReadPurpose): Restriction {
  const asked = sql`${sql.placeholder("consentChannel")}::text`;
  const about = sql`said.purpose = ${sql.raw(`'${purpose}'`)}`;
  const ofChannel = sql`(said.channel is null or said.channel = ${asked})
    and exists (select from ${channels} as known where known.code = ${asked})`;
  const which = channel === null ? about : sql`${about} and ${ofChannel}`;
  const yes = sql`newest.status = 'GRANTED'`;
  const agreed =
    channel === null
      ? sql`bool_or(${yes}) and bool_and(${yes} or newest.channel is not null)`
      : sql`bool_and(${yes})`;
  const newest = (of: SQL) => sql`(
    select distinct on (said.customer_id, said.channel) said.customer_id, said.channel, said.status, said.expires_at
    from ${consents} as said where ${of}
    order by said.customer_id, said.channel, said.occurred_at desc, said.recorded_at desc, said.id desc) as newest
    where newest.expires_at is null or newest.expires_at > now()`;
  return {
    name: channel === null ? purpose : `${purpose} on a channel`,
    values: channel === null ? {} : { consentChannel: channel },
    // That somebody once said yes decides nothing, but lets the planner begin with those where they are few.
    allows: (customer) => sql`exists (select from ${consents} as said
        where said.customer_id = ${customer} and ${about} and said.status = 'GRANTED')
      and (select ${agreed} from ${newest(sql`said.customer_id = ${customer} and ${which}`)})`,
    allowsMany: (customer) => sql`${customer} in (
      select newest.customer_id from ${newest(which)} group by newest.customer_id having ${agreed})`,
  };
}

export const selectConsentsByIds = byIds("consents.byIds", consents);

export async function insertConsents(tx: Tx, rows: readonly (typeof consents.$inferInsert)[]): Promise<void> {
  await insertRows(tx, consents, rows);
}
