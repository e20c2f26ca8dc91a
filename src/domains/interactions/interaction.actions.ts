import { z } from "zod";
import { interactionActor, interactionDirection, interactionInitiative } from "#schema/interactions.js";
import type { Tx } from "../../platform/database/database.js";
import { sendNow } from "../../platform/database/rows.js";
import type { Refusal } from "../../platform/errors.js";
import { groupBy } from "../../platform/group.js";
import { type Id, newId } from "../../platform/ids.js";
import { claimRecords, selectClaims } from "../../platform/ingest/claims.js";
import {
  attributes,
  codeText,
  instant,
  longText,
  oneOf,
  optional,
  requiredText,
  shortText,
  wholeNumber,
} from "../../platform/input.js";
import { compareInstants } from "../../platform/time.js";
import { recordBatch } from "../customers/recording.actions.js";
import type { Draft, Fact, Recording, WriteServices, Written } from "../customers/recording.rules.js";
import type { Subject } from "../customers/reference.actions.js";
import { customerReference } from "../customers/reference.rules.js";
import {
  interactionsInsert,
  selectConversationSubjects,
  selectKnownChannels,
  upsertConversations,
} from "./interaction.queries.js";

/** No contact lasts longer than a month; more is a mistake of the source. */
const maxDurationSeconds = 31 * 24 * 3600;

const interactionItem = z.strictObject({
  sourceRef: requiredText,
  customer: customerReference,
  channel: codeText,
  direction: oneOf(interactionDirection.enumValues),
  initiative: oneOf(interactionInitiative.enumValues),
  actor: optional(oneOf(interactionActor.enumValues)),
  kind: requiredText,
  occurredAt: instant,
  summary: optional(shortText),
  body: optional(longText),
  durationSeconds: optional(wholeNumber(0, maxDurationSeconds)),
  conversationRef: optional(requiredText),
  attributes: optional(attributes),
});

/** What another domain's record may tell of the contact that it came with. */
export const contactItem = interactionItem.pick({
  channel: true,
  direction: true,
  initiative: true,
  kind: true,
  summary: true,
});

type InteractionItem = z.infer<typeof interactionItem>;
type Contact = z.infer<typeof contactItem> & { sourceRef: string; occurredAt: string };
type InteractionFact = Fact<InteractionItem, "interaction">;
const conversation = { record: "CONVERSATION", id: "conversation" } as const;

const recording: Recording<InteractionItem, "interaction"> = {
  record: "INTERACTION",
  id: "interaction",
  item: interactionItem,
  anchor: conversationSubjects,
  partOf: ({ conversationRef }) =>
    conversationRef === null ? null : { record: "CONVERSATION", sourceRef: conversationRef },
  refused: unknownChannels,
  write: writeInteractions,
};

/** Records contacts; see `recordBatch` for what it promises. Refuses UNKNOWN_CHANNEL. */
export function recordInteractions(services: WriteServices, source: string, items: readonly unknown[]) {
  return recordBatch(services, recording, source, items);
}

/**
 * Records contacts inside another domain's write, under the row locks it holds, each with its event; it has refused
 * `unknownChannels` before. Refuses INTERACTION_TAKEN where the reference was recorded before on its own.
 */
export async function writeInteractionFacts(
  tx: Tx,
  source: string,
  contacts: readonly Fact<Contact, "interaction">[],
): Promise<Written> {
  if (contacts.length === 0) return { events: [] };
  const taken = await claimRecords(tx, source, recording, contacts);
  if (taken.size) {
    const late = contacts.filter(({ item }) => taken.has(item.sourceRef));
    return { events: [], refusals: new Map(late.map(({ index }) => [index, alreadyTaken])) };
  }
  const untold = { customer: null, actor: null, body: null, durationSeconds: null, conversationRef: null };
  const { done, ...written } = await writeInteractions(
    tx,
    source,
    contacts.map((contact) => ({ ...contact, item: { ...untold, attributes: null, ...contact.item } })),
  );
  await done;
  return written;
}

const alreadyTaken: Refusal = {
  code: "INTERACTION_TAKEN",
  field: null,
  message: "The contact of this record was recorded before, on its own.",
};

