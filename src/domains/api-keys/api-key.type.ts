import { ArgsType, Field, ID, InputType, Int } from "type-graphql";
import type { accessRole } from "#schema/access.js";
import { OpenToEveryKey, RequiresScope } from "../../platform/access/scopes.js";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import {
  DateTimeComparator,
  IDComparator,
  logicalFilter,
  StringComparator,
} from "../../platform/graphql/filters.js";
import { listArgs } from "../../platform/graphql/listing.js";
import { Node } from "../../platform/graphql/node.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { connectionOf } from "../../platform/graphql/paging.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { ConsentPurpose } from "../consent/consent.type.js";

export const AccessRole = graphqlEnum<(typeof accessRole.enumValues)[number]>(
  "AccessRole",
  "A named set of scopes. What it holds may grow with a release, and with it what its callers may do.",
  {
    AGENT: "Serves customers: sees the person, and records what happens in the conversation.",
    ANALYST: "Studies customers: sees what they did, without the scope for personal data.",
    INTEGRATOR: "A system that sends what it knows and follows what happens.",
    PARTNER: "Another company: sees nothing that holds free text or leads to a person.",
    ADMIN: "Everything.",
  },
);

export const ApiKeyStatus = graphqlEnum("ApiKeyStatus", "Whether a key is let in.", {
  ACTIVE: "It is let in.",
  EXPIRED: "It has ended by itself; with a later expiry it is let in again.",
  REVOKED: "It has been revoked, for good.",
});

@RequiresScope("keys:manage")
@ObjectType({
  implements: Node,
  description: "A key that callers present. Only a hash of it is kept: the key itself is told once.",
})
export class ApiKey extends Node {
  @Field(() => String, { description: "What people call it." })
  name!: string;

  @Field(() => String, { description: "What the key begins with, by which a key that was found is known." })
  start!: string;

  @Field(() => ApiKeyStatus, { description: "Whether it is let in." })
  status!: keyof typeof ApiKeyStatus;

  @Field(() => AccessRole, { nullable: true, description: "Its role; null: none." })
  role!: keyof typeof AccessRole | null;

  @Field(() => [String], { description: "Scopes besides those of its role." })
  scopes!: string[];

  @Field(() => [String], { description: "All that it may do, by its role and besides." })
  effectiveScopes!: string[];

  @Field(() => String, { nullable: true, description: "Code of the partner company that holds it." })
  partner!: string | null;

  @Field(() => ConsentPurpose, { nullable: true, description: "The only purpose it reads for; null: any." })
  purpose!: keyof typeof ConsentPurpose | null;

  @Field(() => Boolean, { description: "Only trusted documents may be asked with it." })
  trustedOnly!: boolean;

  @Field(() => Int, { nullable: true, description: "Points that its budget holds; null: as everybody's." })
  budgetPoints!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Points that come back each second; null: as everybody's.",
  })
  restoredPerSecond!: number | null;

  @Field(() => Instant, { nullable: true, description: "When it ends by itself; null: it does not." })
  expiresAt!: string | null;

  @Field(() => Instant, { nullable: true, description: "When it was revoked." })
  revokedAt!: string | null;

  @Field(() => Instant, {
    nullable: true,
    description: "When it got its present secret; null: with its making.",
  })
  rotatedAt!: string | null;

  @Field(() => Instant, {
    nullable: true,
    description: "Until when the secret before is let in too; null: there is none.",
  })
  previousValidUntil!: string | null;

  @Field(() => Instant, {
    nullable: true,
    description: "When it was used last, as far as is written: about a minute late.",
  })
  lastUsedAt!: string | null;

  @Field(() => Instant, { description: "When it was made." })
  createdAt!: string;
}

export const ApiKeyConnection = connectionOf(() => ApiKey, "ApiKey");

@InputType({ description: "Which keys; the conditions given must all hold." })
export class ApiKeyFilter extends logicalFilter((): unknown => ApiKeyFilter) {
  @Field(() => IDComparator, { nullable: true, description: "By id." })
  id?: IDComparator;

  @Field(() => StringComparator, { nullable: true, description: "By name." })
  name?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By the partner that holds it." })
  partner?: StringComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time it was made." })
  createdAt?: DateTimeComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time it was used last." })
  lastUsedAt?: DateTimeComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time it ends." })
  expiresAt?: DateTimeComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time it was revoked." })
  revokedAt?: DateTimeComparator;
}

export const ApiKeySortField = graphqlEnum("ApiKeySortField", "What keys can be sorted by.", {
  NAME: "Name, by code point.",
  CREATED_AT: "Time they were made.",
  LAST_USED_AT: "Time of their last use.",
  EXPIRES_AT: "Time they end.",
});

@ArgsType()
export class ApiKeyListArgs extends listArgs("ApiKey", {
  plural: "keys",
  filter: ApiKeyFilter,
  sortField: ApiKeySortField,
  order: "DESC",
  first: "the newest",
}) {}

export const ViewerKind = graphqlEnum("ViewerKind", "By what a caller was let in.", {
  ADMIN_KEY: "By the key of the environment.",
  API_KEY: "By a key of this API.",
  TOKEN: "By a token of the issuer.",
});

@OpenToEveryKey()
@ObjectType({ description: "Who asks." })
export class Viewer {
  @Field(() => ViewerKind, { description: "By what the caller was let in." })
  kind!: keyof typeof ViewerKind;

  @Field(() => ID, { nullable: true, description: "Id of the caller's key; null unless it is an API_KEY." })
  apiKeyId!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Name of the caller's key; null unless it is an API_KEY.",
  })
  name!: string | null;

  @Field(() => AccessRole, { nullable: true, description: "The caller's role; null: none." })
  role!: keyof typeof AccessRole | null;

  @Field(() => String, {
    nullable: true,
    description: "Code of the partner on whose behalf the caller asks.",
  })
  partner!: string | null;

  @Field(() => ConsentPurpose, {
    description:
      "What this request is for: of MARKETING and ANALYTICS only customers who consented are there.",
  })
  purpose!: keyof typeof ConsentPurpose;

  @Field(() => [String], { description: "All that the caller may do." })
  scopes!: string[];

  @Field(() => Instant, {
    nullable: true,
    description: "When the caller's key or token ends; null: not by itself.",
  })
  expiresAt!: string | null;
}

@OpenToEveryKey()
@ObjectType({
  description:
    "A caller's budget of points: what operations cost is taken from it, and it fills again by itself.",
})
export class RateLimit {
  @Field(() => Int, { description: "Points that it holds at most." })
  maximum!: number;

  @Field(() => Int, {
    description: "Points that may be spent now; below zero where an answer was larger than its price.",
  })
  available!: number;

  @Field(() => Int, { description: "Points that come back each second." })
  restoreRate!: number;
}
