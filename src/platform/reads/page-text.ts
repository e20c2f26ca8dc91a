import { and, eq, getTableName, type SQL, sql } from "drizzle-orm";
import type { PgColumn as Column, PgTable } from "drizzle-orm/pg-core";
import { orderBy, orderName } from "../database/keyset.js";
import type { Listing, ListRequest, PageParts } from "../database/page.js";
import { type Restriction, restricted } from "../database/restriction.js";
import { base64urlOf, joined, jsonOf, objectOf, type Piece } from "./json-text.js";
import type { EdgePart, PagePart, Part } from "./outline.js";

/** What the arguments of a page come to, for one request. */
export interface PageSite {
  request: ListRequest;
  clauses: PageParts;
  /** The page's size in the statement's text: a number where the document fixes it, else a placeholder. */
  size(): SQL;
}

/** In which place a row was read. */
const place = sql.identifier("place on the page");

type Page = Part & { kind: "page" };
type ObjectText = (parts: readonly Part[]) => Piece[];

interface Told {
  /** The column that says whose rows are, where that is asked. */
  whose?: Column;
  /** Which customers may be seen; it holds for a root list. What hangs on a row is of its customer. */
  restriction: Restriction | null;
  /** What begins and ends the text. PostgreSQL copies a long text three times to put it into another. */
  around: readonly [string, string];
}

/**
 * The SQL of one page as JSON text: of a root list, or of what hangs on the row around it. With the column that says whose
 * rows are, a row of two: `text`, and `whose`, the ids in that column on the page, one after the other in hexadecimal.
 */
export function pageText(
  { listing, parts }: Page,
  site: PageSite,
  objectText: ObjectText,
  { whose, restriction, around }: Told,
): SQL {
  const seen = (every: boolean) =>
    listing.parent ? undefined : restricted(restriction, listing.table, { every });
  return new PageText(listing, parts, site, objectText, whose ?? null, seen).text(around);
}

class PageText {
  private readonly backward: boolean;
  private readonly size: SQL;
  /** True where the page must know what lies beyond: it then reads one row more than it shows. */
  private readonly looksBeyond: boolean;

  constructor(
    private readonly listing: Listing,
    private readonly parts: readonly PagePart[],
    private readonly site: PageSite,
    private readonly objectText: ObjectText,
    private readonly whose: Column | null,
    private readonly seen: (every: boolean) => SQL | undefined,
  ) {
    this.backward = site.request.backward;
    this.size = site.size();
    const asks = ({ name }: { name: string }) => name.endsWith("Cursor") || name === this.moreName;
    this.looksBeyond = parts.some((part) => part.kind === "pageInfo" && part.infos.some(asks));
  }

  text([before, after]: readonly [string, string]): SQL {
    const object = objectOf(this.parts.map((part) => [part.key, this.part(part)] as const));
    const pieces = joined([before, ...object, after]);
    const readsRows = this.looksBeyond || this.parts.some(({ kind }) => kind === "nodes" || kind === "edges");
    if (!readsRows)
      return this.whose ? sql`(select ${pieces} as text, '' as whose)` : sql`(select ${pieces})`;
    const text = this.whose ? sql`${pieces} as text, ${this.ids(this.whose)} as whose` : pieces;
    const { clauses } = this.site;
    const table = named(this.listing.table);
    const limit = this.looksBeyond ? sql`${this.size} + 1` : this.size;
    const read = sql`select * ${this.from([...clauses.conditions(), this.seen(false)])} order by ${this.order(this.backward)} limit ${limit}`;
    const rows = this.looksBeyond
      ? sql`select *, row_number() over () as ${place} from (${read}) as ${table}`
      : read;
    if (!this.backward) return sql`(select ${text} from (${rows}) as ${table})`;
    const turned = sql`select * from (${rows}) as ${table} order by ${this.order(false)}`;
    return sql`(select ${text} from (${turned}) as ${table})`;
  }

  private part(part: PagePart): readonly Piece[] {
    switch (part.kind) {
      case "nodes":
        return this.list(joined(this.objectText(part.parts)));
      case "edges":
        return this.list(
          joined(objectOf(part.edgeParts.map((edge) => [edge.key, this.edgePart(edge)] as const))),
        );
      case "pageInfo":
        return objectOf(part.infos.map(({ key, name }) => [key, this.info(name)] as const));
      case "totalCount":
        return [
          sql`(select count(*) ${this.from([this.site.clauses.filter.condition, this.listing.always, this.seen(true)])})`,
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
    return ["[", sql`coalesce(string_agg(${member}, ',')${this.shown()}, '')`, "]"];
  }

  /** As bytes: making and sending fifty texts would take several times as long. */
  private ids(column: Column): SQL {
    return sql`encode(string_agg(uuid_send(${column}), '')${this.shown()}, 'hex')`;
  }

  /** Leaves the row beyond out of an aggregate, which then does not make it into text either. */
  private shown(): SQL {
    return this.looksBeyond ? sql` filter (where ${place} <= ${this.size})` : sql``;
  }

  private info(name: string): readonly Piece[] {
    if (name === "__typename") return ['"PageInfo"'];
    if (name === this.moreName) return [sql`case when count(*) > ${this.size} then 'true' else 'false' end`];
    if (!name.endsWith("Cursor")) return [String(this.site.request.cursor !== null)];
    const end = name === "startCursor" ? this.first : this.last;
    const cursor = this.cursor((column) => sql`(array_agg(${column}))[${end}]`);
    return [sql`case when count(*) = 0 then 'null' else ${joined(['"', cursor, '"'])} end`];
  }

  private get moreName(): string {
    return this.backward ? "hasPreviousPage" : "hasNextPage";
  }

  /** Where the page begins and ends among the rows read: the row beyond is the last, or the first of a page read backward. */
  private get first(): SQL {
    return this.backward ? sql`greatest(count(*) - ${this.size}, 0)::int + 1` : sql`1`;
  }

  private get last(): SQL {
    return this.backward ? sql`count(*)::int` : sql`least(count(*), ${this.size})::int`;
  }

  private cursor(value: (column: Column) => SQL): SQL {
    const { order } = this.site.clauses;
    const values = order.flatMap(({ column }) => [",", ...jsonOf(column, value(column))]);
    return base64urlOf([`["${orderName(order)}"`, ...values, "]"]);
  }

  private order(backward: boolean): SQL {
    return sql.join(orderBy(this.site.clauses.order, backward), sql`, `);
  }

  private from(conditions: readonly (SQL | undefined)[]): SQL {
    const tie = (this.listing.parent?.on ?? []).map(([child, parent]) => eq(child, parent));
    return sql`from ${this.listing.table} where ${and(...tie, ...conditions) ?? sql`true`}`;
  }
}

/** A derived table under the name of the table that it reads, so that columns mean the same inside and outside. */
function named(table: PgTable): SQL {
  return sql`${sql.identifier(getTableName(table))}`;
}
