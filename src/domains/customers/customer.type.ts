import { ArgsType, Field, InputType, Int } from "type-graphql";
import type { customerStage } from "#schema/customers.js";
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
import { Node } from "../../platform/graphql/node.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { connectionOf } from "../../platform/graphql/paging.js";
import { Personal } from "../../platform/graphql/personal.js";
import { Instant } from "../../platform/graphql/scalars.js";

export const CustomerStage = graphqlEnum<(typeof customerStage.enumValues)[number]>(
  "CustomerStage",
  "Where a customer stands in their life cycle.",
  {
    LEAD: "Known, has not bought and shows no intent yet.",
    OPPORTUNITY: "Shows intent to buy.",
    CUSTOMER: "Has bought.",
    LAPSED: "Has bought, but not for longer than usual.",
    LOST: "Has left.",
  },
);

@RequiresScope("customers:read")
@ObjectType({ implements: Node, description: "One person, whatever the number of systems that know them." })
export class Customer extends Node {
  @Personal()
  @Field(() => String, { nullable: true, description: "The name to show; null while nobody has told one." })
  displayName!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "Given name." })
  givenName!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "Family name." })
  familyName!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "E-mail address to use." })
  email!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "Phone number to use, E.164." })
  phone!: string | null;

  @Field(() => String, { nullable: true, description: "Language and region, BCP 47, for example `fa-IR`." })
  locale!: string | null;

  @Field(() => String, { nullable: true, description: "Time zone, IANA name, for example `Asia/Tehran`." })
  timeZone!: string | null;

  @Field(() => String, { nullable: true, description: "Country, ISO 3166-1 alpha-2." })
  country!: string | null;

  @Field(() => CustomerStage, { description: "Where the customer stands in their life cycle." })
  stage!: string;

  @Field(() => Boolean, { description: "True for guests and visitors whom no identity names yet." })
  anonymous!: boolean;

  @Field(() => Instant, { description: "When any source first knew the customer." })
  createdAt!: string;

  @Field(() => Instant, { description: "When a displayed field last changed." })
  updatedAt!: string;

  @Field(() => Instant, {
    nullable: true,
    description:
      "When everything personal was erased: only the id and the number of the last event are still known then.",
  })
  erasedAt!: string | null;

  @Field(() => Int, { description: "Number of the customer's last event; grows by one with each." })
  seq!: number;
}

export const CustomerConnection = connectionOf(() => Customer, "Customer");

@InputType({ description: "Compares a CustomerStage." })
class CustomerStageComparator extends enumComparator(CustomerStage) {}

@InputType({ description: "Which customers; the conditions given must all hold." })
export class CustomerFilter extends logicalFilter((): unknown => CustomerFilter) {
  @Field(() => IDComparator, { nullable: true, description: "By id." })
  id?: IDComparator;

  @Field(() => StringComparator, { nullable: true, description: "By the displayed name." })
  displayName?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By given name." })
  givenName?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By family name." })
  familyName?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By e-mail address, as it is displayed." })
  email?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By phone number, E.164." })
  phone?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By language and region." })
  locale?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By country, ISO 3166-1 alpha-2." })
  country?: StringComparator;

  @Field(() => CustomerStageComparator, { nullable: true, description: "By life-cycle stage." })
  stage?: CustomerStageComparator;

  @Field(() => BooleanComparator, {
    nullable: true,
    description: "Guests and unknown visitors, or the others.",
  })
  anonymous?: BooleanComparator;

  @Field(() => StringComparator, {
    nullable: true,
    description: "By the code of any source that knows them.",
  })
  source?: StringComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time they became known." })
  createdAt?: DateTimeComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time of the last change." })
  updatedAt?: DateTimeComparator;
}

export const CustomerSortField = graphqlEnum("CustomerSortField", "What customers can be sorted by.", {
  DISPLAY_NAME: "The displayed name, by code point.",
  CREATED_AT: "When they became known.",
  UPDATED_AT: "When they last changed.",
  STAGE: "Life-cycle stage, in the order of the enum.",
});

@ArgsType()
export class CustomerListArgs extends listArgs("Customer", {
  plural: "customers",
  filter: CustomerFilter,
  sortField: CustomerSortField,
  order: "ASC",
  first: "the newest",
}) {}
