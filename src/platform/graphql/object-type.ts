import { ObjectType as BaseObjectType, type ObjectTypeOptions } from "type-graphql";

/**
 * type-graphql's ObjectType whose plain fields are read off the row by graphql-js itself, without a wrapper for each.
 * Nothing is bypassed: scopes are checked per document (`server/operation.ts`).
 */
export function ObjectType(nameOrOptions: string | ObjectTypeOptions = {}, options: ObjectTypeOptions = {}) {
  return typeof nameOrOptions === "string"
    ? BaseObjectType(nameOrOptions, { ...options, simpleResolvers: true })
    : BaseObjectType({ ...nameOrOptions, simpleResolvers: true });
}
