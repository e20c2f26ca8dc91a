import { ArgsType, Field, InputType } from "type-graphql";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import { DateTimeComparator } from "../../platform/graphql/filters.js";
import { connectionOf, PageArgs } from "../../platform/graphql/paging.js";
import { TimelineEntry } from "../../platform/graphql/timeline.js";

export const TimelineKind = graphqlEnum("TimelineKind", "What sort of thing a timeline entry is.", {
  INTERACTION: "A contact.",
  PURCHASE: "An order.",
  RETURN: "A return of goods.",
  TICKET_EVENT: "Something that happened to a ticket.",
  LOYALTY_ENTRY: "A movement of points.",
  FEEDBACK: "An answer to a survey.",
});

export type Kind = keyof typeof TimelineKind;

export const TimelineConnection = connectionOf(() => TimelineEntry, "TimelineEntry");

@InputType({ description: "Which entries of a timeline; the conditions given must all hold." })
export class TimelineFilter {
  @Field(() => [TimelineKind], { nullable: true, description: "Only these sorts; all when left out." })
  kinds?: Kind[] | null;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time it happened." })
  occurredAt?: DateTimeComparator | null;
}

@ArgsType()
export class TimelineArgs extends PageArgs {
  @Field(() => TimelineFilter, { nullable: true, description: "Which entries; all when left out." })
  where?: TimelineFilter | null;
}
