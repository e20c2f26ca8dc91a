import { and, eq, type SQL, sql } from "drizzle-orm";
import { customerColumnOf } from "../audit/customer-column.js";
import type { Edge } from "../database/edge.js";
import { type Restriction, restricted } from "../database/restriction.js";
import { joined, objectOf, type Piece } from "./json-text.js";
import type { Outline, Part } from "./outline.js";
import { type PageSite, pageText } from "./page-text.js";
import type { RowRead } from "./reads.js";

/** What the arguments of a document come to, by the index of their site. */
export interface Arguments {
  page(site: number): PageSite;
  /** A value that finds a row. */
  value(site: number, name: string, type: string): SQL;
  /** Which customers may be seen, where a read enters at the root. */
  restriction: Restriction | null;
}

/** The statement whose first value is the text of the answer; the second, where it is audited, whose rows are in it. */
export function answerText({ parts }: Outline, given: Arguments, audited: boolean): SQL {
  const renderer = new Renderer(given, parts);
  if (!audited) return sql`select ${renderer.whole(renderer)}`;
  const root = new AuditedRoot(renderer, given);
  const text = renderer.whole(root);
  const { whose, from } = root; // filled by the line before
  const ids = whose.length ? sql`concat(${sql.join(whose, sql`, `)})` : sql`''`;
  return sql`select ${text}, ${ids}${from.length ? sql` from ${sql.join(from, sql`, `)}` : sql``}`;
}

/** The parts at the root, with whose rows they are: of a page, told by the page itself, so that it is read once. */
class AuditedRoot {
  readonly whose: SQL[] = [];
  readonly from: SQL[] = [];

  constructor(
    private readonly renderer: Renderer,
    private readonly given: Arguments,
  ) {}

  part(part: Part): readonly Piece[] {
    const table = part.kind === "page" ? part.listing.table : part.kind === "row" ? part.read.table : null;
    const customer = table && customerColumnOf(table)?.column;
    if (!customer) return this.renderer.part(part);
    if (part.kind === "page") {
      const name = sql.raw(`page${this.from.length}`);
      const page = pageText(part, this.given.page(part.site.index), this.renderer.object, {
        whose: customer,
        restriction: this.given.restriction,
        around: this.renderer.around(part),
      });
      this.from.push(sql`${page} as ${name}`);
      this.whose.push(sql`${name}.whose`);
      return [sql`${name}.text`];
    }
    if (part.kind !== "row") throw new Error("only pages and rows are told whose they are");
    const condition = this.renderer.found(part.read, part.site.index);
    this.whose.push(sql`(select ${customer}::text from ${table} where ${condition})`);
    return this.renderer.part(part);
  }
}

/** The same for many requests that differ in one id alone: a row per id, with the id and the text. */
export function answerTexts(outline: Outline, given: Arguments): SQL {
  const asked: Arguments = { ...given, value: () => sql.raw("asked.id") };
  const renderer = new Renderer(asked, outline.parts);
  const text = renderer.whole(renderer);
  return sql`select asked.id, ${text} from unnest(${sql.placeholder("ids")}::uuid[]) as asked(id)`;
}

class Renderer {
  /** A page that is the whole answer: it begins and ends it itself. */
  private readonly alone: Part | null;

  constructor(
    private readonly given: Arguments,
    private readonly root: readonly Part[],
  ) {
    const [first, ...others] = root;
    this.alone = first?.kind === "page" && others.length === 0 ? first : null;
  }

  /** The text of the answer, of what `texts` makes of the parts at the root; a page is one piece. */
  whole(texts: { part(part: Part): readonly Piece[] }): SQL {
    if (this.alone) return texts.part(this.alone)[0] as SQL;
    const data = objectOf(this.root.map((part) => [part.key, texts.part(part)] as const));
    return joined(['{"data":', ...data, "}"]);
  }

  /** What stands before and after a page in its own text. */
  around(page: Part): readonly [string, string] {
    return page === this.alone ? [`{"data":{"${page.key}":`, "}}"] : ["", ""];
  }

  readonly object = (parts: readonly Part[]): Piece[] =>
    objectOf(parts.map((part) => [part.key, this.part(part)] as const));

  part(part: Part): readonly Piece[] {
    switch (part.kind) {
      case "text":
        return part.pieces;
      case "object": {
        if (!part.absentWhenNull) return this.object(part.parts);
        const text = joined(this.object(part.parts));
        return [sql`case when ${part.absentWhenNull} is null then 'null' else ${text} end`];
      }
      case "one": {
        const { table } = part.edge;
        return [
          orNull(sql`select ${joined(this.object(part.parts))} from ${table} where ${tied(part.edge)}`),
        ];
      }
      case "many":
        return [this.many(part.edge, part.parts)];
      case "count":
        return [sql`(select count(*) from ${part.edge.table} where ${tied(part.edge)})`];
      case "row":
        return [this.row(part.read, part.site.index, part.parts)];
      case "page":
        return [
          pageText(part, this.given.page(part.site.index), this.object, {
            restriction: this.given.restriction,
            around: this.around(part),
          }),
        ];
    }
  }

  private row(read: RowRead, site: number, parts: readonly Part[]): Piece {
    const condition = this.found(read, site);
    return orNull(sql`select ${joined(this.object(parts))} from ${read.table} where ${condition}`);
  }

  /** The condition that finds a row at the root, if it may be seen. */
  found({ table, where }: RowRead, site: number): SQL {
    const asked = where((name, type) => this.given.value(site, name, type));
    return and(asked, restricted(this.given.restriction, table)) ?? asked;
  }

  private many(edge: Edge, parts: readonly Part[]): Piece {
    const order = edge.order ? sql` order by ${sql.join([...edge.order], sql`, `)}` : sql``;
    const members = sql`select ${joined(this.object(parts))} as member from ${edge.table} where ${tied(edge)}${order}`;
    // Named first: an aggregate over nothing but columns of the row around would be that row's.
    const listed = sql`coalesce(string_agg(listed.member, ','), '')`;
    return sql`(select ${joined(["[", listed, "]"])} from (${members}) as listed)`;
  }
}

function tied({ on, always }: Edge): SQL {
  return and(...on.map(([child, parent]) => eq(child, parent)), always) ?? sql`true`;
}

function orNull(select: SQL): SQL {
  return sql`coalesce((${select}), 'null')`;
}
