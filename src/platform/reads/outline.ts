import { getTableColumns } from "drizzle-orm";
import type { PgColumn as Column, PgTable } from "drizzle-orm/pg-core";
import {
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isLeafType,
  isNonNullType,
  isObjectType,
  type OperationDefinitionNode,
} from "graphql";
import { publicField, type Scope } from "../access/scopes.js";
import type { Edge } from "../database/edge.js";
import type { Listing } from "../database/page.js";
import { argumentsReader, isFixed, type ReadArguments } from "../graphql/arguments.js";
import { isOwnProperty, isPersonal, personalScope } from "../graphql/personal.js";
import type { Selecting } from "../graphql/selected-fields.js";
import { leafOf, type Piece } from "./json-text.js";
import type { FieldRead, PageRead, Reads, RowRead, TypeReads } from "./reads.js";
import { NotCompiled, type Selection } from "./selection.js";

/** What a document selects, in the order of the answer, with how each field is read. */
export type Part = { key: string } & (
  | { kind: "text"; pieces: readonly Piece[] }
  | { kind: "object"; parts: readonly Part[]; absentWhenNull: Column | null }
  | { kind: "one" | "many"; edge: Edge; parts: readonly Part[] }
  | { kind: "count"; edge: Edge }
  | { kind: "page"; listing: Listing; site: Site; parts: readonly PagePart[] }
  | { kind: "row"; read: RowRead; site: Site; parts: readonly Part[] }
);

export type PagePart = { key: string } & (
  | { kind: "nodes"; parts: readonly Part[] }
  | { kind: "edges"; edgeParts: readonly EdgePart[] }
  | { kind: "pageInfo"; infos: readonly { key: string; name: string }[] }
  | { kind: "totalCount" | "typename"; name: string }
);
export type EdgePart = { key: string } & (
  | { kind: "node"; parts: readonly Part[] }
  | { kind: "cursor" | "typename"; name: string }
);

/**
 * A field whose arguments are read anew for each request; those of a page only if they hold a variable or a relative time.
 * Those that find a row may ask the context, which is another each time.
 */
export interface Site {
  index: number;
  source: PageRead | RowRead;
  read: ReadArguments;
  fixed: boolean;
  /** How often a page is counted: under one response key or several. */
  counts: number;
}

export interface Outline {
  parts: readonly Part[];
  sites: readonly Site[];
  /** Values that come from the context of the request, by placeholder. */
  computed: readonly ((context: never) => Record<string, unknown>)[];
}

/** Works out how a query is read from tables, for callers with these scopes. Throws NotCompiled. */
export function outlineOf(
  query: GraphQLObjectType,
  operation: OperationDefinitionNode,
  { reads, selection, scopes }: { reads: Reads; selection: Selection; scopes: ReadonlySet<Scope> },
): Outline {
  const walk = new Walk(reads, selection, scopes);
  const parts = walk.objectParts(query, [operation], { columns: {}, fields: {} });
  return { parts, sites: walk.sites, computed: walk.computed };
}

/** What the fields of an object can be read from. */
interface Row {
  table?: PgTable;
  columns: Record<string, Column>;
  fields: TypeReads;
  /** The row is not looked up: only its columns are known, from the row around it. */
  columnsOnly?: true;
}

class Walk {
  readonly sites: Site[] = [];
  readonly computed: ((context: never) => Record<string, unknown>)[] = [];

  constructor(
    private readonly reads: Reads,
    private readonly selected: Selection,
    private readonly scopes: ReadonlySet<Scope>,
  ) {}

