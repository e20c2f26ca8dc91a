import { randomUUID } from "node:crypto";
import { type FieldNode, type GraphQLError, type GraphQLSchema, getArgumentValues } from "graphql";
import { LRUCache } from "lru-cache";
import type { RequestContext } from "../context.js";
import type { WebhookDocuments } from "../cross-domain/webhooks/documents.js";
import { keepWanted, type Wanted, webhookRoots } from "../cross-domain/webhooks/wanted.js";
import { accessClassOf, admin, type Caller } from "../platform/access/caller.js";
import type { Database } from "../platform/database/database.js";
import { databaseErrorIn, unavailableFaults } from "../platform/database/errors.js";
import { ApiError, type Refusal } from "../platform/errors.js";
import { FieldCollector, fragmentsOf } from "../platform/graphql/selected-fields.js";
import type { Logger } from "../platform/log.js";
import { executePlanned } from "./executor/execute.js";
import { clientError, type PreparedOperation, prepareOperation } from "./operation.js";

export interface DocumentServices {
  schema: GraphQLSchema;
  database: Database;
  logger: Logger;
  contextOf(caller: Caller, requestId: string): RequestContext;
}

/** Documents kept ready, each for the scopes it was checked with; a company has some dozens. */
const maxPrepared = 500;

type Prepared = (PreparedOperation & { root: FieldNode }) | { refusal: Refusal };

/** Webhooks' documents go through the same preparation as every other operation (`operation.ts`). */
export function createWebhookDocuments(services: DocumentServices): WebhookDocuments {
  const { schema, database, logger } = services;
  const known = new LRUCache<string, Prepared>({ max: maxPrepared });
  const prepared = (document: string, caller: Caller): Prepared => {
    const key = `${accessClassOf(caller)}|${document}`;
    let found = known.get(key);
    if (!found) {
      found = prepare(schema, document, caller);
      known.set(key, found);
    }
    return found;
  };
  return {
    async refusalOf(document, caller) {
      const found = prepared(document, caller);
      if ("refusal" in found) return found.refusal;
      try {
        await keepWanted(database.read, wantedOf(schema, found.root), []);
        return null;
      } catch (error) {
        if (error instanceof ApiError) return asRefusal(error);
        throw error;
      }
    },
    wantedBy(document) {
      const found = prepared(document, admin); // which events it is about is nobody's secret
      return "refusal" in found ? null : wantedOf(schema, found.root);
    },
    async shape(document, event, caller) {
      const found = prepared(document, caller);
      if ("refusal" in found) return found;
      const requestId = randomUUID();
      const { data, errors } = await executePlanned({
        schema,
        document: found.document,
        rootValue: webhookRoots[found.root.name.value]?.valueOf(event),
        contextValue: services.contextOf(caller, requestId),
      });
      // Asked again later; any other fault is told to the receiver as it would be to a client.
      const fault = errors?.find(isUnavailable);
      if (fault) throw fault;
      return {
        data: data ?? null,
        ...(errors && { errors: errors.map((error) => clientError(logger, requestId, error)) }),
      };
    },
  };
}

function prepare(schema: GraphQLSchema, text: string, caller: Caller): Prepared {
  const prepared = prepareOperation(schema, null, caller, { query: text });
  if (!("document" in prepared)) return { refusal: asRefusal(prepared[0] as GraphQLError) };
  const { document, operation } = prepared;
  const type = schema.getSubscriptionType();
  if (operation.operation !== "subscription" || !type)
    return refused("NOT_A_SUBSCRIPTION", "must be a subscription");
  if (operation.variableDefinitions?.length) return refused("VARIABLES", "must have no variables");
  const fields = new FieldCollector(schema, fragmentsOf(document), {}).fieldsOf(type, [operation]);
  const [root] = [...fields.values()][0] ?? [];
  if (!root || !webhookRoots[root.name.value])
    return refused("FIELD_NOT_OFFERED", `must select one of ${Object.keys(webhookRoots).join(", ")}`);
  if (root.arguments?.some(({ name }) => name.value === "after"))
    return refused("CURSOR_GIVEN", "must give no cursor: each webhook has a place of its own");
  return { ...prepared, root };
}

/** Arguments are read each time: a duration in them is counted from now. */
function wantedOf(schema: GraphQLSchema, root: FieldNode): Wanted {
  const field = schema.getSubscriptionType()?.getFields()[root.name.value];
  const about = field && webhookRoots[root.name.value]?.wanted(getArgumentValues(field, root, {}));
  if (!about) throw new Error(`${root.name.value} was prepared, but is not offered`);
  return about;
}

function isUnavailable(error: GraphQLError): boolean {
  const fault = databaseErrorIn(error);
  return fault !== undefined && unavailableFaults.has(fault.code);
}

function asRefusal({ message, extensions }: GraphQLError): Refusal {
  return { code: String(extensions.code ?? "INVALID_DOCUMENT"), field: "document", message };
}

function refused(code: string, problem: string): { refusal: Refusal } {
  return { refusal: { code, field: "document", message: `document ${problem}.` } };
}
