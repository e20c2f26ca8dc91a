import { ArgsType, Field, InputType, Int } from "type-graphql";
import type { ticketPriority, ticketStatus } from "#schema/tickets.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import {
  BooleanComparator,
  DateTimeComparator,
  enumComparator,
  IDComparator,
  IntComparator,
  logicalFilter,
  StringComparator,
} from "../../platform/graphql/filters.js";
import { listArgs } from "../../platform/graphql/listing.js";
import { Node } from "../../platform/graphql/node.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { connectionOf } from "../../platform/graphql/paging.js";
import { Personal } from "../../platform/graphql/personal.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { Source } from "../customers/profile.type.js";
import { Channel } from "../interactions/interaction.type.js";

export const TicketStatus = graphqlEnum<(typeof ticketStatus.enumValues)[number]>(
  "TicketStatus",
  "Where a ticket stands. NEW, OPEN, PENDING and ON_HOLD are open, SOLVED and CLOSED are done.",
  {
    NEW: "Nobody has taken it up yet.",
    OPEN: "The company works on it.",
    PENDING: "It waits for the customer.",
    ON_HOLD: "It waits for somebody else: a vendor, another team.",
    SOLVED: "The company holds it for solved; the customer may object.",
    CLOSED: "It is over.",
  },
);

export const TicketPriority = graphqlEnum<(typeof ticketPriority.enumValues)[number]>(
  "TicketPriority",
  "How urgent a ticket is.",
  {
    LOW: "Can wait.",
    NORMAL: "In its turn.",
    HIGH: "Before the normal ones.",
    URGENT: "At once.",
  },
);

@RequiresScope("tickets:read")
@ObjectType({
  implements: Node,
  description:
    "A request for help. What is shown follows from its events in the order they happened, also when they came late.",
})
export class Ticket extends Node {
  @Field(() => String, { description: "Number by which people know it." })
  number!: string;

  @Personal()
  @Field(() => String, { nullable: true, description: "What it is about, in a line." })
  subject!: string | null;

  @Field(() => String, { nullable: true, description: "Category, in the source's words." })
  category!: string | null;

  @Field(() => Channel, { nullable: true, description: "Where the customer asked." })
  channel!: Channel | null;

  @Field(() => TicketStatus, { description: "Where it stands." })
  status!: string;

  @Field(() => TicketPriority, { description: "How urgent it is." })
  priority!: string;

  @Personal()
  @Field(() => String, { nullable: true, description: "Who works on it, as the source names them." })
  assignee!: string | null;

  @Field(() => String, { nullable: true, description: "Which team works on it, as the source names it." })
  team!: string | null;

  @Field(() => Instant, { description: "Time of its first event." })
  openedAt!: string;

  @Field(() => Instant, {
    nullable: true,
    description: "When the company first replied to the customer; null while it has not.",
  })
  firstRepliedAt!: string | null;

  @Field(() => Instant, {
    nullable: true,
    description: "When it became SOLVED or CLOSED; null while it is open, also after it was reopened.",
  })
  solvedAt!: string | null;

  @Field(() => Instant, { nullable: true, description: "When it became CLOSED; null while it is not." })
  closedAt!: string | null;

  @Field(() => Int, {
    description:
      "How often it was reopened: by the source's own count, else how often it left SOLVED or CLOSED.",
  })
  reopenCount!: number;

  @Field(() => Int, { description: "How often it changed teams; the first team is no change." })
  transferCount!: number;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Whether the service-level agreement was kept, as the source last said; null where it keeps none.",
  })
  slaMet!: boolean | null;

  @Field(() => Instant, { description: "Time of its latest event." })
  updatedAt!: string;

  @Field(() => Source, { description: "Which system keeps it." })
  source!: Source;

  @Field(() => String, { description: "Its id at the source." })
  sourceRef!: string;
}

export const TicketConnection = connectionOf(() => Ticket, "Ticket");

@InputType({ description: "Compares a TicketStatus." })
class TicketStatusComparator extends enumComparator(TicketStatus) {}

@InputType({ description: "Compares a TicketPriority." })
class TicketPriorityComparator extends enumComparator(TicketPriority) {}

@InputType({ description: "Which tickets; the conditions given must all hold." })
export class TicketFilter extends logicalFilter((): unknown => TicketFilter) {
  @Field(() => IDComparator, { nullable: true, description: "By id." })
  id?: IDComparator;

  @Field(() => IDComparator, { nullable: true, description: "By customer." })
  customerId?: IDComparator;

  @Field(() => StringComparator, {
    nullable: true,
    description: "By number: finds the ticket that a person names.",
  })
  number?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By the line that says what it is about." })
  subject?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By category." })
  category?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By channel code." })
  channel?: StringComparator;

  @Field(() => TicketStatusComparator, { nullable: true, description: "By where it stands." })
  status?: TicketStatusComparator;

  @Field(() => TicketPriorityComparator, { nullable: true, description: "By urgency." })
  priority?: TicketPriorityComparator;

  @Field(() => StringComparator, { nullable: true, description: "By who works on it." })
  assignee?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By the team that works on it." })
  team?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By source code." })
  source?: StringComparator;

  @Field(() => BooleanComparator, {
    nullable: true,
    description: "By whether the service-level agreement was kept.",
  })
  slaMet?: BooleanComparator;

  @Field(() => IntComparator, { nullable: true, description: "By how often it was reopened." })
  reopenCount?: IntComparator;

  @Field(() => IntComparator, { nullable: true, description: "By how often it changed teams." })
  transferCount?: IntComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time of its first event." })
  openedAt?: DateTimeComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time of the first reply." })
  firstRepliedAt?: DateTimeComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time it was solved." })
  solvedAt?: DateTimeComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time it was closed." })
  closedAt?: DateTimeComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time of its latest event." })
  updatedAt?: DateTimeComparator;
}

export const TicketSortField = graphqlEnum("TicketSortField", "What tickets can be sorted by.", {
  OPENED_AT: "Time of their first event.",
  UPDATED_AT: "Time of their latest event.",
  PRIORITY: "Urgency, from LOW to URGENT.",
  STATUS: "Where they stand, in the order of the enum.",
  NUMBER: "Number, by code point.",
});

@ArgsType()
export class TicketListArgs extends listArgs("Ticket", {
  plural: "tickets",
  filter: TicketFilter,
  sortField: TicketSortField,
  order: "DESC",
  first: "the newest opened",
}) {}
