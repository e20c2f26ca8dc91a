import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isInterfaceType,
  isNonNullType,
  isObjectType,
} from "graphql";
import { Extensions } from "type-graphql";
import type { Scope } from "../access/scopes.js";

/** What personal fields need besides what their types need. */
export const personalScope = "pii:read" satisfies Scope;

/**
 * Declares that a field tells who somebody is, or is free text in which anybody may be named. Without `pii:read` it is null
 * with a FORBIDDEN error at its path, and no list can be filtered or sorted by it (`server/withheld.ts`).
 */
export function Personal() {
  return Extensions({ personal: true });
}

interface Declared {
  readonly extensions: Readonly<Record<string, unknown>>;
}

export function isPersonal({ extensions }: Declared): boolean {
  return extensions.personal === true;
}

/** Of a context, what the mask looks at. */
interface Masking {
  caller: { scopes: ReadonlySet<Scope> };
}

type Field = GraphQLField<unknown, Masking>;

/** Resolvers that do nothing but mask a property of the row. */
const masksOfColumns = new WeakSet<GraphQLFieldResolver<unknown, never>>();

/** Whether a field is a property of its row and nothing more: no resolver of a domain computes it. */
export function isOwnProperty({ resolve }: GraphQLField<unknown, unknown>): boolean {
  return !resolve || masksOfColumns.has(resolve);
}

/** Puts the mask in front of every personal field, so that nothing that executes the schema can go around it. */
export function maskPersonalFields(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (!isPersonal(field)) continue;
      if (isNonNullType(field.type))
        throw new Error(`${type.name}.${field.name} is personal: it can be null`);
      mask(field);
    }
  }
}

function mask(field: Field): void {
  const { resolve } = field;
  const shown = resolve ?? defaultFieldResolver;
  field.resolve = (root, args, context, info) =>
    context.caller.scopes.has(personalScope) ? shown(root, args, context, info) : null;
  if (!resolve) masksOfColumns.add(field.resolve);
}
