import { ArgsType, Field, ID, InputType } from "type-graphql";
import type { auditAction } from "#schema/audit.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import {
  DateTimeComparator,
  enumComparator,
  IDComparator,
  logicalFilter,
  StringComparator,
} from "../../platform/graphql/filters.js";
import { Node } from "../../platform/graphql/node.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { connectionOf, PageArgs } from "../../platform/graphql/paging.js";
import { Instant } from "../../platform/graphql/scalars.js";

export const AuditAction = graphqlEnum<(typeof auditAction.enumValues)[number]>(
  "AuditAction",
  "What was done with a customer's data.",
  {
    READ: "It was answered.",
    CHANGE: "It was recorded or changed, or a privacy request was made.",
    SUBSCRIBE: "Its events were followed from then on.",
  },
);

@RequiresScope("audit:read")
@ObjectType({ implements: Node, description: "Who read or changed whose data, by one operation." })
export class AuditEntry extends Node {
  @Field(() => Instant, { description: "When." })
  at!: string;

  @Field(() => AuditAction, { description: "What was done." })
  action!: keyof typeof AuditAction;

  @Field(() => String, { description: "The key that did it." })
  keyId!: string;

  @Field(() => String, { nullable: true, description: "Name of the operation; null where it has none." })
  operationName!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "SHA-256 of the document's text, hexadecimal; null where there was no document.",
  })
  documentHash!: string | null;

  @Field(() => ID, { description: "The request, as `x-request-id` and errors name it." })
  requestId!: string;

  @Field(() => String, {
    nullable: true,
    description: "What it was for, as `x-purpose` named it; null: to serve the customer.",
  })
  purpose!: string | null;

  @Field(() => [ID], {
    description:
      "Ids of the customers whose data it was; none for a subscription to events of all. Of a read by an id from before a merge, that id.",
  })
  customerIds!: string[];
}

export const AuditEntryConnection = connectionOf(() => AuditEntry, "AuditEntry");

@InputType({ description: "Compares an AuditAction." })
class AuditActionComparator extends enumComparator(AuditAction) {}

@InputType({ description: "Which entries; the conditions given must all hold." })
export class AuditEntryFilter extends logicalFilter((): unknown => AuditEntryFilter) {
  @Field(() => IDComparator, { nullable: true, description: "By a customer whose data it was." })
  customerId?: IDComparator;

  @Field(() => StringComparator, { nullable: true, description: "By the key." })
  keyId?: StringComparator;

  @Field(() => AuditActionComparator, { nullable: true, description: "By what was done." })
  action?: AuditActionComparator;

  @Field(() => StringComparator, { nullable: true, description: "By the name of the operation." })
  operationName?: StringComparator;

  @Field(() => StringComparator, { nullable: true, description: "By the document." })
  documentHash?: StringComparator;

  @Field(() => DateTimeComparator, { nullable: true, description: "By the time." })
  at?: DateTimeComparator;
}

@ArgsType()
export class AuditEntryListArgs extends PageArgs {
  @Field(() => AuditEntryFilter, { nullable: true, description: "Which entries; all when left out." })
  where?: AuditEntryFilter | null;
}
