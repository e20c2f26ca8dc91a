import { Field } from "type-graphql";
import { RequiresScope } from "../../platform/access/scopes.js";
import { Node } from "../../platform/graphql/node.js";
import { ObjectType } from "../../platform/graphql/object-type.js";
import { connectionOf } from "../../platform/graphql/paging.js";
import { Personal } from "../../platform/graphql/personal.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { Source } from "../customers/profile.type.js";

@RequiresScope("interactions:read")
@ObjectType({
  implements: Node,
  description: "A thread of interactions about one matter with one customer; it may move between channels.",
})
export class Conversation extends Node {
  @Personal()
  @Field(() => String, { nullable: true, description: "What it is about." })
  subject!: string | null;

  @Field(() => Instant, { description: "When its first interaction happened." })
  startedAt!: string;

  @Field(() => Instant, { description: "When its latest interaction happened." })
  lastAt!: string;

  @Field(() => Source, { description: "Which system keeps it." })
  source!: Source;

  @Field(() => String, { description: "Its id at the source." })
  sourceRef!: string;
}

export const ConversationConnection = connectionOf(() => Conversation, "Conversation");
