import type { GraphQLRequestContext, GraphQLResponse } from "@apollo/server";
import { HeaderMap } from "@apollo/server";
import type { DocumentNode, FormattedExecutionResult, GraphQLSchema, OperationDefinitionNode } from "graphql";
import type { RequestContext } from "../context.js";
import type { Pseudonyms } from "../platform/access/pseudonyms.js";
import { type ByteText, encoded } from "../platform/byte-text.js";
import { type Audience, restrictionOf } from "../platform/database/audience.js";
import { ApiError } from "../platform/errors.js";
import type { Logger } from "../platform/log.js";
import { AnswerText } from "../platform/reads/answer-text.js";
import type { CompiledReads } from "../platform/reads/compiled-reads.js";
import { plannedAnswer } from "./executor/execute.js";
import { PlannedAnswer } from "./executor/run.js";
import type { Metrics } from "./metrics.js";
import { clientError } from "./operation.js";
import { answerPartner, sealedError } from "./partner-answers.js";
import { objectsIn } from "./spending.js";

export interface ReadOptions {
  /** Null: every document goes through the resolvers. */
  compiled: CompiledReads | null;
  metrics: Metrics;
  /** Tell in `extensions.read` how each query was read. For development. */
  explain: boolean;
  /** By partner; null: partners are not answered. */
  pseudonyms: ((partner: string) => Pseudonyms) | null;
}

type Request = GraphQLRequestContext<RequestContext> & {
  document: DocumentNode;
  /** Absent where the document has none of the name that was given. */
  operation?: OperationDefinitionNode;
};
type Result = (GraphQLResponse["body"] & { kind: "single" })["singleResult"];

export interface QueryReads {
  /**
   * Answers a query: by one compiled statement where that can be, else by its resolvers under a plan of ours. Null where
   * there is an error to tell: graphql-js then runs it and finds the words.
   */
  answer(request: Request): Promise<GraphQLResponse | null>;
  /** How a query was read, for `extensions.read`; undefined where nobody wants to know. */
  explanation(context: RequestContext): object | undefined;
}

export function createQueryReads(schema: GraphQLSchema, logger: Logger, options: ReadOptions): QueryReads {
  const { compiled, metrics, explain, pseudonyms } = options;
  const explanations = new WeakMap<Audience, object>();
  return {
    answer,
    explanation: ({ audience }) => explanations.get(audience),
  };

  async function answer(request: Request): Promise<GraphQLResponse | null> {
    const { operation } = request;
    if (operation?.operation !== "query") return null;
    const { audience, requestId, caller } = request.contextValue;
    const asked = askedBy(request, operation);
    const own = caller.partner && pseudonyms ? pseudonyms(caller.partner) : null;
    const shown = (error: unknown) => {
      const told = clientError(logger, requestId, error);
      return own ? sealedError(told, own) : told;
    };
    try {
      if (caller.partner) {
        if (!own) throw new ApiError("FORBIDDEN", "Partners are not answered here.");
        metrics.resolved("a partner asks");
        const { data, errors } = await answerPartner({ ...asked, schema }, own);
        return respond({ data: data ?? null, ...(errors && { errors: errors.map(shown) }) });
      }
      const read = compiled ? await compiled.answer(asked) : { reason: "compiled reads are off" };
      if (read instanceof AnswerText) {
        metrics.compiled();
        if (explain) explanations.set(audience, { compiled: true });
        return respond(inPlaceOfData(read));
      }
      metrics.resolved(read.reason);
      if (explain) explanations.set(audience, { compiled: false, reason: read.reason });
      const planned = await plannedAnswer({ ...asked, schema });
      return planned && respond(inPlaceOfData(planned));
    } catch (fault) {
      return respond({ data: null, errors: [shown(fault)] });
    }
  }
}

function askedBy({ document, request, contextValue }: Request, operation: OperationDefinitionNode) {
  const { caller, audience, trail } = contextValue;
  const variables = request.variables ?? {};
  return {
    document,
    operation,
    variables,
    scopes: caller.scopes,
    audience,
    trail: trail?.reads ? trail : null,
    restriction: caller.purpose ? restrictionOf(contextValue.database.read) : null,
    context: contextValue,
  };
}

function respond(singleResult: Result): GraphQLResponse {
  return { http: { headers: new HeaderMap() }, body: { kind: "single", singleResult } } as GraphQLResponse;
}

/** An answer stands in the place of the data until it is sent: Apollo looks at what `stringifyResult` makes of it alone. */
function inPlaceOfData(answer: AnswerText | PlannedAnswer): Result {
  return { data: answer as unknown as Record<string, unknown> };
}

function answerIn({ data }: FormattedExecutionResult): AnswerText | PlannedAnswer | null {
  const there: unknown = data;
  return there instanceof AnswerText || there instanceof PlannedAnswer ? there : null;
}

/** The data of a result, as whoever walks through it needs it. */
export function dataOf(result: FormattedExecutionResult): unknown {
  const answer = answerIn(result);
  return answer ? answer.data : result.data;
}

/** Objects in the data of a result. */
export function objectsOf(result: FormattedExecutionResult): number {
  return answerIn(result)?.objects ?? objectsIn(result.data);
}

/** What is sent; an answer that the database gave is taken as it is. */
export function stringifyResult(result: FormattedExecutionResult): ByteText {
  const { data, errors, extensions } = result;
  const answer = answerIn(result);
  if (!(answer instanceof AnswerText))
    return encoded(JSON.stringify({ data: answer ? answer.data : data, errors, extensions }));
  const more = JSON.stringify({ errors, extensions });
  const json = answer.take();
  return more === "{}" ? json : (`${json.slice(0, -1)},${encoded(more).slice(1)}` as ByteText);
}
