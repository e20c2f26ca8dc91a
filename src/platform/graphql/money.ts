import { Field, InputType } from "type-graphql";
import { OpenToEveryKey } from "../access/scopes.js";
import { totalOf } from "../money.js";
import { enumComparator } from "./filters.js";
import { ObjectType } from "./object-type.js";
import { CurrencyCode, Decimal } from "./scalars.js";

@OpenToEveryKey()
@ObjectType({
  description: "An exact amount in one currency. Amounts in different currencies are never added up.",
})
export class Money {
  @Field(() => Decimal, { description: "The amount, with at least the digits its currency is written with." })
  amount!: string;

  @Field(() => CurrencyCode, { description: "Its currency." })
  currency!: string;
}

/** The money of a sum: like stored amounts, with at least the digits of its currency ("0" GBP is "0.00"). */
export function sumOfMoney(sum: string, currency: string): Money {
  return { amount: totalOf([{ quantity: 1, unitPrice: sum }], currency), currency };
}

@InputType({ description: "Compares an exact decimal number." })
export class DecimalComparator extends enumComparator(Decimal) {
  @Field(() => Decimal, { nullable: true, description: "Less than this value." })
  lt?: string;

  @Field(() => Decimal, { nullable: true, description: "Less than or equal to this value." })
  lte?: string;

  @Field(() => Decimal, { nullable: true, description: "Greater than this value." })
  gt?: string;

  @Field(() => Decimal, { nullable: true, description: "Greater than or equal to this value." })
  gte?: string;
}
