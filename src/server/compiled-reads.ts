import { type ApolloServerPlugin, HeaderMap } from "@apollo/server";
import type { FormattedExecutionResult } from "graphql";
import type { RequestContext } from "../context.js";
import type { CompiledReads } from "../platform/reads/compiled-reads.js";
import type { Metrics } from "./metrics.js";

export interface ReadOptions {
  /** Absent: every document goes through the resolvers. */
  compiled: CompiledReads | null;
  metrics: Metrics;
  /** Tell in `extensions.read` how each query was read. For development. */
  explain: boolean;
}

/** The `data` of an answer that is JSON text already. */
class JsonText {
  constructor(readonly text: string) {}
}

/** Gives the data of queries that compile to one statement; all others go on to the resolvers. */
export function compiledReads({
  compiled,
  metrics,
  explain,
}: ReadOptions): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      let reason = compiled ? "only queries are compiled" : "compiled reads are off";
      return {
        async responseForOperation({ document, operation, request, contextValue }) {
          if (operation.operation !== "query") return null;
          if (!compiled) {
            metrics.resolved(reason);
            return null;
          }
          const variables = request.variables ?? {};
          const { audience, caller } = contextValue;
          const asked = { document, operation, variables, scopes: caller.scopes, audience };
          const answer = await compiled.answer({ ...asked, context: contextValue });
          if ("reason" in answer) {
            reason = answer.reason;
            metrics.resolved(reason);
            return null;
          }
          metrics.compiled();
          const extensions = explain ? { extensions: { read: { compiled: true } } } : {};
          // The text takes the place of the object that it would be parsed to; `stringifyResult` puts it in.
          const data = new JsonText(answer.text) as unknown as Record<string, unknown>;
          return {
            http: { headers: new HeaderMap() },
            body: { kind: "single", singleResult: { data, ...extensions } },
          };
        },
        async willSendResponse({ response }) {
          if (!explain || response.body.kind !== "single" || !response.body.singleResult.data) return;
          const { singleResult } = response.body;
          singleResult.extensions ??= { read: { compiled: false, reason } };
        },
      };
    },
  };
}

/** Like JSON.stringify, but for data that is JSON text already. */
export function stringifyResult({ data, ...others }: FormattedExecutionResult): string {
  if (!((data as unknown) instanceof JsonText)) return JSON.stringify({ data, ...others });
  const rest = JSON.stringify(others);
  const { text } = data as unknown as JsonText;
  return rest === "{}" ? `{"data":${text}}` : `{"data":${text},${rest.slice(1)}`;
}
