import { Field, ID, InputType } from "type-graphql";
import type { identityKind } from "#schema/customers.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { Personal } from "../../platform/graphql/personal.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { Source } from "./profile.type.js";

export const IdentityKind = graphqlEnum<(typeof identityKind.enumValues)[number]>(
  "IdentityKind",
  "What sort of address an identity is.",
  {
    EMAIL: "E-mail address.",
    PHONE: "Phone number, in any spelling; kept as E.164.",
    LOYALTY_CARD: "Number of a loyalty card.",
    DEVICE: "A device or browser; it names no person, so its customer stays anonymous.",
    SOCIAL_HANDLE: "Handle on a social network, as `platform:handle`.",
    EXTERNAL_ID: "Id in another system, as `source:id`.",
  },
);

@RequiresScope("customers:read")
@ObjectType({ description: "An address under which a customer can be found, as one source knows it." })
export class Identity {
  @Field(() => IdentityKind, { description: "What sort of address." })
  kind!: string;

  @Personal()
  @Field(() => String, { nullable: true, description: "The address in its one normal spelling." })
  value!: string | null;

  @Field(() => Boolean, { description: "True where the source has proof that it is theirs." })
  verified!: boolean;

  @Field(() => Source, { description: "Who told it." })
  source!: Source;

  @Field(() => Instant, { description: "When the source first saw it." })
  firstSeenAt!: string;

  @Field(() => Instant, { description: "When the source last saw it." })
  lastSeenAt!: string;
}

@InputType({ description: "An identity as a person or a system would write it." })
export class IdentityReference {
  @Field(() => IdentityKind, { description: "What sort of address." })
  kind!: keyof typeof IdentityKind;

  @Field(() => String, { description: "The address, in any spelling." })
  value!: string;
}

@InputType({
  description: "Names a customer in one of three ways; leave it out for a guest or an unknown visitor.",
})
export class CustomerReference {
  @Field(() => ID, { nullable: true, description: "The customer's id here." })
  id?: string | null;

  @Field(() => String, { nullable: true, description: "The id that the sending source gives the customer." })
  sourceRef?: string | null;

  @Field(() => IdentityReference, {
    nullable: true,
    description: "An identity of the customer, in any spelling.",
  })
  identity?: IdentityReference | null;
}
