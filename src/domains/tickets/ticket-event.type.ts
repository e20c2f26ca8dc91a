import { Field, Int } from "type-graphql";
import type { ticketEventKind } from "#schema/tickets.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import { Node } from "../../platform/graphql/node.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { connectionOf } from "../../platform/graphql/paging.js";
import { Personal } from "../../platform/graphql/personal.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { TimelineEntry } from "../../platform/graphql/timeline.js";
import { Source } from "../customers/profile.type.js";
import { Channel } from "../interactions/interaction.type.js";
import { TicketPriority, TicketStatus } from "./ticket.type.js";

export const TicketEventKind = graphqlEnum<(typeof ticketEventKind.enumValues)[number]>(
  "TicketEventKind",
  "What sort of thing happened to a ticket.",
  {
    OPENED: "The customer asked for help.",
    UPDATED: "Something about it changed, or the customer wrote again.",
    ASSIGNED: "It was given to a person or a team.",
    REPLIED: "The company replied to the customer.",
    NOTED: "Somebody left a note that the customer does not see.",
    SOLVED: "It was solved; makes it SOLVED where no status is told.",
    REOPENED: "It was taken up again; makes it OPEN where no status is told.",
    CLOSED: "It was closed; makes it CLOSED where no status is told.",
  },
);

@RequiresScope("tickets:read")
@ObjectType({
  implements: [Node, TimelineEntry],
  description:
    "Something that happened to a ticket. Fields are null where the event says nothing about them.",
})
export class TicketEvent extends TimelineEntry {
  // A text, like `kind` of every timeline entry: enums of different names cannot be selected side by side.
  @Field(() => String, { description: "What sort of thing happened, a value of TicketEventKind." })
  kind!: string;

  @Field(() => Int, {
    description: "The source's own count of changes: orders events that carry the same time.",
  })
  revision!: number;

  @Field(() => TicketStatus, { nullable: true, description: "Where the ticket stood from then on." })
  status!: string | null;

  @Field(() => TicketPriority, { nullable: true, description: "How urgent it was from then on." })
  priority!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "What it was about from then on." })
  subject!: string | null;

  @Field(() => String, { nullable: true, description: "Its category from then on." })
  category!: string | null;

  @Field(() => Channel, { nullable: true, description: "Its channel from then on." })
  channel!: Channel | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "Who worked on it from then on." })
  assignee!: string | null;

  @Field(() => String, { nullable: true, description: "Which team worked on it from then on." })
  team!: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether the service-level agreement was held to be kept from then on.",
  })
  slaMet!: boolean | null;

  @Field(() => Int, { nullable: true, description: "The source's own count of reopenings up to then." })
  reopenCount!: number | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "Who did it, as the source names them." })
  actor!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "What was said or noted." })
  note!: string | null;

  @Field(() => Source, { description: "Which system recorded it." })
  source!: Source;

  @Field(() => String, { description: "Its id at the source." })
  sourceRef!: string;

  @Field(() => Instant, { description: "When it became known here." })
  recordedAt!: string;
}

export const TicketEventConnection = connectionOf(() => TicketEvent, "TicketEvent");
