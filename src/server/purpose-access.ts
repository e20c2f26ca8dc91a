import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from "graphql";
import type { Caller } from "../platform/access/caller.js";
import { purposeHeader, purposeText } from "../platform/access/purpose.js";
import { ApiError } from "../platform/errors.js";
import { rootFieldsOf } from "./root-fields.js";

const known = new WeakMap<OperationDefinitionNode, string | null>();

/**
 * Refuses what is not answered under a purpose that needs consent: what changes or follows things, and root fields that do
 * not say how they answer there. Throws PURPOSE_NOT_SUPPORTED.
 */
export function checkPurpose(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  { purpose }: Pick<Caller, "purpose">,
): void {
  if (!purpose) return;
  let refused = known.get(operation);
  if (refused === undefined) {
    refused = refusedField(schema, document, operation);
    known.set(operation, refused);
  }
  if (refused === null) return;
  throw new ApiError(
    "PURPOSE_NOT_SUPPORTED",
    `${refused} is not answered under ${purposeHeader}: ${purposeText(purpose)}.`,
    { field: refused, http: { status: 403 } },
  );
}

/** The first root field that is not answered under a purpose, or null. Directives are ignored: no variable decides. */
function refusedField(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): string | null {
  const root = schema.getRootType(operation.operation);
  const fields = root?.getFields() ?? {};
  for (const { name } of rootFieldsOf(document, operation.selectionSet)) {
    if (name.value.startsWith("__")) continue; // introspection
    const declared = fields[name.value]?.extensions.underPurpose;
    if (operation.operation !== "query" || declared === undefined) return `${root?.name}.${name.value}`;
  }
  return null;
}