  objectParts(type: GraphQLObjectType, selecting: Selecting, row: Row): Part[] {
    this.allow(type, type.name);
    return this.selected.fieldsOf(type, selecting, (key, name, nodes) => {
      if (name === "__typename") return { key, kind: "text", pieces: [`"${type.name}"`] };
      const field = this.fieldOf(type, name);
      if (isPersonal(field) && !this.scopes.has(personalScope))
        return { key, kind: "text", pieces: ["null"] };
      const read = row.fields[name] ?? this.reads[type.name]?.[name] ?? this.ownColumn(type, field, row);
      if (row.columnsOnly && read.kind !== "column")
        throw new NotCompiled(`${type.name}.${name} needs its row`);
      return { key, ...this.part(type, field, nodes, read, row) } as Part;
    });
  }

  private part(
    type: GraphQLObjectType,
    field: Field,
    nodes: readonly FieldNode[],
    read: FieldRead,
    row: Row,
  ) {
    const target = getNamedType(field.type);
    const inside = (inner: Row) => this.objectParts(target as GraphQLObjectType, nodes, inner);
    if (isLeafType(target)) return this.leaf(type, field, read);
    if (!isObjectType(target)) throw new NotCompiled(`${type.name}.${field.name} is an interface or a union`);
    if (parentsOf(read).some((parent) => parent !== row.table))
      throw new NotCompiled(`${type.name}.${field.name} does not hang on the row around it`);
    switch (read.kind) {
      case "object":
        return { kind: "object", parts: inside({ columns: read.columns, fields: {} }), absentWhenNull: null };
      case "one":
      case "many": {
        if (read.edge.table === row.table)
          throw new NotCompiled(`${type.name}.${field.name} meets its own table`);
        const known = read.kind === "one" ? this.knownHere(read.edge, field, nodes) : null;
        if (known) return known;
        const { edge } = read;
        const fields = read.kind === "many" ? read.fields : {};
        return {
          kind: read.kind,
          edge,
          parts: inside({ table: edge.table, columns: columnsOf(edge.table), fields }),
        };
      }
      case "page":
        return this.page(target, nodes, read.listing, this.site(read, field, nodes));
      case "row": {
        const parts = inside({ table: read.table, columns: columnsOf(read.table), fields: {} });
        return { kind: "row", read, site: this.site(read, field, nodes), parts };
      }
      default:
        throw new NotCompiled(`${type.name}.${field.name} is computed`);
    }
  }

  private leaf(type: GraphQLObjectType, field: Field, read: FieldRead) {
    if (read.kind === "count") return { kind: "count", edge: read.edge };
    if (read.kind === "text") {
      this.computed.push(read.values);
      return { kind: "text", pieces: read.pieces };
    }
    const target = getNamedType(field.type);
    const pieces = read.kind === "column" ? leafOf(read.column, target.name, isEnumType(target)) : null;
    if (!pieces) throw new NotCompiled(`${type.name}.${field.name} is computed`);
    return { kind: "text", pieces };
  }

  /** An object of which nothing is asked but the columns that the edge equals is made without looking it up. */
  private knownHere(edge: Edge, field: Field, nodes: Selecting) {
    const target = getNamedType(field.type) as GraphQLObjectType;
    const columns: Record<string, Column> = {};
    for (const [name, child] of Object.entries(columnsOf(edge.table))) {
      const pair = edge.on.find(([own]) => own === child);
      if (pair) columns[name] = pair[1];
    }
    const absentWhenNull = edge.on.find(([, parent]) => !parent.notNull)?.[1] ?? null;
    // Nothing here tells whether the row is there: only looking does.
    if (!absentWhenNull && !isNonNullType(field.type)) return null;
    const sites = this.sites.length;
    try {
      const own = this.reads[target.name] ?? {};
      const fields = Object.fromEntries(
        Object.entries(own).map(([name, read]) => [
          name,
          read.kind === "column" ? renamed(read, edge) : read,
        ]),
      );
      return {
        kind: "object",
        parts: this.objectParts(target, nodes, { columns, fields, columnsOnly: true }),
        absentWhenNull,
      };
    } catch (error) {
      if (!(error instanceof NotCompiled) || this.sites.length > sites) throw error;
      return null;
    }
  }

