import { Field, InputType, Int } from "type-graphql";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { CustomerReference } from "../customers/identity.type.js";
import { RecordResult } from "../customers/recording.type.js";
import { InteractionDirection, InteractionInitiative } from "../interactions/interaction.type.js";
import { Ticket, TicketPriority, TicketStatus } from "./ticket.type.js";
import { TicketEvent, TicketEventKind } from "./ticket-event.type.js";

@InputType({ description: "The contact that caused a ticket's event, for example the call that opened it." })
export class TicketContactInput {
  @Field(() => String, { description: "Channel code, for example `phone`." })
  channel!: string;

  @Field(() => InteractionDirection, { description: "Who contacted whom; a REPLIED event is OUTBOUND." })
  direction!: keyof typeof InteractionDirection;

  @Field(() => InteractionInitiative, { description: "Whether it had been asked for." })
  initiative!: keyof typeof InteractionInitiative;

  @Field(() => String, { description: "What sort of contact: message, call, visit, …" })
  kind!: string;

  @Field(() => String, { nullable: true, description: "What it was about, in a line." })
  summary?: string | null;
}

@InputType({
  description:
    "Something that happened to a ticket, as its source saw it; what it says nothing about is left out.",
})
export class TicketEventInput {
  @Field(() => String, { description: "The event's own id at the source: the idempotency key." })
  sourceRef!: string;

  @Field(() => String, { description: "The source's id of the ticket; a new one opens a ticket." })
  ticketRef!: string;

  @Field(() => CustomerReference, {
    nullable: true,
    description:
      "Whose ticket it is. Needed when the ticket is new, or it belongs to an unknown guest; later events may leave it out.",
  })
  customer?: CustomerReference | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Number by which people know the ticket; the first one told stays. `ticketRef` while none is told.",
  })
  number?: string | null;

  @Field(() => TicketEventKind, { description: "What sort of thing happened." })
  kind!: keyof typeof TicketEventKind;

  @Field(() => Instant, { description: "When it happened. Late and out-of-order events find their place." })
  occurredAt!: string;

  @Field(() => Int, {
    nullable: true,
    description: "The source's own count of changes, from 0: orders events that carry the same time.",
  })
  revision?: number | null;

  @Field(() => TicketStatus, {
    nullable: true,
    description: "Where the ticket stands from then on; SOLVED, CLOSED and REOPENED events imply it.",
  })
  status?: keyof typeof TicketStatus | null;

  @Field(() => TicketPriority, { nullable: true, description: "How urgent it is from then on." })
  priority?: keyof typeof TicketPriority | null;

  @Field(() => String, { nullable: true, description: "What it is about, in a line." })
  subject?: string | null;

  @Field(() => String, { nullable: true, description: "Category, in the source's words." })
  category?: string | null;

  @Field(() => String, { nullable: true, description: "Code of the channel where the customer asked." })
  channel?: string | null;

  @Field(() => String, { nullable: true, description: "Who works on it from then on." })
  assignee?: string | null;

  @Field(() => String, { nullable: true, description: "Which team works on it from then on." })
  team?: string | null;

  @Field(() => Boolean, { nullable: true, description: "Whether the service-level agreement is kept." })
  slaMet?: boolean | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "How often it was reopened, by the source's own count; left out, reopenings are counted here.",
  })
  reopenCount?: number | null;

  @Field(() => String, { nullable: true, description: "Who did it." })
  actor?: string | null;

  @Field(() => String, { nullable: true, description: "What was said or noted." })
  note?: string | null;

  @Field(() => TicketContactInput, {
    nullable: true,
    description: "The contact that caused the event; it is recorded with it, as an interaction.",
  })
  interaction?: TicketContactInput | null;
}

@InputType({ description: "A batch of ticket events from one source." })
export class RecordTicketEventsInput {
  @Field(() => String, { description: "Code of the sending system." })
  source!: string;

  @Field(() => [TicketEventInput], {
    description: "Up to 1,000 items; each is recorded or refused on its own.",
  })
  events!: TicketEventInput[];
}

@ObjectType({ description: "What became of one ticket event of the batch." })
export class RecordTicketEventResult extends RecordResult {
  @Field(() => Ticket, { nullable: true, description: "The ticket as it is now; null when rejected." })
  ticket!: Ticket | null;

  @Field(() => TicketEvent, {
    nullable: true,
    description: "The event as it is stored; null when rejected.",
  })
  ticketEvent!: TicketEvent | null;
}

@ObjectType({ description: "What became of a batch of ticket events." })
export class RecordTicketEventsPayload {
  @Field(() => [RecordTicketEventResult], { description: "One result per item, in order." })
  results!: RecordTicketEventResult[];
}
