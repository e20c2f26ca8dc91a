import { ArgsType, Field, ID, InputType } from "type-graphql";
import type { privacyActions, privacyRequestKind, privacyRequestStatus } from "#schema/privacy.js";
import { IdentityKind } from "../../domains/customers/identity.type.js";
import { OpenToEveryKey, RequiresScope } from "../../platform/access/scopes.js";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import {
  DateTimeComparator,
  enumComparator,
  IDComparator,
  logicalFilter,
} from "../../platform/graphql/filters.js";
import { Node } from "../../platform/graphql/node.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { connectionOf, PageArgs } from "../../platform/graphql/paging.js";
import { Instant, SafeInt } from "../../platform/graphql/scalars.js";
import { UserError } from "../../platform/graphql/user-error.js";

export const PrivacyRequestKind = graphqlEnum<(typeof privacyRequestKind.enumValues)[number]>(
  "PrivacyRequestKind",
  "What was asked for.",
  {
    EXPORT: "Everything known of the customer, in one document.",
    ERASE: "Everything known of the customer goes, and does not come back.",
  },
);

export const PrivacyRequestStatus = graphqlEnum<(typeof privacyRequestStatus.enumValues)[number]>(
  "PrivacyRequestStatus",
  "How far a request is.",
  {
    RECEIVED: "It waits for its turn, seconds normally.",
    RUNNING: "A part of it is done.",
    DONE: "It is done; `receipt` tells what was done.",
    FAILED: "It failed several times in a row, see `errorCode`; the same request may be made again.",
  },
);

export const PrivacyAction = graphqlEnum<(typeof privacyActions)[number]>(
  "PrivacyAction",
  "What was done with rows.",
  {
    EXPORTED: "They are part of the document.",
    DELETED: "They are gone.",
    BLANKED: "Their content is gone; an empty place is kept.",
    SUPPRESSED: "Keyed digests of names that are refused from now on.",
  },
);

// It names no customer by more than an id, which the asking key gave itself.
@OpenToEveryKey()
@ObjectType({ description: "What was done with the rows of one table." })
export class PrivacyReceiptLine {
  @Field(() => String, { description: "Name of the table." })
  table!: string;

  @Field(() => PrivacyAction, { description: "What was done." })
  action!: keyof typeof PrivacyAction;

  @Field(() => SafeInt, { description: "With how many rows." })
  rows!: number;
}

// Its root fields are guarded; whoever may ask for an export or an erasure may see what became of it.
@OpenToEveryKey()
@ObjectType({
  implements: Node,
  description: "A request to export or erase what is known of a customer. It holds nothing personal.",
})
export class PrivacyRequest extends Node {
  @Field(() => PrivacyRequestKind, { description: "What was asked for." })
  kind!: keyof typeof PrivacyRequestKind;

  @Field(() => PrivacyRequestStatus, { description: "How far it is." })
  status!: keyof typeof PrivacyRequestStatus;

  @Field(() => ID, { description: "Whom it is about; of a merged customer, the survivor." })
  customerId!: string;

  @Field(() => String, { description: "The key that asked." })
  requestedBy!: string;

  @Field(() => Instant, { description: "When it was asked." })
  requestedAt!: string;

  @Field(() => Instant, { nullable: true, description: "When work on it began." })
  startedAt!: string | null;

  @Field(() => Instant, { nullable: true, description: "When it was done, or failed for the last time." })
  finishedAt!: string | null;

  @Field(() => String, { nullable: true, description: "What the last failure was, as a code." })
  errorCode!: string | null;

  @Field(() => [PrivacyReceiptLine], { description: "What was done so far, table by table." })
  receipt!: PrivacyReceiptLine[];

  @Field(() => String, {
    nullable: true,
    description:
      "Path of the signed document on this server, for keys with `privacy:export`; null where there is none to read. It is made anew each time, and nothing is kept.",
  })
  documentPath!: string | null;

  @Field(() => Instant, { nullable: true, description: "Until when the document can be read." })
  readableUntil!: string | null;
}

export const PrivacyRequestConnection = connectionOf(() => PrivacyRequest, "PrivacyRequest");

@InputType({ description: "Compares a PrivacyRequestKind." })
class PrivacyRequestKindComparator extends enumComparator(PrivacyRequestKind) {}

@InputType({ description: "Compares a PrivacyRequestStatus." })
class PrivacyRequestStatusComparator extends enumComparator(PrivacyRequestStatus) {}

@InputType({ description: "Which requests; the conditions given must all hold." })
export class PrivacyRequestFilter extends logicalFilter((): unknown => PrivacyRequestFilter) {
  @Field(() => IDComparator, { nullable: true, description: "By the customer." })
  customerId?: IDComparator;

  @Field(() => PrivacyRequestKindComparator, { nullable: true, description: "By what was asked for." })
  kind?: PrivacyRequestKindComparator;

  @Field(() => PrivacyRequestStatusComparator, { nullable: true, description: "By how far they are." })
  status?: PrivacyRequestStatusComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time they were made." })
  requestedAt?: DateTimeComparator;
}

@ArgsType()
export class PrivacyRequestListArgs extends PageArgs {
  @Field(() => PrivacyRequestFilter, { nullable: true, description: "Which requests; all when left out." })
  where?: PrivacyRequestFilter | null;
}

@InputType({ description: "Whose data to export." })
export class ExportCustomerInput {
  @Field(() => ID, { description: "Id of the customer; the id from before a merge means the survivor." })
  customerId!: string;
}

@InputType({ description: "Whose data to erase." })
export class EraseCustomerInput {
  @Field(() => ID, {
    description: "Id of the customer; the id from before a merge means the survivor, and all merged into it.",
  })
  customerId!: string;
}

@InputType({ description: "A name that may be recorded again." })
export class LiftSuppressionInput {
  @Field(() => IdentityKind, { description: "What sort of address." })
  kind!: keyof typeof IdentityKind;

  @Field(() => String, { description: "The address, in any spelling." })
  value!: string;
}

@ObjectType({ description: "What became of the wish to export a customer." })
export class ExportCustomerPayload {
  @Field(() => PrivacyRequest, { nullable: true, description: "The request; null where there are errors." })
  request!: PrivacyRequest | null;

  @Field(() => [UserError], { description: "Why there is none: BAD_ID, CUSTOMER_NOT_FOUND." })
  userErrors!: UserError[];
}

@ObjectType({ description: "What became of the wish to erase a customer." })
export class EraseCustomerPayload {
  @Field(() => PrivacyRequest, { nullable: true, description: "The request; null where there are errors." })
  request!: PrivacyRequest | null;

  @Field(() => [UserError], { description: "Why there is none: BAD_ID, CUSTOMER_NOT_FOUND." })
  userErrors!: UserError[];
}

@ObjectType({ description: "What became of the wish to lift a suppression." })
export class LiftSuppressionPayload {
  @RequiresScope("privacy:erase")
  @Field(() => Boolean, { description: "True when the name was suppressed, and no longer is." })
  lifted!: boolean;

  @Field(() => [UserError], { description: "Why nothing was done: the code of a name that is none." })
  userErrors!: UserError[];
}
