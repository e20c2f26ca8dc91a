import { Field, InterfaceType } from "type-graphql";
import { Node, typeNameOf } from "./node.js";
import { Instant } from "./scalars.js";

@InterfaceType({
  description: "Something that happened to a customer, of any domain.",
  implements: Node,
  resolveType: typeNameOf,
})
export abstract class TimelineEntry extends Node {
  @Field(() => Instant, { description: "When it happened." })
  occurredAt!: string;
}
