import { Field, InputType } from "type-graphql";
import type { consentPurpose, consentStatus } from "#schema/consent.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import { Node } from "../../platform/graphql/node.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { connectionOf } from "../../platform/graphql/paging.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { CustomerReference } from "../customers/identity.type.js";
import { Source } from "../customers/profile.type.js";
import { RecordResult } from "../customers/recording.type.js";
import { Channel } from "../interactions/interaction.type.js";

export const ConsentPurpose = graphqlEnum<(typeof consentPurpose.enumValues)[number]>(
  "ConsentPurpose",
  "What the customer's data may be used for.",
  {
    SERVICE: "To serve the customer.",
    MARKETING: "To advertise to the customer.",
    ANALYTICS: "To learn from the customer's behaviour.",
  },
);

export const ConsentStatus = graphqlEnum<(typeof consentStatus.enumValues)[number]>(
  "ConsentStatus",
  "What the customer said.",
  {
    GRANTED: "Yes.",
    DENIED: "No.",
    REVOKED: "No longer: an earlier yes was taken back.",
  },
);

@RequiresScope("consent:read")
@ObjectType({
  implements: Node,
  description:
    "What a customer said, at one time, about the use of their data. Never changed; a newer one replaces it.",
})
export class Consent extends Node {
  @Field(() => ConsentPurpose, { description: "What for." })
  purpose!: string;

  @Field(() => Channel, {
    nullable: true,
    description: "On which channel; null where it speaks of every channel.",
  })
  channel!: Channel | null;

  @Field(() => ConsentStatus, { description: "What the customer said." })
  status!: string;

  @Field(() => Instant, { nullable: true, description: "When it lapses; null: not by itself." })
  expiresAt!: string | null;

  @Field(() => Instant, { description: "When the customer said it." })
  occurredAt!: string;

  @Field(() => Source, { description: "Which system recorded it." })
  source!: Source;

  @Field(() => String, { description: "Its id at the source." })
  sourceRef!: string;

  @Field(() => Instant, { description: "When it became known here." })
  recordedAt!: string;
}

export const ConsentConnection = connectionOf(() => Consent, "Consent");

@InputType({ description: "What one customer said about the use of their data." })
export class ConsentInput {
  @Field(() => String, { description: "The item's own id at the source: the idempotency key." })
  sourceRef!: string;

  @Field(() => CustomerReference, {
    nullable: true,
    description: "Who said it; left out for a stranger.",
  })
  customer?: CustomerReference | null;

  @Field(() => ConsentPurpose, { description: "What for." })
  purpose!: keyof typeof ConsentPurpose;

  @Field(() => String, { nullable: true, description: "Code of the channel; left out for every channel." })
  channel?: string | null;

  @Field(() => ConsentStatus, { description: "What the customer said." })
  status!: keyof typeof ConsentStatus;

  @Field(() => Instant, { nullable: true, description: "When it lapses by itself." })
  expiresAt?: string | null;

  @Field(() => Instant, {
    description: "When the customer said it: the newest counts, so a time to come is refused.",
  })
  occurredAt!: string;
}

@InputType({ description: "A batch of consents from one source." })
export class RecordConsentsInput {
  @Field(() => String, { description: "Code of the sending system." })
  source!: string;

  @Field(() => [ConsentInput], {
    description: "Up to 1,000 items; each is recorded or refused on its own.",
  })
  consents!: ConsentInput[];
}

@ObjectType({ description: "What became of one consent of the batch." })
export class RecordConsentResult extends RecordResult {
  @Field(() => Consent, { nullable: true, description: "The consent as it is stored; null when rejected." })
  consent!: Consent | null;
}

@ObjectType({ description: "What became of a batch of consents." })
export class RecordConsentsPayload {
  @Field(() => [RecordConsentResult], { description: "One result per item, in order." })
  results!: RecordConsentResult[];
}