  private page(target: GraphQLObjectType, selecting: Selecting, listing: Listing, site: Site) {
    const row = { table: listing.table, columns: columnsOf(listing.table), fields: {} };
    const parts = this.selected.fieldsOf(target, selecting, (key, name, nodes): PagePart => {
      const type = name === "__typename" ? null : getNamedType(this.fieldOf(target, name).type);
      if (name === "nodes")
        return { key, kind: "nodes", parts: this.objectParts(type as GraphQLObjectType, nodes, row) };
      if (name === "edges")
        return { key, kind: "edges", edgeParts: this.edges(type as GraphQLObjectType, nodes, row) };
      if (name === "pageInfo") {
        const infos = this.selected.fieldsOf(type as GraphQLObjectType, nodes, (key, name) => ({
          key,
          name,
        }));
        return { key, kind: "pageInfo", infos };
      }
      return { key, kind: name === "__typename" ? "typename" : "totalCount", name: target.name };
    });
    site.counts = parts.filter(({ kind }) => kind === "totalCount").length;
    return { kind: "page", listing, site, parts };
  }

  private edges(type: GraphQLObjectType, selecting: Selecting, row: Row): EdgePart[] {
    return this.selected.fieldsOf(type, selecting, (key, name, nodes): EdgePart => {
      if (name !== "node") return { key, kind: name === "cursor" ? "cursor" : "typename", name: type.name };
      const node = getNamedType(this.fieldOf(type, name).type) as GraphQLObjectType;
      return { key, kind: "node", parts: this.objectParts(node, nodes, row) };
    });
  }

  private site(source: PageRead | RowRead, field: Field, nodes: readonly FieldNode[]): Site {
    const node = nodes[0] as FieldNode;
    const site = {
      index: this.sites.length,
      source,
      read: argumentsReader(field, node),
      fixed: source.kind === "page" && isFixed(node),
      counts: 0,
    };
    this.sites.push(site);
    return site;
  }

  private fieldOf(type: GraphQLObjectType, name: string): Field {
    const field = type.getFields()[name];
    if (!field) throw new NotCompiled(`${type.name}.${name} belongs to introspection`);
    this.allow(field, `${type.name}.${name}`);
    return field;
  }

  /** The pipeline has refused the document already where a scope is missing; the statement does not rely on that. */
  private allow({ extensions }: { extensions: Readonly<Record<string, unknown>> }, name: string): void {
    const { scope } = extensions;
    if (scope === undefined || scope === publicField || this.scopes.has(scope as Scope)) return;
    throw new NotCompiled(`${name} needs the scope ${scope}`);
  }

  private ownColumn(type: GraphQLObjectType, field: Field, row: Row): FieldRead {
    const column = isOwnProperty(field) ? row.columns[field.name] : undefined;
    if (!column) throw new NotCompiled(`${type.name}.${field.name} is computed`);
    return { kind: "column", column };
  }
}

type Field = GraphQLField<unknown, unknown>;

const columnCache = new WeakMap<PgTable, Record<string, Column>>();

function columnsOf(table: PgTable): Record<string, Column> {
  let columns = columnCache.get(table);
  if (!columns) {
    columns = getTableColumns(table) as unknown as Record<string, Column>;
    columnCache.set(table, columns);
  }
  return columns;
}

/** The tables on whose row an edge hangs: a statement finds it by the name of the nearest one around. */
function parentsOf(read: FieldRead): unknown[] {
  const on = "edge" in read ? read.edge.on : read.kind === "page" ? (read.listing.parent?.on ?? []) : [];
  return on.map(([, parent]) => parent.table);
}

function renamed(read: FieldRead & { kind: "column" }, edge: Edge): FieldRead {
  const pair = edge.on.find(([child]) => child === read.column);
  // A column that the edge does not tell makes the field unreadable here, and the object is looked up.
  return pair ? { kind: "column", column: pair[1] } : { kind: "object", columns: {} };
}
