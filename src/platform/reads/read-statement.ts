import { Placeholder, type SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import type { Restriction } from "../database/restriction.js";
import { prefixOf, rowValue } from "./arguments.js";
import type { Outline } from "./outline.js";
import type { PageSite } from "./page-text.js";
import { type Arguments, answerText, answerTexts } from "./render.js";

/** One prepared statement that answers a document. */
export interface ReadStatement {
  id: number;
  text: string;
  /** The values of one request in the order of the statement's parameters. */
  parameters(values: Readonly<Record<string, unknown>>): unknown[];
  /** The value in which requests may differ that share one execution; null where each runs by itself. */
  batchBy: string | null;
}

const dialect = new PgDialect();

let built = 0;

/** `fixed` are the values that the document itself gives. Audited, it also answers whose rows it read. */
export function buildStatement(
  outline: Outline,
  pages: readonly (PageSite | null)[],
  fixed: Readonly<Record<string, unknown>>,
  audited: boolean,
  restriction: Restriction | null,
): ReadStatement {
  const given: Arguments = {
    page(site) {
      const page = pages[site];
      if (!page) throw new Error("a page has arguments");
      return page;
    },
    value: rowValue,
    restriction,
  };
  // An audit is told of the asked-for id of a batch; of one that may be withheld the statement itself tells.
  const batchBy = audited && restriction ? null : batchValueOf(outline);
  const { text, parameters } = textOf(
    batchBy ? answerTexts(outline, given) : answerText(outline, given, audited),
    fixed,
  );
  built++;
  return { id: built, text, parameters, batchBy };
}

/** Requests for one row by an id of their own, and nothing else at the root, are answered many at a time. */
function batchValueOf({ parts }: Outline): string | null {
  const [root, ...others] = parts;
  if (root?.kind !== "row" || others.length > 0 || !root.read.batchBy) return null;
  return prefixOf(root.site.index) + root.read.batchBy;
}

function textOf(
  query: SQL,
  fixed: Readonly<Record<string, unknown>>,
): Pick<ReadStatement, "text" | "parameters"> {
  const { sql: text, params } = dialect.sqlToQuery(query);
  const sources = params.map((param) => {
    if (!(param instanceof Placeholder)) return { value: param };
    return param.name in fixed ? { value: fixed[param.name] } : { name: param.name };
  });
  return {
    text,
    parameters: (values) =>
      sources.map((source) => (source.name === undefined ? source.value : values[source.name])),
  };
}
