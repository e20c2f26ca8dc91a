import { Field, InputType } from "type-graphql";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { Instant, JsonObject } from "../../platform/graphql/scalars.js";
import { Customer, CustomerStage } from "./customer.type.js";
import { IdentityKind } from "./identity.type.js";
import { RecordResult } from "./recording.type.js";

@InputType({ description: "An identity that a source knows of a person." })
export class IdentityInput {
  @Field(() => IdentityKind, { description: "What sort of address." })
  kind!: keyof typeof IdentityKind;

  @Field(() => String, { description: "The address, in any spelling." })
  value!: string;

  @Field(() => Boolean, { nullable: true, description: "True where the source has proof that it is theirs." })
  verified?: boolean | null;
}

@InputType({
  description:
    "What a source knows about a person. Absent fields keep what is known; an empty text clears the field.",
})
export class ProfileInput {
  @Field(() => String, { description: "The source's own id of the person: the idempotency key." })
  sourceRef!: string;

  @Field(() => String, {
    nullable: true,
    description: "Full name as it is shown; made of the parts when left out.",
  })
  displayName?: string | null;

  @Field(() => String, { nullable: true, description: "Given name." })
  givenName?: string | null;

  @Field(() => String, { nullable: true, description: "Family name." })
  familyName?: string | null;

  @Field(() => String, { nullable: true, description: "E-mail address; counts as an identity." })
  email?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Phone number in any spelling; counts as an identity.",
  })
  phone?: string | null;

  @Field(() => String, { nullable: true, description: "Language and region, BCP 47." })
  locale?: string | null;

  @Field(() => String, { nullable: true, description: "Time zone, IANA name." })
  timeZone?: string | null;

  @Field(() => String, { nullable: true, description: "Date of birth, `YYYY-MM-DD`." })
  birthDate?: string | null;

  @Field(() => [String], { nullable: true, description: "Address above the postal code, line by line." })
  addressLines?: string[] | null;

  @Field(() => String, { nullable: true, description: "Postal code." })
  postalCode?: string | null;

  @Field(() => String, { nullable: true, description: "City." })
  city?: string | null;

  @Field(() => String, { nullable: true, description: "State, province or the like." })
  region?: string | null;

  @Field(() => String, { nullable: true, description: "Country, ISO 3166-1 alpha-2." })
  country?: string | null;

  @Field(() => CustomerStage, { nullable: true, description: "Life-cycle stage as the source sees it." })
  stage?: keyof typeof CustomerStage | null;

  @Field(() => JsonObject, { nullable: true, description: "Whatever else the source tells." })
  traits?: Record<string, unknown> | null;

  @Field(() => [IdentityInput], { nullable: true, description: "Further addresses of the person." })
  identities?: IdentityInput[] | null;

  @Field(() => Instant, {
    nullable: true,
    description: "When the source last changed this; now when left out. Older than what is known: ignored.",
  })
  observedAt?: string | null;

  @Field(() => Instant, { nullable: true, description: "Since when the source knows the person." })
  knownSince?: string | null;
}

@InputType({ description: "A batch of profiles from one source." })
export class UpsertProfilesInput {
  @Field(() => String, { description: "Code of the sending system." })
  source!: string;

  @Field(() => [ProfileInput], { description: "Up to 1,000 items; each is taken or refused on its own." })
  profiles!: ProfileInput[];
}

@ObjectType({ description: "What became of one profile of the batch." })
export class UpsertProfileResult extends RecordResult {
  @Field(() => Customer, { nullable: true, description: "The customer it belongs to; null when rejected." })
  customer!: Customer | null;
}

@ObjectType({ description: "What became of a batch of profiles." })
export class UpsertProfilesPayload {
  @Field(() => [UpsertProfileResult], { description: "One result per item, in order." })
  results!: UpsertProfileResult[];
}
