import { type SQL, sql } from "drizzle-orm";
import type { Bind } from "../database/filter.js";
import { pageParts } from "../database/page.js";
import { readListRequest } from "../graphql/listing.js";
import type { Site } from "./outline.js";
import type { PageSite } from "./page-text.js";

/** What the arguments of one field come to. Equal shapes make equal SQL. */
export interface BoundSite {
  values: Record<string, unknown>;
  shape: string;
  page: PageSite | null;
}

/** Reads the arguments of one field. Throws what its resolver would throw for them. */
export function bindSite(site: Site, variables: Record<string, unknown>, context: unknown): BoundSite {
  const args = site.read(variables);
  const { source } = site;
  const prefix = prefixOf(site.index);
  if (source.kind === "row") {
    const own: Record<string, unknown> = source.values(args as never, context as never);
    const values: Record<string, unknown> = {};
    for (const name in own) values[prefix + name] = own[name];
    return { values, shape: "", page: null };
  }
  const request = readListRequest(source.listing, args);
  const clauses = pageParts(source.listing, request, prefix, site.fixed ? inText : undefined);
  const { values, shape } = clauses;
  if (site.fixed) return { values, shape: "", page: { request, clauses, size: () => whole(request.size) } };
  const name = `${prefix}size`;
  values[name] = request.size;
  return { values, shape, page: { request, clauses, size: () => sql`${sql.placeholder(name)}::int` } };
}

/** The name of a placeholder that finds a row. */
export function rowValue(site: number, name: string, type: string): SQL {
  return sql`${sql.placeholder(prefixOf(site) + name)}::${sql.raw(type)}`;
}

export function prefixOf(site: number): string {
  return `s${site}_`;
}

/** Names of enums go into the text where the document fixes them: the planner then sees which partial index serves. */
const inText: Bind = (name, column, value) => {
  const type = column.getSQLType() + (Array.isArray(value) ? "[]" : "");
  const names = Array.isArray(value) ? value : [value];
  const plain = names.every((one) => typeof one === "string" && column.enumValues?.includes(one));
  if (!plain) return sql`${sql.placeholder(name)}::${sql.raw(type)}`;
  return sql.raw(Array.isArray(value) ? `'{${names.join()}}'::${type}` : `'${value}'::${type}`);
};

function whole(size: number): SQL {
  return sql.raw(String(Math.trunc(size)));
}
