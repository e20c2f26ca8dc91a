import { and, eq, getTableName, type SQL, sql } from "drizzle-orm";
import type { PgColumn as Column, PgTable } from "drizzle-orm/pg-core";
import { orderBy, orderName } from "../database/keyset.js";
import type { Listing, ListRequest, PageParts } from "../database/page.js";
import { base64urlOf, concat, jsonOf, objectOf, type Piece } from "./json-text.js";
import type { EdgePart, PagePart, Part } from "./outline.js";

/** What the arguments of a page come to, for one request. */
export interface PageSite {
  request: ListRequest;
  clauses: PageParts;
  /** The page's size in the statement's text: a number where the document fixes it, else a placeholder. */
  size: SQL;
}

type Page = Part & { kind: "page" };
type ObjectText = (parts: readonly Part[]) => Piece[];

/** The SQL of one page as JSON text: of a root list, or of what hangs on the row around it. */
export function pageText({ listing, parts }: Page, site: PageSite, objectText: ObjectText): SQL {
  return new PageText(listing, parts, site, objectText).text();
}

class PageText {
  private readonly backward: boolean;
  /** Rows carry their place on the page where it decides about them; the page then reads one row more than it shows. */
  private readonly numbered: boolean;

  constructor(
    private readonly listing: Listing,
    private readonly parts: readonly PagePart[],
    private readonly site: PageSite,
    private readonly objectText: ObjectText,
  ) {
    this.backward = site.request.backward;
    this.numbered =
      this.backward || parts.some((part) => part.kind === "pageInfo" && part.infos.some(this.isPlaced));
  }

  text(): SQL {
    const text = concat(objectOf(this.parts.map((part) => [part.key, this.part(part)] as const)));
    const readsRows = this.numbered || this.parts.some(({ kind }) => kind === "nodes" || kind === "edges");
    if (!readsRows) return sql`(select ${text})`;
    const { clauses, size } = this.site;
    const table = named(this.listing.table);
    const order = sql.join(orderBy(clauses.order, this.backward), sql`, `);
    const rows = sql`select * ${this.from(clauses.conditions)} order by ${order} limit ${size}`;
    if (!this.numbered) return sql`(select ${text} from (${rows}) as ${table})`;
    const placed = sql`select *, row_number() over () as page_place from (${rows} + 1) as ${table}`;
    return sql`(select ${text} from (${placed}) as ${table})`;
  }

  private part(part: PagePart): readonly Piece[] {
    switch (part.kind) {
      case "nodes":
        return this.list(concat(this.objectText(part.parts)));
      case "edges":
        return this.list(
          concat(objectOf(part.edgeParts.map((edge) => [edge.key, this.edgePart(edge)] as const))),
        );
      case "pageInfo":
        return objectOf(part.infos.map(({ key, name }) => [key, this.info(name)] as const));
      case "totalCount":
        return [
          sql`(select count(*) ${this.from([this.site.clauses.filter.condition, this.listing.always])})`,
        ];
      case "typename":
        return [`"${part.name}"`];
    }
  }

  private edgePart(part: EdgePart): readonly Piece[] {
    if (part.kind === "node") return this.objectText(part.parts);
    return part.kind === "cursor" ? ['"', this.cursor((column) => sql`${column}`), '"'] : [`"${part.name}"`];
  }

  private list(member: SQL): readonly Piece[] {
    const turned = this.backward ? sql` order by page_place desc` : sql``;
    const shown = this.numbered ? sql` filter (where page_place <= ${this.site.size})` : sql``;
    return ["[", sql`string_agg(${member}, ','${turned})${shown}`, "]"];
  }

  private readonly isPlaced = ({ name }: { name: string }) =>
    name.endsWith("Cursor") || name === this.moreName();

  private moreName(): string {
    return this.backward ? "hasPreviousPage" : "hasNextPage";
  }

  private info(name: string): readonly Piece[] {
    const { size, request } = this.site;
    if (name === "__typename") return ['"PageInfo"'];
    if (name === this.moreName()) return [sql`case when count(*) > ${size} then 'true' else 'false' end`];
    if (!name.endsWith("Cursor")) return [String(request.cursor !== null)];
    const atFirst = (name === "startCursor") !== this.backward;
    const place = atFirst ? sql`1` : sql`least(count(*), ${size})::int`;
    const cursor = this.cursor((column) => sql`(array_agg(${column}))[${place}]`);
    return [sql`case when count(*) = 0 then 'null' else ${concat(['"', cursor, '"'])} end`];
  }

  private cursor(value: (column: Column) => SQL): SQL {
    const { order } = this.site.clauses;
    const values = order.flatMap(({ column }) => [",", ...jsonOf(column, value(column))]);
    return base64urlOf([`["${orderName(order)}"`, ...values, "]"]);
  }

  private from(conditions: readonly (SQL | undefined)[]): SQL {
    const tie = (this.listing.parent?.on ?? []).map(([child, parent]) => eq(child, parent));
    return sql`from ${this.listing.table} where ${and(...tie, ...conditions) ?? sql`true`}`;
  }
}

/** A derived table under the name of the table that it reads, so that columns mean the same inside and outside. */
export function named(table: PgTable): SQL {
  return sql`${sql.identifier(getTableName(table))}`;
}
