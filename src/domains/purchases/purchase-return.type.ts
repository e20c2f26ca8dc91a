import { ArgsType, Field, InputType } from "type-graphql";
import { RequiresScope } from "../../platform/access/scopes.js";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import {
  BooleanComparator,
  DateTimeComparator,
  IDComparator,
  logicalFilter,
  StringComparator,
} from "../../platform/graphql/filters.js";
import { listArgs } from "../../platform/graphql/listing.js";
import { DecimalComparator, Money } from "../../platform/graphql/money.js";
import { Node } from "../../platform/graphql/node.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { connectionOf } from "../../platform/graphql/paging.js";
import { Personal } from "../../platform/graphql/personal.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { TimelineEntry } from "../../platform/graphql/timeline.js";
import { Source } from "../customers/profile.type.js";
import { Channel } from "../interactions/interaction.type.js";

@RequiresScope("purchases:read")
@ObjectType({ implements: [Node, TimelineEntry], description: "Goods that came back, and what is refunded." })
export class PurchaseReturn extends TimelineEntry {
  @Field(() => String, { description: "The number people know the return by." })
  returnNumber!: string;

  @Field(() => Instant, { description: "When the goods came back." })
  returnedAt!: string;

  @Field(() => Channel, { nullable: true, description: "Where they came back, if the source tells." })
  channel!: Channel | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "Why, in the source's words." })
  reason!: string | null;

  @Field(() => Money, { description: "What is refunded, as a positive amount: the sum of its lines." })
  total!: Money;

  @Field(() => Source, { description: "Which system recorded it." })
  source!: Source;

  @Field(() => String, { description: "Its id at the source." })
  sourceRef!: string;

  @Field(() => Instant, { description: "When it became known here." })
  recordedAt!: string;
}

export const PurchaseReturnConnection = connectionOf(() => PurchaseReturn, "PurchaseReturn");

@InputType({ description: "Which returns; the conditions given must all hold." })
export class PurchaseReturnFilter extends logicalFilter((): unknown => PurchaseReturnFilter) {
  @Field(() => IDComparator, { nullable: true, description: "By id." })
  id?: IDComparator;

  @Field(() => IDComparator, { nullable: true, description: "By customer." })
  customerId?: IDComparator;

  @Field(() => IDComparator, { nullable: true, description: "By order; not set where the order is unknown." })
  purchaseId?: IDComparator;

  @Field(() => StringComparator, { nullable: true, description: "By return number." })
  returnNumber?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By channel code." })
  channel?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By reason." })
  reason?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By currency, ISO 4217." })
  currency?: StringComparator;

  @Field(() => DecimalComparator, {
    nullable: true,
    description: "By total; name the currency too, amounts are not converted.",
  })
  total?: DecimalComparator;

  @Field(() => StringComparator, { nullable: true, description: "By source code." })
  source?: StringComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time the goods came back." })
  returnedAt?: DateTimeComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time they became known here." })
  recordedAt?: DateTimeComparator;

  @Field(() => BooleanComparator, {
    nullable: true,
    description: "True: of guests, whom no identity names. False: of known customers.",
  })
  guest?: BooleanComparator;

  @Field(() => StringComparator, { nullable: true, description: "By the SKU of any of their lines." })
  sku?: StringComparator;
}

export const PurchaseReturnSortField = graphqlEnum(
  "PurchaseReturnSortField",
  "What returns can be sorted by.",
  {
    RETURNED_AT: "When the goods came back.",
    RECORDED_AT: "When they became known here.",
    RETURN_NUMBER: "Return number, by code point.",
    TOTAL: "Total, as a bare number: filter by currency where there are several.",
  },
);

@ArgsType()
export class PurchaseReturnListArgs extends listArgs("PurchaseReturn", {
  plural: "returns",
  filter: PurchaseReturnFilter,
  sortField: PurchaseReturnSortField,
  order: "DESC",
  first: "the latest",
}) {}
