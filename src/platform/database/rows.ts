import { getTableColumns, getTableName, type InferInsertModel, type SQL, sql } from "drizzle-orm";
import { PgColumn, type PgTable } from "drizzle-orm/pg-core";
import type { Tx } from "./database.js";
import type { SendOptions } from "./driver-query.js";
import type { Driver, Logger } from "./drizzle-driver.js";
import { quoted } from "./wire-values.js";

/**
 * Inserts any number of rows in one statement, one array per column: the server reads arrays four times as fast as JSON
 * rows, and the text is the same for every number of rows. Rows are inserted in the order given, so sorted rows take their
 * locks in key order. Every row must name the same properties; absent columns get their defaults. `suffix` is what follows
 * the insert: ON CONFLICT, RETURNING.
 */
export async function insertRows<T extends PgTable>(
  tx: Tx,
  table: T,
  rows: readonly InferInsertModel<T>[],
  suffix: SQL = sql``,
): Promise<Written> {
  return rows.length ? sendNow(tx, insertOf(table, rows, suffix)) : Object.assign([], { count: 0 });
}

/** The rows of RETURNING, and how many rows the statement wrote. */
type Written = Record<string, unknown>[] & { count: number };

/**
 * Sends the statement before it returns: whatever is sent afterwards runs behind it. (Drizzle's own `execute` sends a few
 * microtasks later.) Errors come as the database floor threw them, without parameters.
 */
export function sendNow(tx: Tx, statement: SQL, options: SendOptions = {}): Promise<Written> {
  const { session, dialect, $client } = tx as unknown as TxParts;
  const { sql: text, params } = dialect.sqlToQuery(statement);
  session.logger.logQuery(text);
  return $client.send(text, params, options) as Promise<unknown> as Promise<Written>;
}

/** What Drizzle's databases consist of. Its version is pinned. */
interface TxParts {
  session: { logger: Logger };
  dialect: { sqlToQuery(statement: SQL): { sql: string; params: unknown[] } };
  $client: Driver;
}

/** The statement of `insertRows` for at least one row, for who has time to make it before it may be sent. */
export function insertOf<T extends PgTable>(
  table: T,
  rows: readonly InferInsertModel<T>[],
  suffix: SQL = sql``,
): SQL {
  const shape = shapeOf(table, Object.keys(rows[0]!));
  return sql`insert into ${table} (${shape.names}) ${selectRows(shape, rows)} ${suffix}`;
}

/**
 * Updates any number of rows of a customer's table in one statement, matched by the named key properties.
 * The caller holds the locks.
 */
export async function updateRows<T extends PgTable>(
  tx: Tx,
  table: T,
  keys: readonly string[],
  rows: readonly Partial<InferInsertModel<T>>[],
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const shape = shapeOf(table, Object.keys(first));
  const name = getTableName(table);
  const isKey = ({ property }: Column) => keys.includes(property);
  const sets = shape.columns.filter((column) => !isKey(column)).map(({ name: own }) => `${own} = r.${own}`);
  const matches = shape.columns.filter(isKey).map(({ name: own }) => `"${name}".${own} = r.${own}`);
  await tx.execute(
    sql`update ${table} set ${sql.raw(sets.join(", "))} from (${selectRows(shape, rows)}) as r where ${sql.raw(matches.join(" and "))}`,
  );
}

/** The text of an array whose values need no quotes: ids and numbers. Half the time that quoting each would take. */
export function bareArray(values: readonly (string | number)[]): string {
  return `{${values.join(",")}}`;
}

/**
 * The rows with their types, one parameter per column, in the order given. The arrays run side by side in a select list:
 * `from unnest(…, …)` would first store every value of each.
 */
function selectRows({ columns, values }: Shape, rows: readonly object[]): SQL {
  const lists = columns.map(
    (column) => sql`unnest(${arrayOf(column, rows as readonly Record<string, unknown>[])}${column.arrayType}`,
  );
  return sql`select ${values} from (select ${sql.join(lists, sql`, `)}) as r`;
}

/** Columns of a table in the order of the properties that rows name. */
interface Shape {
  columns: readonly Column[];
  names: SQL;
  /** How a row's values are read from the members of the arrays. */
  values: SQL;
}

interface Column {
  property: string;
  /** Its name in SQL. */
  name: string;
  /** The cast of its array, and what its members are called. */
  arrayType: SQL;
  /** Values of its type never need quotes inside an array. */
  bare: boolean;
  /** Null where the driver gets the value as it is. */
  toDriver: ((value: unknown) => unknown) | null;
}

/** Types whose texts hold no comma, brace, quote, backslash or blank. */
const bareTypes = /^(uuid|smallint|integer|bigint|numeric.*|boolean|date|timestamp.*)$/;

/** Made once for each list of properties, of which the code has a few per table. */
const shapes = new WeakMap<PgTable, Map<string, Shape>>();

function shapeOf(table: PgTable, properties: readonly string[]): Shape {
  let known = shapes.get(table);
  if (!known) {
    known = new Map();
    shapes.set(table, known);
  }
  const key = properties.join();
  let shape = known.get(key);
  if (!shape) {
    shape = newShape(table, properties);
    known.set(key, shape);
  }
  return shape;
}

function newShape(table: PgTable, properties: readonly string[]): Shape {
  const all = getTableColumns(table) as Record<string, PgColumn>;
  const values: string[] = [];
  const columns = properties.map((property): Column => {
    const column = all[property];
    if (!column) throw new Error(`${getTableName(table)} has no ${property}`);
    const type = column.getSQLType();
    const name = `"${column.name}"`;
    // An array's members cannot be arrays of different lengths: those travel as texts.
    const isArray = type.endsWith("[]");
    values.push(isArray ? `r.${name}::${type}` : `r.${name}`);
    return {
      property,
      name,
      arrayType: sql.raw(`${isArray ? "::text[]" : `::${type}[]`}) as ${name}`),
      bare: bareTypes.test(type),
      toDriver:
        column.mapToDriverValue === PgColumn.prototype.mapToDriverValue
          ? null
          : (value) => column.mapToDriverValue(value),
    };
  });
  const names = columns.map(({ name }) => name);
  return { columns, names: sql.raw(names.join(", ")), values: sql.raw(values.join(", ")) };
}

/**
 * The column's values as the text of an array. An import makes millions a minute, hence a plain loop, and one text joined at
 * once: one that grows is a chain of parts, and costs more to clear away than to make.
 */
function arrayOf({ property, bare, toDriver }: Column, rows: readonly Record<string, unknown>[]): string {
  const members = new Array<string>(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const value = rows[i]![property];
    if (value == null) members[i] = "NULL";
    else {
      const sent = String(toDriver ? toDriver(value) : value);
      members[i] = bare ? sent : quoted(sent);
    }
  }
  return `{${members.join(",")}}`;
}
