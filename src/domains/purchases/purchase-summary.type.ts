import { ArgsType, Field, Int } from "type-graphql";
import { RequiresScope } from "../../platform/access/scopes.js";
import { Money } from "../../platform/graphql/money.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { CurrencyCode } from "../../platform/graphql/scalars.js";
import { PurchaseFilter } from "./purchase.type.js";

/** How a filter of orders reads on returns; said wherever figures count both. */
export const filterOnReturns =
  "Returns are counted by their own customer, channel, currency, total, source, time (`placedAt` is when the goods came back, `recordedAt`), guest and SKUs; `id`, `orderNumber` and `status` ask about the order of the return, and are not set where that is unknown.";

@RequiresScope("purchases:read")
@ObjectType({ description: "What was bought and returned in one currency." })
export class PurchaseTotals {
  @Field(() => CurrencyCode, { description: "The currency." })
  currency!: string;

  @Field(() => Money, { description: "Sum of the orders." })
  gross!: Money;

  @Field(() => Money, { description: "Sum of the returns, as a positive amount." })
  returned!: Money;

  @Field(() => Money, { description: "Gross less returned." })
  net!: Money;
}

@RequiresScope("purchases:read")
@ObjectType({ description: "Figures over orders and returns." })
export class PurchaseSummary {
  @Field(() => Int, { description: "How many orders." })
  purchaseCount!: number;

  @Field(() => Int, { description: "How many returns." })
  returnCount!: number;

  @Field(() => Int, { description: "How many lines, of the orders and of the returns." })
  itemCount!: number;

  @Field(() => Int, {
    description:
      "How many customers stand behind them. Each order of a guest counts as a customer of its own.",
  })
  customerCount!: number;

  @Field(() => [PurchaseTotals], {
    description:
      "The money, one entry per currency that occurs, by currency code. Never summed across currencies.",
  })
  money!: PurchaseTotals[];
}

@RequiresScope("purchases:read")
@ObjectType({ description: "One of the customers with the highest net revenue." })
export class TopCustomer {
  @Field(() => Money, { description: "Sum of their orders less the sum of their returns." })
  net!: Money;

  @Field(() => Int, { description: "How many orders." })
  purchaseCount!: number;

  @Field(() => Int, { description: "How many returns." })
  returnCount!: number;
}

@ArgsType()
export class PurchaseSummaryArgs {
  @Field(() => PurchaseFilter, {
    nullable: true,
    description: `Which orders and returns; all when left out. ${filterOnReturns}`,
  })
  where?: PurchaseFilter | null;
}

/** One screen of a ranking; whoever needs more wants an export. */
export const maxTopCustomers = 100;

@ArgsType()
export class TopCustomersArgs extends PurchaseSummaryArgs {
  @Field(() => CurrencyCode, { description: "Only orders and returns in this currency." })
  currency!: string;

  @Field(() => Int, { defaultValue: 10, description: `How many customers, 1 to ${maxTopCustomers}.` })
  first!: number;
}
