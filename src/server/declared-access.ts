import { type GraphQLSchema, isInterfaceType, isIntrospectionType, isObjectType } from "graphql";
import { isScope, publicField } from "../platform/access/scopes.js";
import { isPersonal, personalScope } from "../platform/graphql/personal.js";

/**
 * Denies by default: throws for a root field that declares neither a scope nor that every key may use it. Then says in the
 * descriptions what each root field, guarded type and guarded field needs, from the same declaration that is checked.
 */
export function declareAccess(schema: GraphQLSchema): void {
  const undeclared = rootsOf(schema).flatMap((root) =>
    Object.values(root.getFields())
      .filter((field) => needOf(field) === null)
      .map((field) => `${root.name}.${field.name}`),
  );
  if (undeclared.length) throw new Error(`no scope is declared for ${undeclared.join(", ")}`);
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || !(isObjectType(type) || isInterfaceType(type))) continue;
    describe(type);
    for (const field of Object.values(type.getFields())) describe(field);
  }
}

interface Declared {
  description?: string | null | undefined;
  readonly extensions: Readonly<Record<string, unknown>>;
}

function rootsOf(schema: GraphQLSchema) {
  return [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter(
    (root) => root != null,
  );
}

function describe(declared: Declared): void {
  const need = [purposeOf(declared), needOf(declared), isPersonal(declared) ? personal : null]
    .filter(Boolean)
    .join(" ");
  if (need) declared.description = [declared.description?.trim(), need].filter(Boolean).join(" ");
}

/** How a root field answers under a purpose; those that do not say are refused there, as the type of the queries tells. */
function purposeOf({ extensions: { underPurpose } }: Declared): string | null {
  if (underPurpose === "consenting")
    return "Under a purpose: customers who consented, as if there were no others.";
  return underPurpose === "open" ? "Under a purpose: the same." : null;
}

const personal = `Personal: null, with an error at its path, without the scope \`${personalScope}\`.`;

/** What a declaration says, in a sentence; null where there is none. */
function needOf({ extensions: { scope } }: Declared): string | null {
  if (scope === publicField) return "Open to every caller.";
  return typeof scope === "string" && isScope(scope) ? `Needs the scope \`${scope}\`.` : null;
}
