import { Field } from "type-graphql";
import { ObjectType } from "./object-type.js";

@ObjectType({ description: "Why a mutation did not do what it was asked; nothing changed." })
export class UserError {
  @Field(() => String, { description: "Stable code, for programs." })
  code!: string;

  @Field(() => String, { nullable: true, description: "Path of the input field." })
  field!: string | null;

  @Field(() => String, { description: "One sentence, for people." })
  message!: string;
}
