import { ArgsType, Field, InputType, Int } from "type-graphql";
import type { interactionActor, interactionDirection, interactionInitiative } from "#schema/interactions.js";
import { OpenToEveryKey, RequiresScope } from "../../platform/access/scopes.js";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import {
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
import { Decimal, Instant, JsonObject } from "../../platform/graphql/scalars.js";
import { TimelineEntry } from "../../platform/graphql/timeline.js";
import { Source } from "../customers/profile.type.js";

export const InteractionDirection = graphqlEnum<(typeof interactionDirection.enumValues)[number]>(
  "InteractionDirection",
  "Who contacted whom.",
  { INBOUND: "The customer contacted the company.", OUTBOUND: "The company contacted the customer." },
);

export const InteractionInitiative = graphqlEnum<(typeof interactionInitiative.enumValues)[number]>(
  "InteractionInitiative",
  "Whether the other side had asked for the contact.",
  { SOLICITED: "It answers or was asked for.", UNSOLICITED: "It came on its own." },
);

export const InteractionActor = graphqlEnum<(typeof interactionActor.enumValues)[number]>(
  "InteractionActor",
  "Who spoke for the company.",
  { HUMAN: "A person.", BOT: "A machine." },
);

@OpenToEveryKey()
@ObjectType({
  description: "A way in which customers and the company meet. Channels are data: new ones need no release.",
})
export class Channel {
  @Field(() => String, { description: "Stable code, for example `phone`." })
  code!: string;

  @Field(() => String, { description: "Name to show." })
  name!: string;

  @Field(() => Boolean, { description: "True where a machine serves the customer." })
  automated!: boolean;

  @Field(() => Decimal, {
    nullable: true,
    description: "What one contact costs the company; null where unknown.",
  })
  costPerContact!: string | null;

  @Field(() => String, { nullable: true, description: "Currency of the cost, ISO 4217." })
  costCurrency!: string | null;
}

@RequiresScope("interactions:read")
@ObjectType({
  implements: [Node, TimelineEntry],
  description: "One contact between a customer and the company, on any channel, in either direction.",
})
export class Interaction extends TimelineEntry {
  @Field(() => Channel, { description: "Where it happened." })
  channel!: Channel;

  @Field(() => InteractionDirection, { description: "Who contacted whom." })
  direction!: string;

  @Field(() => InteractionInitiative, { description: "Whether it had been asked for." })
  initiative!: string;

  @Field(() => InteractionActor, { description: "Who spoke for the company." })
  actor!: string;

  @Field(() => String, {
    description: "What sort of contact, in the source's words: message, call, visit, …",
  })
  kind!: string;

  @Personal()
  @Field(() => String, { nullable: true, description: "What it was about, in a line." })
  summary!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "The text of the contact." })
  body!: string | null;

  @Field(() => Int, { nullable: true, description: "How long it took, in seconds." })
  durationSeconds!: number | null;

  @Personal()
  @Field(() => JsonObject, { nullable: true, description: "Whatever else the source tells." })
  attributes!: Record<string, unknown> | null;

  @Field(() => Source, { description: "Which system recorded it." })
  source!: Source;

  @Field(() => String, { description: "Its id at the source." })
  sourceRef!: string;

  @Field(() => Instant, { description: "When it became known here." })
  recordedAt!: string;
}

export const InteractionConnection = connectionOf(() => Interaction, "Interaction");

@InputType({ description: "Compares an InteractionDirection." })
class InteractionDirectionComparator extends enumComparator(InteractionDirection) {}

@InputType({ description: "Compares an InteractionInitiative." })
class InteractionInitiativeComparator extends enumComparator(InteractionInitiative) {}

@InputType({ description: "Compares an InteractionActor." })
class InteractionActorComparator extends enumComparator(InteractionActor) {}

@InputType({ description: "Which interactions; the conditions given must all hold." })
export class InteractionFilter extends logicalFilter((): unknown => InteractionFilter) {
  @Field(() => IDComparator, { nullable: true, description: "By id." })
  id?: IDComparator;

  @Field(() => IDComparator, { nullable: true, description: "By customer." })
  customerId?: IDComparator;

  @Field(() => StringComparator, { nullable: true, description: "By channel code." })
  channel?: StringComparator;

  @Field(() => InteractionDirectionComparator, { nullable: true, description: "By who contacted whom." })
  direction?: InteractionDirectionComparator;

  @Field(() => InteractionInitiativeComparator, {
    nullable: true,
    description: "By whether it had been asked for.",
  })
  initiative?: InteractionInitiativeComparator;

  @Field(() => InteractionActorComparator, { nullable: true, description: "By who spoke for the company." })
  actor?: InteractionActorComparator;

  @Field(() => StringComparator, { nullable: true, description: "By sort of contact." })
  kind?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By the line that says what it was about." })
  summary?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By source code." })
  source?: StringComparator;

  @Field(() => IntComparator, { nullable: true, description: "By length in seconds." })
  durationSeconds?: IntComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time it happened." })
  occurredAt?: DateTimeComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time it became known here." })
  recordedAt?: DateTimeComparator;
}

export const InteractionSortField = graphqlEnum(
  "InteractionSortField",
  "What interactions can be sorted by.",
  {
    OCCURRED_AT: "When they happened.",
    RECORDED_AT: "When they became known here.",
    CHANNEL: "Channel code.",
  },
);

@ArgsType()
export class InteractionListArgs extends listArgs("Interaction", {
  plural: "interactions",
  filter: InteractionFilter,
  sortField: InteractionSortField,
  order: "DESC",
  first: "the latest",
}) {}
