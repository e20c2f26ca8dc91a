import { Field, Int } from "type-graphql";
import { RequiresScope } from "../../platform/access/scopes.js";
import { graphqlEnum } from "../../platform/graphql/enums.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { Cursor } from "../../platform/graphql/scalars.js";
import type { Id } from "../../platform/ids.js";

export const RecordOutcome = graphqlEnum("RecordOutcome", "What became of one item of a batch.", {
  RECORDED: "It is stored, with its event.",
  DUPLICATE: "It was stored before under the same source and sourceRef; nothing changed.",
  REJECTED: "It was refused, see `error`; nothing changed, and a corrected item may be sent again.",
});

@ObjectType({ description: "Why an item was refused." })
export class ItemError {
  @Field(() => String, { description: "Stable code, for programs." })
  code!: string;

  @Field(() => String, { nullable: true, description: "Path of the input field inside the item." })
  field!: string | null;

  @Field(() => String, { description: "One sentence, for people." })
  message!: string;
}

/** What the result of every sort of item has; the types of the domains add the record itself. */
@ObjectType()
export abstract class RecordResult {
  @Field(() => Int, { description: "Place of the item in the batch, from 0." })
  index!: number;

  @Field(() => RecordOutcome, { description: "What became of it." })
  outcome!: keyof typeof RecordOutcome;

  // It names the customer, so whoever only writes may not see it.
  @RequiresScope("events:read")
  @Field(() => Cursor, {
    nullable: true,
    description: "Where a subscription may start to see everything after this write; null unless recorded.",
  })
  cursor!: string | null;

  @Field(() => ItemError, { nullable: true, description: "Why it was refused; null unless rejected." })
  error!: ItemError | null;
}

/** The results of a batch with the cursors that clients see. */
export function withCursors<R extends { customerId: Id<"customer"> | null; seq: number | null }>(
  results: readonly R[],
  { feed }: { feed: { customerCursor(customerId: Id<"customer">, seq: number): string } },
) {
  return results.map((result) => ({
    ...result,
    cursor:
      result.customerId && result.seq !== null ? feed.customerCursor(result.customerId, result.seq) : null,
  }));
}
