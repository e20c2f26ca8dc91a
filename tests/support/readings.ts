import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  Kind,
  parse,
} from "graphql";
import { scopes } from "../../src/platform/access/scopes.js";
import { FieldCollector } from "../../src/platform/graphql/selected-fields.js";
import { outlineOf } from "../../src/platform/reads/outline.js";
import type { Reads } from "../../src/platform/reads/reads.js";
import { NotCompiled, Selection } from "../../src/platform/reads/selection.js";

/** How one field is read, and a document that selects it. */
export interface Reading {
  how: string;
  document: string;
}

/** Arguments that a field cannot do without. */
const requiredArguments: Record<string, string> = {
  "customer.id": '"cus_00000000-0000-7000-8000-000000000000"',
  "customerByIdentity.kind": "EMAIL",
  "customerByIdentity.value": '"a@example.com"',
  "node.id": '"cus_00000000-0000-7000-8000-000000000000"',
  "nodes.ids": '["cus_00000000-0000-7000-8000-000000000000"]',
  "privacyRequest.id": '"prq_00000000-0000-7000-8000-000000000000"',
  "topCustomers.currency": '"EUR"',
  "webhook.id": '"whk_00000000-0000-7000-8000-000000000000"',
  "webhookDelivery.id": '"dlv_00000000-0000-7000-8000-000000000000"',
};

/** Every field that a query reaches without a computed one on the way, as `Type.field`, with how it is read, or "computed" where only resolvers know it. */
export function readingsOf(schema: GraphQLSchema, reads: Reads): Map<string, Reading> {
  const found = new Map<string, Reading>();
  const query = schema.getQueryType() as GraphQLObjectType;
  const waiting = [{ type: query, around: (inner: string) => `{ ${inner} }` }];
  const seen = new Set<unknown>([query]);
  for (const { type, around } of waiting) {
    for (const field of Object.values(type.getFields())) {
      const target = getNamedType(field.type);
      const call = field.name + argumentsOf(field);
      const document = around(isLeafType(target) ? call : `${call} { __typename }`);
      const compiles = isCompiled(schema, reads, document);
      found.set(`${type.name}.${field.name}`, {
        how: compiles ? howOf(reads, type, field) : "computed",
        document,
      });
      // What hangs on a computed field is the resolvers' with it.
      if (!compiles || !isObjectType(target) || seen.has(target)) continue;
      seen.add(target);
      waiting.push({ type: target, around: (text) => around(`${call} { ${text} }`) });
    }
  }
  return found;
}

function argumentsOf(field: GraphQLField<unknown, unknown>): string {
  const args = field.args.filter(isRequiredArgument);
  if (args.length === 0) return "";
  return `(${args.map(({ name }) => `${name}: ${requiredArguments[`${field.name}.${name}`]}`).join(", ")})`;
}

function isCompiled(schema: GraphQLSchema, reads: Reads, document: string): boolean {
  const [operation] = parse(document).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error("a query is an operation");
  const selection = new Selection(new FieldCollector(schema, {}, {}));
  try {
    outlineOf(schema.getQueryType() as GraphQLObjectType, operation, {
      reads,
      selection,
      scopes: new Set(scopes),
    });
    return true;
  } catch (error) {
    if (error instanceof NotCompiled) return false;
    throw error;
  }
}

function howOf(reads: Reads, type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): string {
  if (/(Connection|Edge|PageInfo)$/.test(type.name)) return "page";
  const read = reads[type.name]?.[field.name];
  return read?.kind ?? (isLeafType(getNamedType(field.type)) ? "column" : "object");
}
