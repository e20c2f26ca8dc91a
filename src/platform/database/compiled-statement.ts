import { Column, is, noopDecoder, Param, Placeholder, SQL } from "drizzle-orm";
import { PgCustomColumn } from "drizzle-orm/pg-core";
import type { Audience } from "./audience.js";
import type { Driver, Logger } from "./drizzle-driver.js";

/** Runs a prepared statement with the values of its placeholders. */
export type Run<R> = (values: Record<string, unknown>, audience?: Audience) => Promise<R>;

/** What a query that Drizzle has prepared for postgres.js consists of. Its version is pinned. */
interface PreparedQuery {
  queryString: string;
  params: unknown[];
  fields: { path: string[]; field: unknown }[] | undefined;
  client: Driver;
  logger: Logger;
  execute(values: Record<string, unknown>): Promise<unknown>;
}

type Decode = (value: unknown) => unknown;

/**
 * A prepared query of Drizzle's with its text, parameters and decoders worked out once, where Drizzle's own `execute`
 * looks at the kind of every column of every row. Errors come as the database floor threw them, without parameters.
 */
export function compileStatement<R>(prepared: unknown): Run<R> {
  const query = prepared as PreparedQuery;
  const { queryString: text, fields, client, logger } = query;
  // Nested rows are left to Drizzle.
  if (!fields || fields.some(({ path }) => path.length > 1))
    return (values) => query.execute(values) as Promise<R>;
  const parameters = query.params.map(parameterOf);
  const options = { prepare: true, rowOf: rowMaker(fields) };
  return (values, audience) => {
    logger.logQuery(text);
    const given = parameters.map((valueIn) => valueIn(values));
    return client.send(text, given, audience ? { ...options, audience } : options) as Promise<R>;
  };
}

function parameterOf(parameter: unknown): (values: Record<string, unknown>) => unknown {
  if (is(parameter, Placeholder)) return placeholder(parameter.name);
  if (!is(parameter, Param) || !is(parameter.value, Placeholder)) return () => parameter;
  const { encoder } = parameter;
  const read = placeholder(parameter.value.name);
  return (values) => encoder.mapToDriverValue(read(values));
}

function placeholder(name: string) {
  return (values: Record<string, unknown>): unknown => {
    const value = values[name];
    if (value === undefined) throw new Error(`No value for placeholder ${name}`);
    return value;
  };
}

/** Makes a row of its values: a function written out for this statement, so that all its rows have one hidden class. */
function rowMaker(fields: readonly { path: string[]; field: unknown }[]): (values: unknown[]) => unknown {
  const decoders = fields.map(({ field }) => decoderOf(field));
  const members = fields.map(({ path }, i) => {
    const value = `values[${i}]`;
    return `${JSON.stringify(path[0])}: ${decoders[i] ? `${value} === null ? null : d${i}(${value})` : value}`;
  });
  const names = decoders.map((_, i) => `d${i}`);
  // The text is made of numbers and of property names of our own tables, quoted.
  const make = new Function(...names, `return (values) => ({ ${members.join(", ")} });`);
  return make(...decoders) as (values: unknown[]) => unknown;
}

/** How a column's text becomes its value; null where it is the value. */
function decoderOf(field: unknown): Decode | null {
  const decoder = is(field, Column)
    ? field
    : is(field, SQL)
      ? (field as unknown as { decoder: Column }).decoder
      : (field as { sql: { decoder: Column } }).sql.decoder;
  const { mapFromDriverValue: decode } = decoder;
  if (decode === Column.prototype.mapFromDriverValue || decode === noopDecoder.mapFromDriverValue)
    return null;
  // What our own column types say is called directly: columns of a sub-query are proxies, slow to ask for every value.
  if (is(decoder, PgCustomColumn)) return (decoder as unknown as { mapFrom?: Decode }).mapFrom ?? null;
  return (value) => decode.call(decoder, value);
}
