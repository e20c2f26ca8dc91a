import { Field, ID, InputType, Int } from "type-graphql";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { ChangePayload } from "../../platform/graphql/user-error.js";
import { ConsentPurpose } from "../consent/consent.type.js";
import { defaultOverlapHours, maxOverlapHours } from "./api-key.rules.js";
import { AccessRole, ApiKey } from "./api-key.type.js";

@InputType({
  description: "A key to make. It needs a role or a scope; you can give only what you hold yourself.",
})
export class CreateApiKeyInput {
  @Field(() => String, { description: "What people call it: who uses it, and for what." })
  name!: string;

  @Field(() => AccessRole, { nullable: true, description: "Its role." })
  role?: keyof typeof AccessRole | null;

  @Field(() => [String], { defaultValue: [], description: "Scopes besides those of its role." })
  scopes!: string[];

  @Field(() => String, {
    nullable: true,
    description: "Code of the partner that holds it; a PARTNER needs one.",
  })
  partner?: string | null;

  @Field(() => ConsentPurpose, {
    nullable: true,
    description: "The only purpose it may read for, whatever its requests say; left out: any.",
  })
  purpose?: keyof typeof ConsentPurpose | null;

  @Field(() => Boolean, { defaultValue: false, description: "Only trusted documents may be asked with it." })
  trustedOnly!: boolean;

  @Field(() => Int, { nullable: true, description: "Points that its budget holds; null: as everybody's." })
  budgetPoints?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Points that come back each second; null: as everybody's.",
  })
  restoredPerSecond?: number | null;

  @Field(() => Instant, { nullable: true, description: "When it ends by itself; left out: it does not." })
  expiresAt?: string | null;
}

@InputType({ description: "Changes of a key. What is left out stays; null takes away." })
export class UpdateApiKeyInput {
  @Field(() => ID, { description: "Which key." })
  id!: string;

  @Field(() => String, { nullable: true, description: "What people call it." })
  name?: string;

  @Field(() => AccessRole, { nullable: true, description: "Its role." })
  role?: keyof typeof AccessRole | null;

  @Field(() => [String], { nullable: true, description: "Scopes besides those of its role." })
  scopes?: string[];

  @Field(() => String, { nullable: true, description: "Code of the partner that holds it." })
  partner?: string | null;

  @Field(() => ConsentPurpose, { nullable: true, description: "The only purpose it may read for." })
  purpose?: keyof typeof ConsentPurpose | null;

  @Field(() => Boolean, { nullable: true, description: "Only trusted documents may be asked with it." })
  trustedOnly?: boolean;

  @Field(() => Int, { nullable: true, description: "Points that its budget holds; null: as everybody's." })
  budgetPoints?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Points that come back each second; null: as everybody's.",
  })
  restoredPerSecond?: number | null;

  @Field(() => Instant, { nullable: true, description: "When it ends by itself." })
  expiresAt?: string | null;
}

@InputType({ description: "A key that gets a new secret." })
export class RotateApiKeyInput {
  @Field(() => ID, { description: "Which key." })
  id!: string;

  @Field(() => Int, {
    defaultValue: defaultOverlapHours,
    description: `How many hours the present secret is still let in, 0 to ${maxOverlapHours}.`,
  })
  overlapHours!: number;
}

@ObjectType({ description: "What became of a key that was to be made." })
export class CreateApiKeyPayload extends ChangePayload {
  @Field(() => ApiKey, { nullable: true, description: "The key as it is stored; null when refused." })
  apiKey!: ApiKey | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The key itself, told this once: present it as `authorization: Bearer KEY`. Null when refused.",
  })
  key!: string | null;
}

@ObjectType({ description: "What became of a key that was to get a new secret." })
export class RotateApiKeyPayload extends CreateApiKeyPayload {}

@ObjectType({ description: "What became of a key that was to be changed." })
export class UpdateApiKeyPayload extends ChangePayload {
  @Field(() => ApiKey, { nullable: true, description: "The key as it is stored now; null when refused." })
  apiKey!: ApiKey | null;
}

@ObjectType({ description: "What became of a key that was to be revoked." })
export class RevokeApiKeyPayload extends UpdateApiKeyPayload {}
