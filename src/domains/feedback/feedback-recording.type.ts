import { Field, InputType, Int } from "type-graphql";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { CustomerReference } from "../customers/identity.type.js";
import { RecordResult } from "../customers/recording.type.js";
import { Feedback, FeedbackKind } from "./feedback.type.js";

@InputType({ description: "One answer to a survey question." })
export class FeedbackInput {
  @Field(() => String, { description: "The item's own id at the source: the idempotency key." })
  sourceRef!: string;

  @Field(() => CustomerReference, {
    nullable: true,
    description: "Who answered; left out for the customer of the ticket, or a stranger.",
  })
  customer?: CustomerReference | null;

  @Field(() => FeedbackKind, { description: "Which question was asked." })
  kind!: keyof typeof FeedbackKind;

  @Field(() => Int, { description: "The answer, within the scale." })
  score!: number;

  @Field(() => Int, {
    nullable: true,
    description: "The lowest score that could be given; when left out 1 for CSAT and CES, 0 for NPS.",
  })
  scaleMin?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "The highest score that could be given; when left out 5 for CSAT, 7 for CES, 10 for NPS.",
  })
  scaleMax?: number | null;

  @Field(() => String, { nullable: true, description: "Which version of the survey asked." })
  surveyVersion?: string | null;

  @Field(() => String, { nullable: true, description: "What the customer wrote." })
  comment?: string | null;

  @Field(() => String, { nullable: true, description: "Code of the channel on which it was answered." })
  channel?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The source's id of the ticket it is about; a ticket of this customer, recorded before.",
  })
  ticketRef?: string | null;

  @Field(() => Instant, { description: "When it was answered." })
  answeredAt!: string;
}

@InputType({ description: "A batch of feedback from one source." })
export class RecordFeedbackInput {
  @Field(() => String, { description: "Code of the sending system." })
  source!: string;

  @Field(() => [FeedbackInput], {
    description: "Up to 1,000 items; each is recorded or refused on its own.",
  })
  feedback!: FeedbackInput[];
}

@ObjectType({ description: "What became of one answer of the batch." })
export class RecordFeedbackResult extends RecordResult {
  @Field(() => Feedback, {
    nullable: true,
    description: "The feedback as it is stored; null when rejected.",
  })
  feedback!: Feedback | null;
}

@ObjectType({ description: "What became of a batch of feedback." })
export class RecordFeedbackPayload {
  @Field(() => [RecordFeedbackResult], { description: "One result per item, in order." })
  results!: RecordFeedbackResult[];
}
