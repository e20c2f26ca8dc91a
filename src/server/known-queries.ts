import {
  type DocumentNode,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  OperationTypeNode,
} from "graphql";
import { LRUCache } from "lru-cache";
import type { RequestContext } from "../context.js";
import { maxCost } from "../platform/limits.js";
import { requirementsOf } from "./access.js";
import type { ReadOptions } from "./compiled-reads.js";
import { costOf } from "./cost.js";
import { plannedData } from "./executor/execute.js";

/** Text of the documents kept, in characters: some thousands of documents of usual size. */
const maxKeptText = 8 * 1024 * 1024;

type Fields = Record<string, unknown>;

/**
 * Answers queries whose document has been parsed and validated before, without asking Apollo again. Only a whole answer is
 * given: whatever is refused, has an error or is out of the ordinary goes to Apollo, which tells so in its own way.
 */
export class KnownQueries {
  private readonly documents = new LRUCache<string, DocumentNode>({
    maxSize: maxKeptText,
    sizeCalculation: (_, text) => text.length + 1,
  });

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly reads: ReadOptions,
  ) {}

  /** Keeps a document that has passed parsing and validation. */
  remember(text: string, document: DocumentNode): void {
    if (!this.documents.has(text)) this.documents.set(text, document);
  }

  /** The text of the answer to a request's body; null when Apollo has to give it. Rejects with faults of the database. */
  async answer(body: unknown, context: RequestContext): Promise<string | null> {
    const asked = this.find(body);
    return asked && this.mayRun(asked, context) ? this.run(asked, context) : null;
  }

  private find(body: unknown): Asked | null {
    if (!isRecord(body) || typeof body.query !== "string") return null;
    const { query, operationName, extensions } = body;
    const variables = body.variables ?? {};
    if (extensions !== undefined && extensions !== null) return null;
    if (operationName !== undefined && operationName !== null && typeof operationName !== "string")
      return null;
    if (!isRecord(variables)) return null;
    const document = this.documents.get(query);
    if (!document) return null;
    const operation = getOperationAST(document, operationName);
    return operation?.operation === OperationTypeNode.QUERY ? { document, operation, variables } : null;
  }

  private mayRun({ document, operation, variables }: Asked, { caller }: RequestContext): boolean {
    const missing = requirementsOf(this.schema, document, operation).some(
      ({ scope }) => !caller.scopes.has(scope),
    );
    return !missing && costOf(this.schema, document, operation, variables) <= maxCost;
  }

  private async run(asked: Asked, context: RequestContext): Promise<string | null> {
    const { compiled, metrics, explain } = this.reads;
    const { scopes } = context.caller;
    const answer = compiled
      ? await compiled.answer({ ...asked, scopes, context })
      : { reason: "compiled reads are off" };
    if ("text" in answer) {
      metrics.compiled();
      return `{"data":${answer.text}${explain ? readBy({ compiled: true }) : ""}}`;
    }
    const data = await plannedData({ ...asked, schema: this.schema, context });
    if (!data) return null;
    metrics.resolved(answer.reason);
    return `{"data":${JSON.stringify(data)}${explain ? readBy({ compiled: false, reason: answer.reason }) : ""}}`;
  }
}

interface Asked {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Fields;
}

function readBy(read: object): string {
  return `,"extensions":${JSON.stringify({ read })}`;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
