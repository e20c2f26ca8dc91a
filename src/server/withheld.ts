import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from "graphql";
import type { Caller } from "../platform/access/caller.js";
import { isPersonal, personalScope } from "../platform/graphql/personal.js";
import { maxWithheldErrors } from "../platform/limits.js";
import { type Answered, findLeaves, keysOf, type Leaf } from "./answer-walk.js";

/**
 * One FORBIDDEN error for every place in an answer where a personal field was kept back from this caller, in the order of
 * the answer; beyond `maxWithheldErrors` the last one counts the others. However the answer came about, the errors are the same.
 */
export function withheldErrors(
  answered: Answered & { caller: Pick<Caller, "scopes"> },
  data: () => unknown,
): readonly GraphQLError[] {
  if (!selectsPersonal(answered.schema, answered.document)) return [];
  if (answered.caller.scopes.has(personalScope)) return [];
  const places: Leaf<string>[] = [];
  let count = 0;
  findLeaves(
    answered,
    data(),
    (type, field) => (isPersonal(field) ? `${type.name}.${field.name}` : null),
    (leaf) => {
      if (leaf.holder[leaf.key] === null && ++count <= maxWithheldErrors) places.push(leaf);
    },
  );
  const more = count - places.length;
  return places.map((place, i) => withheld(place, i === places.length - 1 ? more : 0));
}

function withheld({ mark: field, path, nodes }: Leaf<string>, alsoWithheld: number): GraphQLError {
  const details = { scope: personalScope, field, ...(alsoWithheld > 0 && { alsoWithheld }) };
  return new GraphQLError(`${field} needs the scope ${personalScope}.`, {
    nodes,
    path: keysOf(path),
    extensions: { code: "FORBIDDEN", ...details },
  });
}

const known = new WeakMap<DocumentNode, boolean>();

/** Whether a document selects anything personal, in any of its operations. */
export function selectsPersonal(schema: GraphQLSchema, document: DocumentNode): boolean {
  let found = known.get(document);
  if (found !== undefined) return found;
  found = false;
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Field() {
        const field = types.getFieldDef();
        if (field && isPersonal(field)) found = true;
      },
    }),
  );
  known.set(document, found);
  return found;
}