/** A stranger's contact belongs to whoever its conversation is with. */
async function conversationSubjects(
  tx: Tx,
  source: string,
  drafts: readonly Draft<InteractionItem, "interaction">[],
) {
  const strangers = drafts.filter(({ item }) => item.customer === null && item.conversationRef !== null);
  const refs = strangers.map(({ item }) => item.conversationRef as string);
  const claims = await selectClaims(tx, source, conversation, refs);
  const rows = claims.size ? await selectConversationSubjects(tx, [...claims.values()]) : [];
  const subjects = new Map(rows.map((row) => [row.id, row]));
  const anchors = new Map<number, Subject>();
  for (const { index, item } of strangers) {
    const subject = subjects.get(claims.get(item.conversationRef as string) as Id<"conversation">);
    if (subject) anchors.set(index, { customerId: subject.customerId, profileId: subject.profileId });
  }
  return anchors;
}

async function writeInteractions(
  tx: Tx,
  source: string,
  facts: readonly InteractionFact[],
): Promise<Written> {
  const { conversationIds, refusals } = await conversationsOf(tx, source, facts);
  if (refusals.size) return { events: [], refusals };
  const done = sendNow(tx, interactionsInsert(rowsOf(source, facts, conversationIds)));
  const events = facts.map(({ index, id, customerId, item }) => ({
    index,
    customerId,
    type: "INTERACTION_RECORDED" as const,
    subjectId: id,
    occurredAt: item.occurredAt,
  }));
  return { events, done };
}

function rowsOf(
  source: string,
  facts: readonly InteractionFact[],
  conversationIds: ReadonlyMap<string | null, Id<"conversation">>,
) {
  return facts.map(({ id, customerId, profileId, item }) => ({
    id,
    customerId,
    profileId,
    source,
    sourceRef: item.sourceRef,
    channel: item.channel,
    conversationId: conversationIds.get(item.conversationRef) ?? null,
    direction: item.direction,
    initiative: item.initiative,
    actor: item.actor ?? "HUMAN",
    kind: item.kind,
    summary: item.summary,
    body: item.body,
    durationSeconds: item.durationSeconds,
    attributes: item.attributes,
    occurredAt: item.occurredAt,
  }));
}

/** Items whose channel nobody has defined, refused by index. */
export async function unknownChannels(
  tx: Tx,
  drafts: readonly { index: number; item: { channel: string | null } }[],
): Promise<Map<number, Refusal>> {
  const codes = new Set(drafts.flatMap(({ item }) => item.channel ?? []));
  if (codes.size === 0) return new Map();
  const known = await selectKnownChannels(tx, [...codes]);
  const unknown = drafts.filter(({ item }) => item.channel !== null && !known.has(item.channel));
  return new Map(unknown.map(({ index }) => [index, unknownChannel]));
}

const unknownChannel: Refusal = {
  code: "UNKNOWN_CHANNEL",
  field: "channel",
  message: "No channel has this code.",
};

/** The conversation of each reference, opened where it is new. A thread has one customer; another's contact is refused. */
async function conversationsOf(
  tx: Tx,
  source: string,
  facts: readonly InteractionFact[],
): Promise<{ conversationIds: Map<string | null, Id<"conversation">>; refusals: Map<number, Refusal> }> {
  const refusals = new Map<number, Refusal>();
  const threads = groupBy(
    facts.filter(({ item }) => item.conversationRef !== null),
    ({ item }) => item.conversationRef as string,
  );
  const drafts = [...threads.keys()].map((ref) => ({ id: newId("conversation"), item: { sourceRef: ref } }));
  if (drafts.length === 0) return { conversationIds: new Map(), refusals };
  const known = await claimRecords(tx, source, conversation, drafts);
  const owners = known.size ? await selectConversationSubjects(tx, [...known.values()]) : [];
  const ownerOf = new Map(owners.map((row) => [row.id, row]));
  const rows = drafts.map(({ id, item: { sourceRef } }) => {
    const thread = threads.get(sourceRef) as InteractionFact[];
    const { customerId, profileId } =
      ownerOf.get(known.get(sourceRef) ?? id) ?? (thread[0] as InteractionFact);
    for (const fact of thread) if (fact.customerId !== customerId) refusals.set(fact.index, otherCustomer);
    const times = thread.map((fact) => fact.item.occurredAt).toSorted(compareInstants);
    const [startedAt, lastAt] = [times[0] as string, times.at(-1) as string];
    return { id: known.get(sourceRef) ?? id, customerId, profileId, source, sourceRef, startedAt, lastAt };
  });
  await upsertConversations(tx, rows);
  return { conversationIds: new Map(rows.map((row) => [row.sourceRef, row.id])), refusals };
}

const otherCustomer: Refusal = {
  code: "CONVERSATION_OF_ANOTHER_CUSTOMER",
  field: "conversationRef",
  message: "This conversation is with another customer.",
};
