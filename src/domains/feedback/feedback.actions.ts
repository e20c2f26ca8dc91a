import { z } from "zod";
import { feedbackKind } from "#schema/feedback.js";
import type { Tx } from "../../platform/database/database.js";
import type { Refusal } from "../../platform/errors.js";
import type { Id } from "../../platform/ids.js";
import { selectClaims } from "../../platform/ingest/claims.js";
import {
  codeText,
  instant,
  longText,
  oneOf,
  optional,
  refuse,
  requiredText,
  shortText,
  wholeNumber,
} from "../../platform/input.js";
import { recordBatch } from "../customers/recording.actions.js";
import type { Anchor, Draft, Fact, Recording, WriteServices, Written } from "../customers/recording.rules.js";
import type { Subject } from "../customers/reference.actions.js";
import { customerReference } from "../customers/reference.rules.js";
import { unknownChannels } from "../interactions/interaction.actions.js";
import { insertFeedback, selectTicketSubjects } from "./feedback.queries.js";
import { scaleOf } from "./feedback.rules.js";

/** No survey has a wider scale than -100 to 100; more is a mistake of the source. */
const maxScore = 100;
const score = wholeNumber(-maxScore, maxScore);

const feedbackItem = z
  .strictObject({
    sourceRef: requiredText,
    customer: customerReference,
    kind: oneOf(feedbackKind.enumValues),
    score,
    scaleMin: optional(score),
    scaleMax: optional(score),
    surveyVersion: optional(shortText),
    comment: optional(longText),
    channel: optional(codeText),
    ticketRef: optional(requiredText),
    answeredAt: instant,
  })
  .transform((item, context) => {
    const scale = scaleOf(item.kind, item);
    if ("problem" in scale) return refuse(context, "INVALID_SCALE", scale.problem, [scale.field]);
    const { scaleMin, scaleMax } = scale;
    if (item.score < scaleMin || item.score > scaleMax)
      return refuse(context, "OUT_OF_SCALE", `must be from ${scaleMin} to ${scaleMax}`, ["score"]);
    return { ...item, scaleMin, scaleMax, occurredAt: item.answeredAt };
  });

type FeedbackItem = z.infer<typeof feedbackItem>;
type FeedbackFact = Fact<FeedbackItem, "feedback">;

const recording: Recording<FeedbackItem, "feedback"> = {
  record: "FEEDBACK",
  id: "feedback",
  item: feedbackItem,
  anchor: ticketSubjects,
  refused: unknownChannels,
  write: writeFeedback,
};

/**
 * Records answers to surveys; see `recordBatch` for what it promises.
 * Refuses UNKNOWN_CHANNEL, UNKNOWN_TICKET, TICKET_OF_ANOTHER_CUSTOMER.
 */
export function recordFeedback(services: WriteServices, source: string, items: readonly unknown[]) {
  return recordBatch(services, recording, source, items);
}

/** An answer that names nobody is that of the ticket's customer. */
async function ticketSubjects(tx: Tx, source: string, drafts: readonly Draft<FeedbackItem, "feedback">[]) {
  const strangers = drafts.filter(({ item }) => item.ticketRef !== null && namesNobody(item));
  const tickets = await ticketsOf(tx, source, strangers);
  return new Map(
    strangers.map(({ index, item }): [number, Anchor] => {
      const ticket = tickets.get(item.ticketRef);
      return [
        index,
        ticket ? { customerId: ticket.customerId, profileId: ticket.profileId } : { refusal: unknownTicket },
      ];
    }),
  );
}

async function writeFeedback(tx: Tx, source: string, facts: readonly FeedbackFact[]): Promise<Written> {
  const refusals = new Map<number, Refusal>();
  const tickets = await ticketsOf(tx, source, facts);
  for (const { index, customerId, item } of facts) {
    const owner = tickets.get(item.ticketRef)?.customerId;
    if (item.ticketRef !== null && owner !== customerId)
      refusals.set(index, owner ? ofAnotherCustomer : unknownTicket);
  }
  if (refusals.size) return { events: [], refusals };
  await insertFeedback(
    tx,
    facts.map(({ id, customerId, profileId, item }) => ({
      id,
      customerId,
      profileId,
      source,
      sourceRef: item.sourceRef,
      kind: item.kind,
      score: item.score,
      scaleMin: item.scaleMin,
      scaleMax: item.scaleMax,
      surveyVersion: item.surveyVersion,
      comment: item.comment,
      channel: item.channel,
      ticketId: tickets.get(item.ticketRef)?.id ?? null,
      answeredAt: item.answeredAt,
    })),
  );
  const events = facts.map(({ index, id, customerId, item }) => ({
    index,
    customerId,
    type: "FEEDBACK_RECORDED" as const,
    subjectId: id,
    occurredAt: item.answeredAt,
  }));
  return { events };
}

type Ticket = Subject & { id: Id<"ticket"> };

/** The tickets that items name, by the source's own reference; those it has not sent yet are missing. */
async function ticketsOf(
  tx: Tx,
  source: string,
  items: readonly { item: FeedbackItem }[],
): Promise<Map<string | null, Ticket>> {
  const refs = [...new Set(items.flatMap(({ item }) => item.ticketRef ?? []))];
  const claims = await selectClaims(tx, source, { record: "TICKET", id: "ticket" }, refs);
  const rows = claims.size ? await selectTicketSubjects(tx, [...claims.values()]) : [];
  const byId = new Map(rows.map((row) => [row.id, row]));
  return new Map(
    [...claims].flatMap(([ref, id]) => {
      const ticket = byId.get(id);
      return ticket ? [[ref, ticket]] : [];
    }),
  );
}

function namesNobody({ customer }: FeedbackItem): boolean {
  return customer === null || Object.values(customer).every((way) => way === null);
}

const unknownTicket: Refusal = {
  code: "UNKNOWN_TICKET",
  field: "ticketRef",
  message: "This source has recorded no ticket under this reference.",
};
const ofAnotherCustomer: Refusal = {
  code: "TICKET_OF_ANOTHER_CUSTOMER",
  field: "ticketRef",
  message: "This ticket belongs to another customer.",
};
