import { Field, InputType, Int } from "type-graphql";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { Instant, JsonObject } from "../../platform/graphql/scalars.js";
import { CustomerReference } from "../customers/identity.type.js";
import { RecordResult } from "../customers/recording.type.js";
import {
  Interaction,
  InteractionActor,
  InteractionDirection,
  InteractionInitiative,
} from "./interaction.type.js";

@InputType({ description: "One contact as its source saw it." })
export class InteractionInput {
  @Field(() => String, { description: "The item's own id at the source: the idempotency key." })
  sourceRef!: string;

  @Field(() => CustomerReference, {
    nullable: true,
    description: "Whose contact it is; left out for a stranger.",
  })
  customer?: CustomerReference | null;

  @Field(() => String, { description: "Channel code, for example `chat`." })
  channel!: string;

  @Field(() => InteractionDirection, { description: "Who contacted whom." })
  direction!: keyof typeof InteractionDirection;

  @Field(() => InteractionInitiative, { description: "Whether it had been asked for." })
  initiative!: keyof typeof InteractionInitiative;

  @Field(() => InteractionActor, {
    nullable: true,
    description: "Who spoke for the company; HUMAN when left out.",
  })
  actor?: keyof typeof InteractionActor | null;

  @Field(() => String, { description: "What sort of contact: message, call, visit, …" })
  kind!: string;

  @Field(() => Instant, { description: "When it happened." })
  occurredAt!: string;

  @Field(() => String, { nullable: true, description: "What it was about, in a line." })
  summary?: string | null;

  @Field(() => String, { nullable: true, description: "The text of the contact." })
  body?: string | null;

  @Field(() => Int, { nullable: true, description: "How long it took, in seconds." })
  durationSeconds?: number | null;

  @Field(() => String, { nullable: true, description: "The source's id of the conversation it belongs to." })
  conversationRef?: string | null;

  @Field(() => JsonObject, { nullable: true, description: "Whatever else the source tells." })
  attributes?: Record<string, unknown> | null;
}

@InputType({ description: "A batch of contacts from one source." })
export class RecordInteractionsInput {
  @Field(() => String, { description: "Code of the sending system." })
  source!: string;

  @Field(() => [InteractionInput], {
    description: "Up to 1,000 items; each is recorded or refused on its own.",
  })
  interactions!: InteractionInput[];
}

@ObjectType({ description: "What became of one contact of the batch." })
export class RecordInteractionResult extends RecordResult {
  @Field(() => Interaction, {
    nullable: true,
    description: "The contact as it is stored; null when rejected.",
  })
  interaction!: Interaction | null;
}

@ObjectType({ description: "What became of a batch of contacts." })
export class RecordInteractionsPayload {
  @Field(() => [RecordInteractionResult], { description: "One result per item, in order." })
  results!: RecordInteractionResult[];
}
