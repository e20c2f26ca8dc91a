import { Field } from "type-graphql";
import { OpenToEveryKey, RequiresScope } from "../../platform/access/scopes.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { Personal } from "../../platform/graphql/personal.js";
import { Instant, JsonObject } from "../../platform/graphql/scalars.js";

@OpenToEveryKey()
@ObjectType({ description: "A system that sends facts about customers." })
export class Source {
  @Field(() => String, { description: "Its stable code." })
  code!: string;
}

@RequiresScope("customers:read")
@ObjectType({ description: "What one source knows about a customer." })
export class Profile {
  @Field(() => Source, { description: "Who knows it." })
  source!: Source;

  @Personal()
  @Field(() => String, {
    nullable: true,
    description: "How the source names the customer; null for a guest.",
  })
  sourceRef!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "Full name as the source shows it." })
  displayName!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "Given name." })
  givenName!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "Family name." })
  familyName!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "E-mail address." })
  email!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "Phone number." })
  phone!: string | null;

  @Field(() => String, { nullable: true, description: "Language and region, BCP 47." })
  locale!: string | null;

  @Field(() => String, { nullable: true, description: "Time zone, IANA name." })
  timeZone!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "Date of birth, `YYYY-MM-DD`." })
  birthDate!: string | null;

  @Personal()
  @Field(() => [String], { nullable: true, description: "Address above the postal code, line by line." })
  addressLines!: string[] | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "Postal code." })
  postalCode!: string | null;

  @Personal()
  @Field(() => String, { nullable: true, description: "City." })
  city!: string | null;

  @Field(() => String, { nullable: true, description: "State, province or the like." })
  region!: string | null;

  @Field(() => String, { nullable: true, description: "Country, ISO 3166-1 alpha-2." })
  country!: string | null;

  @Personal()
  @Field(() => JsonObject, { nullable: true, description: "Whatever else the source tells." })
  traits!: Record<string, unknown> | null;

  @Field(() => Instant, { description: "When the source last changed what it knows." })
  observedAt!: string;
}
