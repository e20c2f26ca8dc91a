import { ArgsType, Field, InputType, Int } from "type-graphql";
import type { feedbackKind } from "#schema/feedback.js";
import { RequiresScope } from "../../platform/access/scopes.js";
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
import { Instant } from "../../platform/graphql/scalars.js";
import { TimelineEntry } from "../../platform/graphql/timeline.js";
import { Source } from "../customers/profile.type.js";
import { Channel } from "../interactions/interaction.type.js";

export const FeedbackKind = graphqlEnum<(typeof feedbackKind.enumValues)[number]>(
  "FeedbackKind",
  "Which question a survey asked.",
  {
    CSAT: "Customer satisfaction: how satisfied were you?",
    CES: "Customer effort: how easy was it?",
    NPS: "Net promoter: how likely are you to recommend us, 0 to 10?",
  },
);

@RequiresScope("feedback:read")
@ObjectType({
  implements: [Node, TimelineEntry],
  description:
    "A customer's answer to one survey question. Scores of different scales or versions do not compare.",
})
export class Feedback extends TimelineEntry {
  // A text, like `kind` of every timeline entry: enums of different names cannot be selected side by side.
  @Field(() => String, { description: "Which question it answers, a value of FeedbackKind." })
  kind!: string;

  @Field(() => Int, { description: "The answer, from scaleMin to scaleMax." })
  score!: number;

  @Field(() => Int, { description: "The lowest score that could be given." })
  scaleMin!: number;

  @Field(() => Int, { description: "The highest score that could be given." })
  scaleMax!: number;

  @Field(() => String, { nullable: true, description: "Which version of the survey asked." })
  surveyVersion!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "What the customer wrote." })
  comment!: string | null;

  @Field(() => Channel, { nullable: true, description: "Where the survey was answered, if told." })
  channel!: Channel | null;

  @Field(() => Instant, { description: "When it was answered." })
  answeredAt!: string;

  @Field(() => Source, { description: "Which system recorded it." })
  source!: Source;

  @Field(() => String, { description: "Its id at the source." })
  sourceRef!: string;

  @Field(() => Instant, { description: "When it became known here." })
  recordedAt!: string;
}

export const FeedbackConnection = connectionOf(() => Feedback, "Feedback");

@InputType({ description: "Compares a FeedbackKind." })
class FeedbackKindComparator extends enumComparator(FeedbackKind) {}

@InputType({ description: "Which feedback; the conditions given must all hold." })
export class FeedbackFilter extends logicalFilter((): unknown => FeedbackFilter) {
  @Field(() => IDComparator, { nullable: true, description: "By id." })
  id?: IDComparator;

  @Field(() => IDComparator, { nullable: true, description: "By customer." })
  customerId?: IDComparator;

  @Field(() => IDComparator, { nullable: true, description: "By the ticket it is about." })
  ticketId?: IDComparator;

  @Field(() => FeedbackKindComparator, { nullable: true, description: "By the question." })
  kind?: FeedbackKindComparator;

  @Field(() => IntComparator, { nullable: true, description: "By the score; name the scale too." })
  score?: IntComparator;

  @Field(() => IntComparator, { nullable: true, description: "By the lowest score of the scale." })
  scaleMin?: IntComparator;

  @Field(() => IntComparator, { nullable: true, description: "By the highest score of the scale." })
  scaleMax?: IntComparator;

  @Field(() => StringComparator, { nullable: true, description: "By version of the survey." })
  surveyVersion?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By what the customer wrote." })
  comment?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By channel code." })
  channel?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By source code." })
  source?: StringComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time it was answered." })
  answeredAt?: DateTimeComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time it became known here." })
  recordedAt?: DateTimeComparator;
}

export const FeedbackSortField = graphqlEnum("FeedbackSortField", "What feedback can be sorted by.", {
  ANSWERED_AT: "When it was answered.",
  RECORDED_AT: "When it became known here.",
  SCORE: "The score as it was given.",
});

@ArgsType()
export class FeedbackListArgs extends listArgs("Feedback", {
  plural: "feedback",
  filter: FeedbackFilter,
  sortField: FeedbackSortField,
  order: "DESC",
  first: "the latest",
}) {}
