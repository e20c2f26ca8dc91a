import { ArgsType, Field, InputType, Int } from "type-graphql";
import type { purchaseStatus } from "#schema/purchases.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import {
  BooleanComparator,
  DateTimeComparator,
  enumComparator,
  IDComparator,
  logicalFilter,
  StringComparator,
} from "../../platform/graphql/filters.js";
import { listArgs } from "../../platform/graphql/listing.js";
import { DecimalComparator, Money } from "../../platform/graphql/money.js";
import { Node } from "../../platform/graphql/node.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { connectionOf } from "../../platform/graphql/paging.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { TimelineEntry } from "../../platform/graphql/timeline.js";
import { Source } from "../customers/profile.type.js";
import { Channel } from "../interactions/interaction.type.js";

export const PurchaseStatus = graphqlEnum<(typeof purchaseStatus.enumValues)[number]>(
  "PurchaseStatus",
  "How far an order has come.",
  {
    PLACED: "The customer has ordered.",
    PAID: "It is paid.",
    FULFILLED: "The goods are with the customer.",
    CANCELLED: "It was called off before it was fulfilled.",
  },
);

@RequiresScope("purchases:read")
@ObjectType({ description: "One line of an order or of a return." })
export class PurchaseItem {
  @Field(() => String, { description: "Stock-keeping unit: the source's code of the article." })
  sku!: string;

  @Field(() => String, { nullable: true, description: "Name of the article, as the source shows it." })
  name!: string | null;

  @Field(() => Int, {
    description:
      "How many; on an order below zero where the source books a correction, on a return how many came back.",
  })
  quantity!: number;

  @Field(() => Money, { description: "Price of one; zero for gifts, below zero for credits." })
  unitPrice!: Money;
}

@RequiresScope("purchases:read")
@ObjectType({ implements: [Node, TimelineEntry], description: "An order: what a customer bought." })
export class Purchase extends TimelineEntry {
  @Field(() => String, { description: "The number people know the order by." })
  orderNumber!: string;

  @Field(() => Instant, { description: "When the customer ordered." })
  placedAt!: string;

  @Field(() => PurchaseStatus, { description: "How far it has come." })
  status!: string;

  @Field(() => Channel, { nullable: true, description: "Where it was ordered, if the source tells." })
  channel!: Channel | null;

  @Field(() => Money, { description: "Sum of its lines." })
  total!: Money;

  @Field(() => Source, { description: "Which system recorded it." })
  source!: Source;

  @Field(() => String, { description: "Its id at the source." })
  sourceRef!: string;

  @Field(() => Instant, { description: "When it became known here." })
  recordedAt!: string;
}

export const PurchaseConnection = connectionOf(() => Purchase, "Purchase");

@InputType({ description: "Compares a PurchaseStatus." })
class PurchaseStatusComparator extends enumComparator(PurchaseStatus) {}

@InputType({ description: "Which orders; the conditions given must all hold." })
export class PurchaseFilter extends logicalFilter((): unknown => PurchaseFilter) {
  @Field(() => IDComparator, { nullable: true, description: "By id." })
  id?: IDComparator;

  @Field(() => IDComparator, { nullable: true, description: "By customer." })
  customerId?: IDComparator;

  @Field(() => StringComparator, { nullable: true, description: "By order number." })
  orderNumber?: StringComparator;

  @Field(() => PurchaseStatusComparator, { nullable: true, description: "By how far they have come." })
  status?: PurchaseStatusComparator;

  @Field(() => StringComparator, { nullable: true, description: "By channel code." })
  channel?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By currency, ISO 4217." })
  currency?: StringComparator;

  @Field(() => DecimalComparator, {
    nullable: true,
    description: "By total; name the currency too, amounts are not converted.",
  })
  total?: DecimalComparator;

  @Field(() => StringComparator, { nullable: true, description: "By source code." })
  source?: StringComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time they were placed." })
  placedAt?: DateTimeComparator;

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

export const PurchaseSortField = graphqlEnum("PurchaseSortField", "What orders can be sorted by.", {
  PLACED_AT: "When they were placed.",
  RECORDED_AT: "When they became known here.",
  ORDER_NUMBER: "Order number, by code point.",
  TOTAL: "Total, as a bare number: filter by currency where there are several.",
});

@ArgsType()
export class PurchaseListArgs extends listArgs("Purchase", {
  plural: "orders",
  filter: PurchaseFilter,
  sortField: PurchaseSortField,
  order: "DESC",
  first: "the latest",
}) {}
