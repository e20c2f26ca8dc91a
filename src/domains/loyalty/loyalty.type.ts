import { Field, Int } from "type-graphql";
import { RequiresScope } from "../../platform/access/scopes.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { Instant, SafeInt } from "../../platform/graphql/scalars.js";

@RequiresScope("loyalty:read")
@ObjectType({
  description:
    "A level of the loyalty programme. It follows from the points ever earned, less those taken back.",
})
export class LoyaltyTier {
  @Field(() => String, { description: "Stable code, for example `gold`." })
  code!: string;

  @Field(() => String, { description: "Name to show." })
  name!: string;

  @Field(() => Int, { description: "Place among the tiers; a higher rank is better." })
  rank!: number;

  @Field(() => SafeInt, { description: "Points ever earned from which it holds." })
  earnedFrom!: number;
}

@RequiresScope("loyalty:read")
@ObjectType({ description: "Something that points can be spent on." })
export class Reward {
  @Field(() => String, { description: "Stable code." })
  code!: string;

  @Field(() => String, { description: "Name to show." })
  name!: string;

  @Field(() => SafeInt, { description: "What it costs, in points." })
  costPoints!: number;

  @Field(() => Boolean, { description: "True while it can be redeemed." })
  available!: boolean;
}

@RequiresScope("loyalty:read")
@ObjectType({ description: "Where the points of an account stand: at all times the sums of its ledger." })
export class LoyaltyPoints {
  @Field(() => SafeInt, {
    description: "What can be spent now; below zero after a return took back points that were already spent.",
  })
  active!: number;

  @Field(() => SafeInt, { description: "Earned, but not to be spent yet." })
  pending!: number;

  @Field(() => SafeInt, {
    description: "Ever earned, less what returns took back; adjustments do not count.",
  })
  earned!: number;

  @Field(() => SafeInt, { description: "Ever spent." })
  spent!: number;

  @Field(() => SafeInt, { description: "Ever expired." })
  expired!: number;
}

@RequiresScope("loyalty:read")
@ObjectType({ description: "A customer's account in the loyalty programme." })
export class LoyaltyAccount {
  @Field(() => LoyaltyTier, { description: "The level the customer has reached." })
  tier!: LoyaltyTier;

  @Field(() => LoyaltyTier, { nullable: true, description: "The level above; null at the top." })
  nextTier!: LoyaltyTier | null;

  @Field(() => SafeInt, {
    nullable: true,
    description: "How many points are still to be earned to reach the next tier; null at the top.",
  })
  pointsToNextTier!: number | null;

  @Field(() => LoyaltyPoints, { description: "Where the points stand." })
  points!: LoyaltyPoints;

  @Field(() => Instant, { description: "When the earliest entry of the ledger happened." })
  joinedAt!: string;
}
