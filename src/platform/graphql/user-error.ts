import { Field } from "type-graphql";
import type { Refusal } from "../errors.js";
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

/** What the payload of every change of one thing has; its type adds what the change is about, null when refused. */
@ObjectType()
export abstract class ChangePayload {
  @Field(() => [UserError], { description: "Why nothing was changed; empty when it was." })
  userErrors!: UserError[];
}

/** The payload: what was done, or nothing and why. */
export function payloadOf<D extends object, N extends object>(done: D | { refusal: Refusal }, nothing: N) {
  return "refusal" in done ? { ...nothing, userErrors: [done.refusal] } : { ...done, userErrors: [] };
}
