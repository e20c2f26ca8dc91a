import { Field, InputType, Int } from "type-graphql";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { Decimal, Instant } from "../../platform/graphql/scalars.js";
import { CustomerReference } from "../customers/identity.type.js";
import { RecordResult } from "../customers/recording.type.js";
import { maxItems, type purchaseKinds } from "./purchase.rules.js";
import { Purchase, PurchaseStatus } from "./purchase.type.js";
import { PurchaseReturn } from "./purchase-return.type.js";

export const PurchaseKind = graphqlEnum<(typeof purchaseKinds)[number]>(
  "PurchaseKind",
  "What an item of a batch of purchases is.",
  { ORDER: "Something was bought.", RETURN: "Something came back." },
);

@InputType({ description: "One line of an order or of a return." })
export class PurchaseItemInput {
  @Field(() => String, { description: "Stock-keeping unit: the source's code of the article." })
  sku!: string;

  @Field(() => String, { nullable: true, description: "Name of the article." })
  name?: string | null;

  @Field(() => Int, {
    description:
      "How many. Any number but zero on an order (below zero: a correction of the source); above zero on a return.",
  })
  quantity!: number;

  @Field(() => Decimal, {
    description: "Price of one, in the currency of the purchase; zero and below zero are possible.",
  })
  unitPrice!: string;
}

@InputType({ description: "One order or return as its source saw it." })
export class PurchaseInput {
  @Field(() => String, {
    description:
      "The item's own id at the source: the idempotency key. Orders and returns are numbered apart from each other.",
  })
  sourceRef!: string;

  @Field(() => PurchaseKind, { nullable: true, description: "What it is; ORDER when left out." })
  kind?: keyof typeof PurchaseKind | null;

  @Field(() => CustomerReference, {
    nullable: true,
    description:
      "Who bought; left out for a guest, and for a return whose order is known: it is the order's.",
  })
  customer?: CustomerReference | null;

  @Field(() => String, {
    nullable: true,
    description: "The number people know the order (or return) by; `sourceRef` when left out.",
  })
  orderNumber?: string | null;

  @Field(() => Instant, { description: "When the order was placed, or the goods came back." })
  occurredAt!: string;

  @Field(() => PurchaseStatus, {
    nullable: true,
    description: "How far the order has come; PLACED when left out. Not on a return.",
  })
  status?: keyof typeof PurchaseStatus | null;

  @Field(() => String, { nullable: true, description: "Channel code, for example `web`." })
  channel?: string | null;

  @Field(() => String, { description: "Currency of all its prices, ISO 4217." })
  currency!: string;

  @Field(() => [PurchaseItemInput], { description: `Its lines, 1 to ${maxItems}.` })
  items!: PurchaseItemInput[];

  @Field(() => String, {
    nullable: true,
    description:
      "Only on a return: `sourceRef` of the order at the same source, in this batch or before. The return then belongs to the order's customer; where no such order is known, it is recorded without one.",
  })
  returnOf?: string | null;

  @Field(() => String, { nullable: true, description: "Only on a return: why." })
  reason?: string | null;
}

@InputType({ description: "A batch of orders and returns from one source." })
export class RecordPurchasesInput {
  @Field(() => String, { description: "Code of the sending system." })
  source!: string;

  @Field(() => [PurchaseInput], {
    description: "Up to 1,000 items; each is recorded or refused on its own.",
  })
  purchases!: PurchaseInput[];
}

@ObjectType({ description: "What became of one order or return of the batch." })
export class RecordPurchaseResult extends RecordResult {
  @Field(() => Purchase, {
    nullable: true,
    description: "The order as it is stored; null when rejected, and for a return.",
  })
  purchase!: Purchase | null;

  @Field(() => PurchaseReturn, {
    nullable: true,
    description: "The return as it is stored; null when rejected, and for an order.",
  })
  purchaseReturn!: PurchaseReturn | null;
}

@ObjectType({ description: "What became of a batch of orders and returns." })
export class RecordPurchasesPayload {
  @Field(() => [RecordPurchaseResult], { description: "One result per item, in order." })
  results!: RecordPurchaseResult[];
}
