import { getTableColumns } from "drizzle-orm";
import type { PgColumn as Column, PgTable } from "drizzle-orm/pg-core";
import {
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  getNamedType,
  isObjectType,
  Kind,
  type SelectionNode,
} from "graphql";
import type { RowColumns } from "../database/columns.js";
import type { Edge } from "../database/edge.js";
import { isOwnProperty } from "../graphql/personal.js";
import { FieldCollector } from "../graphql/selected-fields.js";
import type { FieldRead, Reads, TypeReads } from "./reads.js";
import { NotCompiled, Selection } from "./selection.js";

declare module "graphql" {
  interface GraphQLSchemaExtensions {
    /** How fields are read from tables: from here resolvers learn which columns of a row a document asks for. */
    reads?: Reads;
  }
}

type Nodes = readonly FieldNode[];

export interface Asked extends RowColumns {
  /** Whether it is asked what comes before and after a page. */
  pageInfo: boolean;
}

/** By the nodes of the field, which a plan keeps for all requests, and graphql-js for all rows of one. */
const known = new WeakMap<Nodes, Asked | null>();

/**
 * Which columns of a table's rows are asked for below a field that gives a page of them, or the rows themselves. Null
 * where only the whole row will do.
 */
export function askedColumns(info: GraphQLResolveInfo, table: PgTable): Asked | null {
  let asked = known.get(info.fieldNodes);
  if (asked === undefined) {
    asked = findColumns(info, table);
    known.set(info.fieldNodes, asked);
  }
  return asked;
}

function findColumns(info: GraphQLResolveInfo, table: PgTable): Asked | null {
  const { schema, fieldNodes, returnType } = info;
  const { reads } = schema.extensions;
  const type = getNamedType(returnType);
  if (!reads || !isObjectType(type)) return null;
  const selected = new Selection(new FieldCollector(schema, info.fragments, info.variableValues));
  try {
    const walk = new Walk(reads, selected, table);
    walk.visit(type, fieldNodes);
    const { properties, pageInfo } = walk;
    return { properties, name: [...properties].sort().join(), pageInfo };
  } catch (error) {
    if (error instanceof NotCompiled) return null;
    throw error;
  }
}

class Walk {
  readonly properties = new Set<string>();
  pageInfo = false;
  private readonly own: Record<string, Column>;

  constructor(
    private readonly reads: Reads,
    private readonly selected: Selection,
    private readonly table: PgTable,
  ) {
    this.own = getTableColumns(table) as unknown as Record<string, Column>;
  }

  visit(type: GraphQLObjectType, selecting: Nodes): void {
    if ("pageInfo" in type.getFields()) this.page(type, selecting);
    else this.rows(type, selecting);
  }

  /** A connection and its edges: what is asked for are the columns of its nodes. */
  private page(type: GraphQLObjectType, selecting: Nodes): void {
    this.selected.fieldsOf(type, selecting, (_, name, nodes) => {
      const inner = () => getNamedType(type.getFields()[name]?.type) as GraphQLObjectType;
      if (name === "pageInfo") this.pageInfo = true;
      if (name === "edges") this.page(inner(), nodes);
      if (name === "nodes" || name === "node") this.rows(inner(), nodes);
    });
  }

  private rows(type: GraphQLObjectType, selecting: Nodes): void {
    this.selected.fieldsOf(type, selecting, (_, name, nodes) => {
      if (name === "__typename") return;
      const read = this.reads[type.name]?.[name];
      if (read) {
        for (const column of this.columnsOf(read, nodes)) this.add(column);
        return;
      }
      const field = type.getFields()[name];
      if ((field && !isOwnProperty(field)) || !this.own[name])
        throw new NotCompiled(`${type.name}.${name} is computed`);
      this.properties.add(name);
    });
  }

  /** The columns of the row that the resolver of a field reads, or that the field consists of. */
  private columnsOf(read: FieldRead, nodes: Nodes): readonly Column[] {
    switch (read.kind) {
      case "column":
        return [read.column];
      case "needs":
        return read.columns;
      case "object":
        return this.membersOf(read.columns, nodes);
      case "many":
        return [...parentColumns(read.edge.on), ...this.sharedWith(read.fields)];
      case "one":
      case "count":
        return parentColumns(read.edge.on);
      case "page":
        if (!read.listing.parent) break;
        return [read.listing.parent.key, ...parentColumns(read.listing.parent.on)];
    }
    throw new NotCompiled("only the whole row will do");
  }

  private membersOf(columns: Record<string, Column>, nodes: Nodes): Column[] {
    const names = new Set(nodes.flatMap(({ selectionSet }) => selectionSet?.selections ?? []).map(nameOf));
    const known = [...names].every((name) => name === "__typename" || (name && columns[name]));
    return Object.entries(columns).flatMap(([name, column]) => (known && !names.has(name) ? [] : [column]));
  }

  /** What rows of an edge show of the row they hang on. */
  private sharedWith(fields: TypeReads): Column[] {
    return Object.values(fields)
      .flatMap((read) => (read.kind === "object" ? Object.values(read.columns) : this.columnsOf(read, [])))
      .filter((column) => column.table === this.table);
  }

  private add(column: Column): void {
    const found = Object.entries(this.own).find(([, own]) => own === column);
    if (!found) throw new NotCompiled(`${column.name} is of another row`);
    this.properties.add(found[0]);
  }
}

function parentColumns(on: Edge["on"]): Column[] {
  return on.map(([, parent]) => parent);
}

/** Null for a fragment. */
function nameOf(node: SelectionNode): string | null {
  return node.kind === Kind.FIELD ? node.name.value : null;
}
