import {
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
} from "graphql";
import { argumentsReader, isFixed, type ReadArguments } from "../../platform/graphql/arguments.js";
import { FieldCollector, fragmentsOf, type Selecting } from "../../platform/graphql/selected-fields.js";
import { type Complete, completeOf } from "./complete.js";
import { LeftToGraphql } from "./left-to-graphql.js";

/** One field of a selection set, with all that does not depend on the request. */
export interface FieldPlan {
  key: string;
  name: string;
  /** Absent: the property of the parent is the value. */
  resolve: GraphQLFieldResolver<unknown, unknown> | undefined;
  /** Arguments that the document fixes; null: they are read once per request, and kept under `index`. */
  fixed: Record<string, unknown> | null;
  index: number;
  read: ReadArguments;
  info: GraphQLResolveInfo;
  complete: Complete;
}

type Nodes = readonly FieldNode[];

/** Fields of one operation, repeated fragments counted each time; far more than a document of ours selects. */
const maxFields = 2_000;
const noArguments = Object.freeze({});

/**
 * What one operation selects, for one combination of @skip and @include. Made as far as answers reach: a part that no
 * answer ever had is never planned.
 */
export class Plan {
  /** Fields planned so far. */
  count = 0;
  private readonly collector: FieldCollector;
  readonly root: readonly FieldPlan[];

  constructor(
    readonly schema: GraphQLSchema,
    document: DocumentNode,
    readonly operation: OperationDefinitionNode,
    /** Decide about fields in @skip and @include; nothing else of them may be kept. */
    private readonly deciding: Record<string, unknown>,
  ) {
    this.collector = new FieldCollector(schema, fragmentsOf(document), deciding);
    const type = schema.getRootType(operation.operation);
    if (!type) throw new LeftToGraphql("no such root type");
    this.root = this.fields(type, [operation]);
  }

  /** The fields that these nodes select on an object of this type. */
  fields(type: GraphQLObjectType, selecting: Selecting): readonly FieldPlan[] {
    return [...this.collector.fieldsOf(type, selecting)].flatMap(([key, nodes]) => {
      const node = nodes[0] as FieldNode;
      const field = this.fieldOf(type, node.name.value);
      if (key === "__proto__" || ++this.count > maxFields) throw new LeftToGraphql("not planned");
      return field ? [this.field(type, key, field, nodes)] : [];
    });
  }

  private field(
    type: GraphQLObjectType,
    key: string,
    field: GraphQLField<unknown, unknown>,
    nodes: Nodes,
  ): FieldPlan {
    const node = nodes[0] as FieldNode;
    const info = this.infoOf(type, field, nodes);
    const read = argumentsReader(field, node);
    return {
      key,
      name: field.name,
      resolve: field.resolve,
      fixed: field.args.length === 0 ? noArguments : isFixed(node) ? read({}) : null,
      index: this.count,
      read,
      info,
      complete: completeOf(this, field.type, nodes, info),
    };
  }

  private fieldOf(type: GraphQLObjectType, name: string): GraphQLField<unknown, unknown> | undefined {
    if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
    if (type === this.schema.getQueryType()) {
      if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
      if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
    }
    return type.getFields()[name];
  }

  /**
   * The same for every request of this plan: of the variables those that decide about fields. A resolver that asks for
   * what differs is run by graphql-js.
   */
  private infoOf(
    parentType: GraphQLObjectType,
    field: GraphQLField<unknown, unknown>,
    fieldNodes: Nodes,
  ): GraphQLResolveInfo {
    const { schema, operation } = this;
    const { fragments } = this.collector;
    const fixed = { fieldName: field.name, fieldNodes, returnType: field.type, parentType };
    const leave = (): never => {
      throw new LeftToGraphql("a resolver asks for what differs between requests");
    };
    return Object.defineProperties(
      { ...fixed, schema, fragments, operation, variableValues: this.deciding },
      { path: { get: leave }, rootValue: { get: leave } },
    ) as unknown as GraphQLResolveInfo;
  }
}
