import { type DocumentNode, GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from "graphql";
import { LRUCache } from "lru-cache";
import { nameOfScopes } from "../access/caller.js";
import type { Scope } from "../access/scopes.js";
import type { Trail } from "../audit/audit-log.js";
import type { ByteText } from "../byte-text.js";
import type { Audience } from "../database/audience.js";
import type { Database } from "../database/database.js";
import type { Restriction } from "../database/restriction.js";
import {
  decidingVariables,
  FieldCollector,
  type Fragments,
  fragmentsOf,
} from "../graphql/selected-fields.js";
import { coerceVariables } from "../graphql/variables.js";
import { AnswerText } from "./answer-text.js";
import { type BoundSite, bindSite } from "./arguments.js";
import { Batches } from "./batches.js";
import { type Outline, outlineOf } from "./outline.js";
import type { PageSite } from "./page-text.js";
import { buildStatement, type ReadStatement } from "./read-statement.js";
import type { Reads } from "./reads.js";
import { NotCompiled, Selection } from "./selection.js";

export interface ReadRequest {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>>;
  scopes: ReadonlySet<Scope>;
  audience: Audience;
  /** Who learns whose rows were read. */
  trail?: Trail | null;
  /** Which customers may be seen; absent or null: all. */
  restriction?: Restriction | null;
  /** Where values that are no arguments come from: the context of the request. */
  context: unknown;
}

/** The whole answer; or why the resolvers have to give it. */
export type ReadAnswer = AnswerText | { reason: string };

/** Statements kept: a few for each document in practice. The bound is against made-up filters. */
const maxStatements = 300;
/** Characters of their texts; what is kept of a statement takes a few times as much. */
const maxStatementsLength = 10_000_000;
/** Length of the shapes of all filters in one statement: a few full ones. Planning more takes seconds and a gigabyte. */
const maxShapeLength = 2_000;
/** Fields of all outlines together; one takes some hundred bytes. The bound is against made-up documents and variants. */
const maxOutlinedFields = 50_000;

export interface CompiledReadsOptions {
  /** Statements also answer whose rows they read. */
  audited?: boolean;
  statementsMax?: number;
  statementsLengthMax?: number;
}

interface CompiledOutline extends Outline {
  id: number;
  /** Arguments that the document fixes, read once. */
  bound: Map<number, BoundSite>;
}

interface CompiledDocument {
  /** Variables that decide about fields, in @skip and @include. */
  deciding: readonly string[];
  id: number;
  fragments: Fragments;
}

/** Queries as one SQL statement each. What cannot be one is left to the resolvers, errors of arguments included. */
export class CompiledReads {
  private readonly documents = new WeakMap<OperationDefinitionNode, CompiledDocument>();
  private readonly statements: LRUCache<string, ReadStatement>;
  private readonly batches: Batches;
  /** By document, access class, restriction and combination of @skip and @include; where there is none, why. */
  private readonly outlines = new LRUCache<string, CompiledOutline | string>({
    maxSize: maxOutlinedFields,
  });
  private ids = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly reads: Reads,
    private readonly database: Database,
    private readonly options: CompiledReadsOptions = {},
  ) {
    this.statements = new LRUCache({
      max: options.statementsMax ?? maxStatements,
      maxSize: options.statementsLengthMax ?? maxStatementsLength,
      sizeCalculation: ({ text }) => text.length,
    });
    this.batches = new Batches(database);
  }

  /** How many statements are kept. */
  get size(): number {
    return this.statements.size;
  }

  /** Rejects with faults of the database only. */
  async answer(request: ReadRequest): Promise<ReadAnswer> {
    try {
      const { statement, values } = this.prepare(request);
      const { audience, trail } = request;
      if (statement.batchBy) {
        trail?.touchedAll(values[statement.batchBy] as string);
        return await this.batches.answer(statement, values, audience);
      }
      const [row] = await this.database.readAsSent(statement.text, statement.parameters(values), audience);
      const [text, whose] = (row as ByteText[]).splice(0) as [ByteText, ByteText?];
      if (whose) trail?.touchedAll(whose);
      return new AnswerText(text);
    } catch (error) {
      if (error instanceof NotCompiled) return { reason: error.message };
      if (error instanceof GraphQLError) return { reason: "an argument is refused" };
      throw error;
    }
  }

  /** The statement for a request, and what fills it. Throws NotCompiled, or what a resolver throws for its arguments. */
  private prepare(request: ReadRequest): { statement: ReadStatement; values: Record<string, unknown> } {
    const coerced = coerceVariables(this.schema, request.operation, request.variables);
    if (!coerced) throw new NotCompiled("a variable is refused");
    const outline = this.outlineFor(request, coerced);
    const values: Record<string, unknown> = {};
    const pages: (PageSite | null)[] = [];
    let key = String(outline.id);
    let shapeLength = 0;
    for (const site of outline.sites) {
      const bound = outline.bound.get(site.index) ?? bindSite(site, coerced, request.context);
      if (site.fixed) outline.bound.set(site.index, bound);
      else Object.assign(values, bound.values);
      pages.push(bound.page);
      // A filter is written once for the rows, and once for each count.
      shapeLength += (bound.page?.clauses.filter.shape.length ?? 0) * (1 + site.counts);
      if (shapeLength > maxShapeLength) throw new NotCompiled("its filters are too long");
      // Which sites have a shape is the outline's.
      if (bound.shape) key += `|${bound.shape}`;
    }
    Object.assign(values, request.restriction?.values);
    for (const computed of outline.computed) Object.assign(values, computed(request.context as never));
    let statement = this.statements.get(key);
    if (!statement) {
      const fixed = Object.assign({}, ...[...outline.bound.values()].map((bound) => bound.values));
      statement = this.build(
        outline,
        pages,
        fixed,
        this.options.audited ?? false,
        request.restriction ?? null,
      );
      this.statements.set(key, statement);
    }
    return { statement, values };
  }

  /** What the compiler did not foresee is the resolvers' to answer. */
  private build(...parts: Parameters<typeof buildStatement>): ReadStatement {
    try {
      return buildStatement(...parts);
    } catch {
      throw new NotCompiled("its statement could not be built");
    }
  }

  private outlineFor(request: ReadRequest, variables: Record<string, unknown>): CompiledOutline {
    let known = this.documents.get(request.operation);
    if (!known) {
      const deciding = decidingVariables(request.document);
      known = { deciding, id: ++this.ids, fragments: fragmentsOf(request.document) };
      this.documents.set(request.operation, known);
    }
    const decided = known.deciding.map((name) => String(variables[name])).join();
    const seen = request.restriction?.name ?? "";
    const variant = `${known.id}|${nameOfScopes(request.scopes)}|${seen}|${decided}`;
    let outline = this.outlines.get(variant);
    if (!outline) {
      const compiled = this.compile(request, known, variables);
      outline = compiled.outline;
      this.outlines.set(variant, outline, { size: 1 + compiled.fieldCount });
    }
    if (typeof outline === "string") throw new NotCompiled(outline);
    return outline;
  }

  private compile(request: ReadRequest, { fragments }: CompiledDocument, variables: Record<string, unknown>) {
    const selection = new Selection(new FieldCollector(this.schema, fragments, variables));
    try {
      const { operation, scopes } = request;
      const query = this.schema.getQueryType();
      if (operation.operation !== "query" || !query) throw new NotCompiled("only queries are compiled");
      const outline = outlineOf(query, operation, { reads: this.reads, selection, scopes });
      const compiled = { ...outline, id: ++this.ids, bound: new Map<number, BoundSite>() };
      return { outline: compiled, fieldCount: selection.fieldCount };
    } catch (error) {
      if (error instanceof NotCompiled) return { outline: error.message, fieldCount: 0 };
      throw error;
    }
  }
}
