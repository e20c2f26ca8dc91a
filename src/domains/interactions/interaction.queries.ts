import { type SQL, sql } from "drizzle-orm";
import { customers, sources } from "#schema/customers.js";
import { type ChannelRow, channels, conversations, interactions } from "#schema/interactions.js";
import type { Database, Tx } from "../../platform/database/database.js";
import type { Listing } from "../../platform/database/page.js";
import { insertOf, insertRows } from "../../platform/database/rows.js";
import { byIds, statement } from "../../platform/database/statement.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import { type Id, uuidOf } from "../../platform/ids.js";
import { column, one, page, type Reads } from "../../platform/reads/reads.js";

/** All interactions, the latest first. */
export const interactionListing: Listing = {
  table: interactions,
  order: [orderKey("occurredAt", interactions.occurredAt, "DESC"), orderKey("id", interactions.id, "DESC")],
  sort: {
    OCCURRED_AT: ["occurredAt", interactions.occurredAt],
    RECORDED_AT: ["recordedAt", interactions.recordedAt],
    CHANNEL: ["channel", interactions.channel],
  },
  filter: {
    id: interactions.id,
    customerId: interactions.customerId,
    channel: interactions.channel,
    direction: interactions.direction,
    initiative: interactions.initiative,
    actor: interactions.actor,
    kind: interactions.kind,
    summary: interactions.summary,
    source: interactions.source,
    durationSeconds: interactions.durationSeconds,
    occurredAt: interactions.occurredAt,
    recordedAt: interactions.recordedAt,
  },
};

export const customerInteractions: Listing = {
  ...interactionListing,
  parent: { table: customers, key: customers.id, on: [[interactions.customerId, customers.id]] },
};

export const conversationInteractions: Listing = {
  ...interactionListing,
  parent: {
    table: conversations,
    key: conversations.id,
    on: [
      [interactions.customerId, conversations.customerId],
      [interactions.conversationId, conversations.id],
    ],
  },
};

export const customerConversations: Listing = {
  table: conversations,
  order: [orderKey("lastAt", conversations.lastAt, "DESC"), orderKey("id", conversations.id, "DESC")],
  filter: {},
  parent: { table: customers, key: customers.id, on: [[conversations.customerId, customers.id]] },
};

export const interactionReads: Reads = {
  Query: { interactions: page(interactionListing) },
  Customer: { interactions: page(customerInteractions), conversations: page(customerConversations) },
  Interaction: {
    channel: one(channels, [channels.code, interactions.channel]),
    source: one(sources, [sources.code, interactions.source]),
    customer: one(customers, [customers.id, interactions.customerId]),
    conversation: one(
      conversations,
      [conversations.customerId, interactions.customerId],
      [conversations.id, interactions.conversationId],
    ),
  },
  Conversation: {
    source: one(sources, [sources.code, conversations.source]),
    interactions: page(conversationInteractions),
  },
  Channel: {
    code: column(channels.code),
    name: column(channels.name),
    automated: column(channels.automated),
    costPerContact: column(channels.costPerContact),
    costCurrency: column(channels.costCurrency),
  },
};

export const selectInteractionsByIds = byIds("interactions.byIds", interactions);

export const selectConversationsByIds = byIds("conversations.byIds", conversations);

const channelsByCodes = statement("channels.byCodes", (db) =>
  db
    .select()
    .from(channels)
    .where(sql`${channels.code} = any(${sql.placeholder("codes")}::text[])`),
);

export function selectChannelsByCodes(db: Database["read"], codes: readonly string[]): Promise<ChannelRow[]> {
  return channelsByCodes(db, { codes });
}

/** Which of these channel codes exist. */
export async function selectKnownChannels(tx: Tx, codes: readonly string[]): Promise<Set<string>> {
  const rows = await tx
    .select({ code: channels.code })
    .from(channels)
    .where(sql`${channels.code} = any(${sql.param(codes)}::text[])`);
  return new Set(rows.map((row) => row.code));
}

/** Conversations by id, inside a write. */
export function selectConversationSubjects(tx: Tx, ids: readonly Id<"conversation">[]) {
  return tx
    .select({
      id: conversations.id,
      customerId: conversations.customerId,
      profileId: conversations.profileId,
    })
    .from(conversations)
    .where(sql`${conversations.id} = any(${sql.param(ids.map(uuidOf))}::uuid[])`);
}

/** Opens conversations, or moves the end of those that go on. */
export async function upsertConversations(
  tx: Tx,
  rows: readonly (typeof conversations.$inferInsert)[],
): Promise<void> {
  await insertRows(
    tx,
    conversations,
    rows,
    sql`on conflict (id, customer_id) do update set
      started_at = least(conversations.started_at, excluded.started_at),
      last_at = greatest(conversations.last_at, excluded.last_at)`,
  );
}

/** Inserts interactions, once it is sent: at least one. */
export function interactionsInsert(rows: readonly (typeof interactions.$inferInsert)[]): SQL {
  return insertOf(interactions, rows);
}
