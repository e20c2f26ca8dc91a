import { Field, InputType } from "type-graphql";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { Instant, SafeInt } from "../../platform/graphql/scalars.js";
import { CustomerReference } from "../customers/identity.type.js";
import { RecordResult } from "../customers/recording.type.js";
import { LoyaltyEntry, LoyaltyEntryKind } from "./loyalty-entry.type.js";

@InputType({ description: "One movement of points as its source saw it." })
export class LoyaltyEntryInput {
  @Field(() => String, { description: "The item's own id at the source: the idempotency key." })
  sourceRef!: string;

  @Field(() => CustomerReference, {
    nullable: true,
    description: "Whose points; left out for a guest, who then gets an account alone.",
  })
  customer?: CustomerReference | null;

  @Field(() => LoyaltyEntryKind, { description: "What moved the points." })
  kind!: keyof typeof LoyaltyEntryKind;

  @Field(() => SafeInt, {
    description:
      "How many, above zero: the kind says which way they go. Only ADJUST takes a number below zero.",
  })
  points!: number;

  @Field(() => String, { nullable: true, description: "Why." })
  reason?: string | null;

  @Field(() => String, { nullable: true, description: "Code of the reward it is about." })
  reward?: string | null;

  @Field(() => Instant, {
    nullable: true,
    description:
      "When the points it adds lapse; for EARN, ACTIVATE and ADJUST. The source sends the EXPIRE then.",
  })
  expiresAt?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "EARN only: true where the points cannot be spent until an ACTIVATE.",
  })
  pending?: boolean | null;

  @Field(() => Instant, { description: "When it happened." })
  occurredAt!: string;
}

@InputType({ description: "A batch of movements of points from one source." })
export class RecordLoyaltyEntriesInput {
  @Field(() => String, { description: "Code of the sending system." })
  source!: string;

  @Field(() => [LoyaltyEntryInput], {
    description:
      "Up to 1,000 items; each is recorded or refused on its own. Those of one customer apply in the order given.",
  })
  entries!: LoyaltyEntryInput[];
}

@ObjectType({ description: "What became of one movement of the batch." })
export class RecordLoyaltyEntryResult extends RecordResult {
  @Field(() => LoyaltyEntry, {
    nullable: true,
    description: "The entry as it stands in the ledger; null when rejected.",
  })
  entry!: LoyaltyEntry | null;
}

@ObjectType({ description: "What became of a batch of movements." })
export class RecordLoyaltyEntriesPayload {
  @Field(() => [RecordLoyaltyEntryResult], { description: "One result per item, in order." })
  results!: RecordLoyaltyEntryResult[];
}
