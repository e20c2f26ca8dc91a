import { type ClassType, Field, Float, ID, InputType, Int } from "type-graphql";
import { InstantOrDuration } from "./scalars.js";

/** The operators every comparator has; `null` in eq or neq means "not set". */
function equality(type: () => unknown, noun: string) {
  @InputType()
  abstract class Equality {
    @Field(() => type() as never, { nullable: true, description: `Equals this ${noun}.` })
    eq?: unknown;

    @Field(() => type() as never, {
      nullable: true,
      description: `Differs from this ${noun}, or is not set.`,
    })
    neq?: unknown;

    @Field(() => [type() as never], { nullable: true, description: `Is one of these ${noun}s.` })
    in?: unknown[];

    @Field(() => [type() as never], { nullable: true, description: `Is none of these ${noun}s.` })
    nin?: unknown[];

    @Field(() => Boolean, { nullable: true, description: "True: not set. False: set." })
    isNull?: boolean;
  }
  return Equality as unknown as ClassType<object> & (new () => object);
}

function ordering(type: () => unknown, noun: string) {
  @InputType()
  abstract class Ordering extends equality(type, noun) {
    @Field(() => type() as never, { nullable: true, description: `Less than this ${noun}.` })
    lt?: unknown;

    @Field(() => type() as never, { nullable: true, description: `Less than or equal to this ${noun}.` })
    lte?: unknown;

    @Field(() => type() as never, { nullable: true, description: `Greater than this ${noun}.` })
    gt?: unknown;

    @Field(() => type() as never, { nullable: true, description: `Greater than or equal to this ${noun}.` })
    gte?: unknown;
  }
  return Ordering as unknown as ClassType<object> & (new () => object);
}

@InputType({ description: "Compares an id." })
export class IDComparator extends equality(() => ID, "id") {}

@InputType({ description: "Compares a text, letter by letter unless the operator says otherwise." })
export class StringComparator extends equality(() => String, "text") {
  @Field(() => String, { nullable: true, description: "Contains this text." })
  contains?: string;

  @Field(() => String, { nullable: true, description: "Contains this text, capitals or not." })
  containsIgnoreCase?: string;

  @Field(() => String, { nullable: true, description: "Starts with this text." })
  startsWith?: string;

  @Field(() => String, { nullable: true, description: "Starts with this text, capitals or not." })
  startsWithIgnoreCase?: string;

  @Field(() => String, { nullable: true, description: "Ends with this text." })
  endsWith?: string;

  @Field(() => String, { nullable: true, description: "Equals this text, capitals or not." })
  eqIgnoreCase?: string;
}

@InputType({ description: "Compares a whole number." })
export class IntComparator extends ordering(() => Int, "number") {}

@InputType({ description: "Compares a number." })
export class NumberComparator extends ordering(() => Float, "number") {}

@InputType({ description: "Compares a point in time." })
export class DateTimeComparator extends ordering(() => InstantOrDuration, "time") {}

@InputType({ description: "Compares yes and no." })
export class BooleanComparator {
  @Field(() => Boolean, { nullable: true, description: "Equals this value." })
  eq?: boolean;

  @Field(() => Boolean, { nullable: true, description: "Differs from this value, or is not set." })
  neq?: boolean;

  @Field(() => Boolean, { nullable: true, description: "True: not set. False: set." })
  isNull?: boolean;
}

/** What the comparator of one enum extends; the class itself carries the name. */
export function enumComparator(type: object) {
  return equality(() => type, "value");
}

/** Adds `and`, `or`, `not` to the filter of one type; the class itself names its fields. */
export function logicalFilter(self: () => unknown) {
  @InputType()
  abstract class LogicalFilter {
    @Field(() => [self() as never], { nullable: true, description: "All of these hold." })
    and?: object[];

    @Field(() => [self() as never], { nullable: true, description: "At least one of these holds." })
    or?: object[];

    @Field(() => self() as never, { nullable: true, description: "This does not hold." })
    not?: object;
  }
  return LogicalFilter as unknown as new () => { and?: object[]; or?: object[]; not?: object };
}
