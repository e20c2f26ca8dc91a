import { ArgsType, Field, InputType } from "type-graphql";
import type { loyaltyEntryKind } from "#schema/loyalty.js";
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
import { Instant, SafeInt } from "../../platform/graphql/scalars.js";
import { TimelineEntry } from "../../platform/graphql/timeline.js";
import { Source } from "../customers/profile.type.js";
import { Reward } from "./loyalty.type.js";

export const LoyaltyEntryKind = graphqlEnum<(typeof loyaltyEntryKind.enumValues)[number]>(
  "LoyaltyEntryKind",
  "What moved the points.",
  {
    EARN: "The customer earned points: active at once, or pending.",
    ACTIVATE: "Pending points became active.",
    SPEND: "The customer spent active points.",
    EXPIRE: "Active points lapsed.",
    REVERSE:
      "Earned points were taken back, as after a return: pending ones first, then active, below zero if need be.",
    ADJUST: "A correction of the active points, either way; it does not count as earned.",
  },
);

@RequiresScope("loyalty:read")
@ObjectType({
  implements: [Node, TimelineEntry],
  description: "One line of a customer's points ledger. Lines are only ever added.",
})
export class LoyaltyEntry extends TimelineEntry {
  // A text, like `kind` of every timeline entry: enums of different names cannot be selected side by side.
  @Field(() => String, { description: "What moved the points, a value of LoyaltyEntryKind." })
  kind!: string;

  @Field(() => SafeInt, {
    description:
      "How many points, signed: earned and activated ones above zero; spent, expired and reversed below.",
  })
  points!: number;

  @Field(() => SafeInt, { description: "What it added to the pending points, or took." })
  pendingDelta!: number;

  @Field(() => SafeInt, { description: "What it added to the active points, or took." })
  activeDelta!: number;

  @Personal()
  @Field(() => String, { nullable: true, description: "Why, in the source's words." })
  reason!: string | null;

  @Field(() => Reward, { nullable: true, description: "The reward it is about, if any." })
  reward!: Reward | null;

  @Field(() => Instant, {
    nullable: true,
    description: "When the points it added lapse, as the source says.",
  })
  expiresAt!: string | null;

  @Field(() => Source, { description: "Which system recorded it." })
  source!: Source;

  @Field(() => String, { description: "Its id at the source." })
  sourceRef!: string;

  @Field(() => Instant, { description: "When it became known here." })
  recordedAt!: string;
}

export const LoyaltyEntryConnection = connectionOf(() => LoyaltyEntry, "LoyaltyEntry");

@InputType({ description: "Compares a LoyaltyEntryKind." })
class LoyaltyEntryKindComparator extends enumComparator(LoyaltyEntryKind) {}

@InputType({ description: "Which ledger entries; the conditions given must all hold." })
export class LoyaltyEntryFilter extends logicalFilter((): unknown => LoyaltyEntryFilter) {
  @Field(() => IDComparator, { nullable: true, description: "By id." })
  id?: IDComparator;

  @Field(() => LoyaltyEntryKindComparator, { nullable: true, description: "By what moved the points." })
  kind?: LoyaltyEntryKindComparator;

  @Field(() => IntComparator, { nullable: true, description: "By the signed number of points." })
  points?: IntComparator;

  @Field(() => StringComparator, { nullable: true, description: "By the source's reason." })
  reason?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By reward code." })
  reward?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By source code." })
  source?: StringComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time the points lapse." })
  expiresAt?: DateTimeComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time it happened." })
  occurredAt?: DateTimeComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time it became known here." })
  recordedAt?: DateTimeComparator;
}

export const LoyaltyEntrySortField = graphqlEnum(
  "LoyaltyEntrySortField",
  "What ledger entries can be sorted by.",
  {
    OCCURRED_AT: "When they happened.",
    RECORDED_AT: "When they became known here.",
    POINTS: "The signed number of points.",
    EXPIRES_AT: "When their points lapse.",
  },
);

@ArgsType()
export class LoyaltyEntryListArgs extends listArgs("LoyaltyEntry", {
  plural: "entries",
  filter: LoyaltyEntryFilter,
  sortField: LoyaltyEntrySortField,
  order: "DESC",
  first: "the latest",
}) {}
