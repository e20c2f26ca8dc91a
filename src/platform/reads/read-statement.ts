import { Placeholder, type SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { prefixOf, rowValue } from "./arguments.js";
import type { Outline } from "./outline.js";
import type { PageSite } from "./page-text.js";
import { type Arguments, answerText, answerTexts } from "./render.js";

/** One prepared statement that answers a document. */
export interface ReadStatement {
  text: string;
  /** The values in the order of the statement's parameters. */
  parameters(values: Readonly<Record<string, unknown>>): unknown[];
  /** The value in which requests may differ that share one execution; null where each runs by itself. */
  batchBy: string | null;
}

const dialect = new PgDialect();

export function buildStatement(outline: Outline, pages: readonly (PageSite | null)[]): ReadStatement {
  const given: Arguments = {
    page(site) {
      const page = pages[site];
      if (!page) throw new Error("a page has arguments");
      return page;
    },
    value: rowValue,
  };
  const batchBy = batchValueOf(outline);
  return textOf(batchBy ? answerTexts(outline, given) : answerText(outline, given), batchBy);
}

/** Requests for one row by its id, and nothing else at the root, are answered many at a time. */
function batchValueOf({ parts }: Outline): string | null {
  const [root, ...others] = parts;
  if (root?.kind !== "row" || others.length > 0 || !root.read.batchBy) return null;
  return prefixOf(root.site.index) + root.read.batchBy;
}

function textOf(query: SQL, batchBy: string | null): ReadStatement {
  const { sql: text, params } = dialect.sqlToQuery(query);
  const sources = params.map((param) =>
    param instanceof Placeholder ? { name: param.name } : { value: param },
  );
  return {
    text,
    batchBy,
    parameters: (values) =>
      sources.map((source) => ("name" in source ? (values[source.name] ?? null) : source.value)),
  };
}
