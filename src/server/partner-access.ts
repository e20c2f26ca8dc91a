import {
  type DocumentNode,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isObjectType,
  type OperationDefinitionNode,
  separateOperations,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from "graphql";
import type { Caller } from "../platform/access/caller.js";
import { ApiError } from "../platform/errors.js";
import { isPersonal } from "../platform/graphql/personal.js";
import { enumNameOf, type KeptInputs, keptInput } from "./kept-inputs.js";

/**
 * Texts that a partner may see: words of the company, not of customers or of their sources. Written out, so that a new text is
 * no partner's until somebody gives it.
 */
const texts: Readonly<Record<string, readonly string[]>> = {
  Channel: ["code", "name", "costCurrency"],
  Customer: ["locale", "timeZone", "country"],
  Feedback: ["kind", "surveyVersion"],
  Interaction: ["kind"],
  LoyaltyEntry: ["kind"],
  LoyaltyTier: ["code", "name"],
  Reward: ["code", "name"],
  Money: ["currency"],
  PurchaseItem: ["sku", "name"],
  TicketEvent: ["kind"],
  PageInfo: ["startCursor", "endCursor"],
  Viewer: ["kind", "name", "partner", "scopes"],
  UserError: ["code", "field", "message"],
};
/** Types whose texts are the partner's own affair: its keys. */
const own = /^(__|ApiKey|(Create|Update|Rotate|Revoke)ApiKeyPayload$)/;
/** What a partner may filter texts by. */
const filters: ReadonlySet<string> = new Set([
  "channel",
  "country",
  "currency",
  "locale",
  "name",
  "partner",
  "reward",
  "sku",
]);
/** Leaves that tell no words and no place in the event log. */
const plain = /^(ID|Boolean|Int|Float|SafeInt|Decimal|DateTime|CurrencyCode)$/;
/** Edges and counts by which two partners, or a partner and a source, could find the same person. */
const closed: ReadonlySet<string> = new Set([
  "Customer.identities",
  "Customer.identity",
  "Customer.profiles",
  "Customer.seq",
  "Query._entities",
]);
/** The only writes that are a partner's: its own keys. */
const writingScope = "keys:manage";

/** Refuses what partners may not ask: anything that is not declared for them. Throws FORBIDDEN. */
export function checkPartner(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  { partner }: Pick<Caller, "partner">,
): void {
  if (!partner) return;
  const field =
    closedField(schema, document, operation) ??
    keptInput(closedInputsOf(schema), schema, document, operation, variables);
  if (field === null) return;
  throw new ApiError("FORBIDDEN", `${field} is not for partners.`, { field, http: { status: 403 } });
}

const known = new WeakMap<OperationDefinitionNode, { field: string | null }>();

function closedField(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): string | null {
  let found = known.get(operation);
  if (!found) {
    found = {
      field: findClosed(schema, separateOperations(document)[operation.name?.value ?? ""] ?? document),
    };
    known.set(operation, found);
  }
  return found.field;
}

function findClosed(schema: GraphQLSchema, document: DocumentNode): string | null {
  const types = new TypeInfo(schema);
  let found: string | null = null;
  visit(
    document,
    visitWithTypeInfo(types, {
      Field() {
        const [type, field] = [types.getParentType(), types.getFieldDef()];
        if (type && field && isClosed(schema, type.name, field)) found ??= `${type.name}.${field.name}`;
      },
    }),
  );
  return found;
}

/** Personal fields may be selected: the mask keeps them back from partners as from everybody without `pii:read`. */
function isClosed(schema: GraphQLSchema, typeName: string, field: GraphQLField<unknown, unknown>): boolean {
  if (closed.has(`${typeName}.${field.name}`)) return true;
  if (typeName === schema.getSubscriptionType()?.name) return true;
  if (typeName === schema.getMutationType()?.name) return field.extensions.scope !== writingScope;
  const type = getNamedType(field.type);
  if (!isLeafType(type) || isEnumType(type) || isPersonal(field) || field.name === "__typename") return false;
  if (own.test(typeName) || plain.test(type.name)) return false;
  if (typeName.endsWith("Edge") && field.name === "cursor") return false;
  return !texts[typeName]?.includes(field.name);
}

const closedInputs = new WeakMap<GraphQLSchema, KeptInputs>();

/** Comparisons of texts, and orders by fields, that are closed to partners. */
export function closedInputsOf(schema: GraphQLSchema): KeptInputs {
  let inputs = closedInputs.get(schema);
  if (!inputs) {
    const found = new Map<string, ReadonlySet<string>>();
    for (const type of Object.values(schema.getTypeMap())) {
      if (isInputObjectType(type)) {
        const names = Object.values(type.getFields())
          .filter((field) => getNamedType(field.type).name === "StringComparator" && !filters.has(field.name))
          .map(({ name }) => name);
        if (names.length) found.set(type.name, new Set(names));
      } else if (isObjectType(type)) {
        const fields = Object.values(type.getFields()).filter(
          (field) => isPersonal(field) || isClosed(schema, type.name, field),
        );
        if (fields.length)
          found.set(`${type.name}SortField`, new Set(fields.map(({ name }) => enumNameOf(name))));
      }
    }
    inputs = found;
    closedInputs.set(schema, inputs);
  }
  return inputs;
}
