import type { GraphQLRequestContext, GraphQLResponse } from "@apollo/server";
import { HeaderMap } from "@apollo/server";
import type { DocumentNode, FormattedExecutionResult, GraphQLSchema, OperationDefinitionNode } from "graphql";
import type { RequestContext } from "../context.js";
import type { Logger } from "../platform/log.js";
import type { CompiledReads } from "../platform/reads/compiled-reads.js";
import { plannedData } from "./executor/execute.js";
import type { Metrics } from "./metrics.js";
import { clientError } from "./operation.js";

export interface ReadOptions {
  /** Absent: every document goes through the resolvers. */
  compiled: CompiledReads | null;
  metrics: Metrics;
  /** Tell in `extensions.read` how each query was read. For development. */
  explain: boolean;
}

type Request = GraphQLRequestContext<RequestContext> & {
  document: DocumentNode;
  operation: OperationDefinitionNode;
};
type Result = (GraphQLResponse["body"] & { kind: "single" })["singleResult"];

/** The `data` of an answer that is JSON text already. */
class JsonText {
  constructor(readonly text: string) {}
}

/**
 * Answers a query: by one compiled statement where that can be, else by its resolvers under a plan of ours. Null where
 * there is an error to tell: graphql-js then runs it and finds the words.
 */
export function createQueryReads(schema: GraphQLSchema, logger: Logger, options: ReadOptions) {
  const { compiled, metrics, explain } = options;
  return async (request: Request): Promise<GraphQLResponse | null> => {
    if (request.operation.operation !== "query") return null;
    try {
      const read = compiled ? await compiled.answer(asked(request)) : { reason: "compiled reads are off" };
      if ("text" in read) {
        metrics.compiled();
        // The text takes the place of the object that it would be parsed to; `stringifyResult` puts it in.
        const data = new JsonText(read.text) as unknown as Record<string, unknown>;
        return respond({ data, ...(explain && { extensions: { read: { compiled: true } } }) });
      }
      metrics.resolved(read.reason);
      const data = await plannedData({ ...asked(request), schema });
      if (!data) return null;
      return respond({ data, ...(explain && { extensions: { read: { compiled: false, ...read } } }) });
    } catch (fault) {
      return respond({ data: null, errors: [clientError(logger, request.contextValue.requestId, fault)] });
    }
  };
}

function asked({ document, operation, request, contextValue }: Request) {
  const { caller, audience } = contextValue;
  const variables = request.variables ?? {};
  return { document, operation, variables, scopes: caller.scopes, audience, context: contextValue };
}

function respond(singleResult: Result): GraphQLResponse {
  return { http: { headers: new HeaderMap() }, body: { kind: "single", singleResult } } as GraphQLResponse;
}

/** Like JSON.stringify, but for data that is JSON text already. */
export function stringifyResult({ data, ...others }: FormattedExecutionResult): string {
  if (!((data as unknown) instanceof JsonText)) return JSON.stringify({ data, ...others });
  const rest = JSON.stringify(others);
  const { text } = data as unknown as JsonText;
  return rest === "{}" ? `{"data":${text}}` : `{"data":${text},${rest.slice(1)}`;
}
