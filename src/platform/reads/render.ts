import { and, eq, type SQL, sql } from "drizzle-orm";
import type { Edge } from "../database/edge.js";
import { concat, objectOf, type Piece } from "./json-text.js";
import type { Outline, Part } from "./outline.js";
import { type PageSite, pageText } from "./page-text.js";
import type { RowRead } from "./reads.js";

/** What the arguments of a document come to, by the index of their site. */
export interface Arguments {
  page(site: number): PageSite;
  /** A value that finds a row. */
  value(site: number, name: string, type: string): SQL;
}

/** The statement whose one value is the text of the answer. */
export function answerText(outline: Outline, given: Arguments): SQL {
  return sql`select ${whole(new Renderer(given).object(outline.parts))}`;
}

/** The same for many requests that differ in one id alone: a row per id, with the id and the text. */
export function answerTexts(outline: Outline, given: Arguments): SQL {
  const asked: Arguments = { page: given.page, value: () => sql.raw("asked.id") };
  const text = whole(new Renderer(asked).object(outline.parts));
  return sql`select asked.id, ${text} from unnest(${sql.placeholder("ids")}::uuid[]) as asked(id)`;
}

function whole(data: readonly Piece[]): SQL {
  return concat(['{"data":', ...data, "}"]);
}

class Renderer {
  constructor(private readonly given: Arguments) {}

  readonly object = (parts: readonly Part[]): Piece[] =>
    objectOf(parts.map((part) => [part.key, this.part(part)] as const));

  private part(part: Part): readonly Piece[] {
    switch (part.kind) {
      case "text":
        return part.pieces;
      case "object": {
        if (!part.absentWhenNull) return this.object(part.parts);
        const text = concat(this.object(part.parts));
        return [sql`case when ${part.absentWhenNull} is null then 'null' else ${text} end`];
      }
      case "one": {
        const { table } = part.edge;
        return [
          orNull(sql`select ${concat(this.object(part.parts))} from ${table} where ${tied(part.edge)}`),
        ];
      }
      case "many":
        return [this.many(part.edge, part.parts)];
      case "count":
        return [sql`(select count(*) from ${part.edge.table} where ${tied(part.edge)})`];
      case "row":
        return [this.row(part.read, part.site.index, part.parts)];
      case "page":
        return [pageText(part, this.given.page(part.site.index), this.object)];
    }
  }

  private row({ table, where }: RowRead, site: number, parts: readonly Part[]): Piece {
    const condition = where((name, type) => this.given.value(site, name, type));
    return orNull(sql`select ${concat(this.object(parts))} from ${table} where ${condition}`);
  }

  private many(edge: Edge, parts: readonly Part[]): Piece {
    const order = edge.order ? sql` order by ${sql.join([...edge.order], sql`, `)}` : sql``;
    const members = sql`select ${concat(this.object(parts))} as member from ${edge.table} where ${tied(edge)}${order}`;
    // Named first: an aggregate over nothing but columns of the row around would be that row's.
    return sql`(select ${concat(["[", sql`string_agg(listed.member, ',')`, "]"])} from (${members}) as listed)`;
  }
}

function tied({ on, always }: Edge): SQL {
  return and(...on.map(([child, parent]) => eq(child, parent)), always) ?? sql`true`;
}

function orNull(select: SQL): SQL {
  return sql`coalesce((${select}), 'null')`;
}
