import { type SQL, sql } from "drizzle-orm";
import type { PgColumn as Column } from "drizzle-orm/pg-core";
import { ApiError } from "../errors.js";
import { maxFilterConditions, maxFilterText, maxFilterValues } from "../limits.js";
import { isStorable } from "../text.js";

/**
 * What a filter of one type may ask about. A plain column is compared as it is; a function gives the condition of a
 * field that lives elsewhere (an EXISTS over another table), built from the compiled inner comparison.
 */
export type FilterFields = Record<string, Column | ((compare: (column: Column) => SQL) => SQL)>;

/** Values of a filter, in order: they become placeholders, so equal shapes share one prepared statement. */
export interface Compiled {
  condition: SQL | undefined;
  /** Placeholder name to value. */
  values: Record<string, unknown>;
  /** Equal for filters that differ only in their values. */
  shape: string;
}

type Where = Record<string, unknown>;

/** How a value enters a statement; `type` is that of the column, an array of it for a list of values. */
export type Bind = (name: string, column: Column, value: unknown) => SQL;

const asPlaceholder: Bind = (name, column, value) =>
  sql`${sql.placeholder(name)}::${sql.raw(column.getSQLType() + (Array.isArray(value) ? "[]" : ""))}`;

/**
 * Compiles a filter input to one condition. Throws BAD_USER_INPUT for what no statement can hold. The prefix keeps the
 * values of several filters in one statement apart.
 */
export function compileFilter(
  where: object | null | undefined,
  fields: FilterFields,
  { prefix = "", bind = asPlaceholder }: { prefix?: string; bind?: Bind } = {},
): Compiled {
  const compiler = new Compiler(fields, prefix, bind);
  const condition = where ? compiler.all(where as Where) : undefined;
  return { condition, values: compiler.values, shape: compiler.shape.join(" ") };
}

class Compiler {
  readonly values: Record<string, unknown> = {};
  readonly shape: string[] = [];
  private conditions = 0;

  constructor(
    private readonly fields: FilterFields,
    private readonly prefix: string,
    private readonly bindAs: Bind,
  ) {}

  all(where: Where): SQL | undefined {
    return this.join(
      "and",
      Object.entries(where)
        .filter(([, value]) => value != null)
        .map(([key, value]) => this.entry(key, value)),
    );
  }

  private entry(key: string, value: unknown): SQL | undefined {
    this.count(Array.isArray(value) ? value.length : 1);
    this.shape.push(`${key}(`);
    const condition =
      key === "and" || key === "or"
        ? this.join(
            key,
            (value as Where[]).map((part) => this.part(part)),
          )
        : key === "not"
          ? sql`not coalesce(${this.all(value as Where) ?? sql`true`}, false)`
          : this.field(key, value as Where);
    this.shape.push(")");
    return condition;
  }

  /** One of several: the shape says where it begins, an empty one too, or two meanings would share a statement. */
  private part(where: Where): SQL {
    this.shape.push(",");
    return this.all(where) ?? sql`true`;
  }

  private field(key: string, comparator: Where): SQL | undefined {
    const field = this.fields[key];
    if (!field) throw new Error(`No filter field ${key}`);
    const compare = (column: Column) =>
      this.join(
        "and",
        Object.entries(comparator)
          .filter(([, value]) => value !== undefined)
          .map(([operator, value]) => this.operator(column, operator, value)),
      ) ?? sql`true`;
    return typeof field === "function" ? field(compare) : compare(field);
  }

  private operator(column: Column, operator: string, value: unknown): SQL {
    this.count(1);
    this.shape.push(value === null ? `${operator}:null` : operator);
    if (operator === "isNull") {
      this.shape.push(String(value));
      return value ? sql`${column} is null` : sql`${column} is not null`;
    }
    if (value === null) return nullComparison(column, operator);
    if (operator === "in" || operator === "nin") return this.list(column, operator, value as unknown[]);
    const build = operators[operator];
    if (!build) throw new Error(`No filter operator ${operator}`);
    return build(column, this.bind(column, value));
  }

  /** Groups count too: an empty one costs a statement's text like any other. */
  private count(conditions: number): void {
    this.conditions += conditions;
    if (this.conditions > maxFilterConditions) {
      throw new ApiError("BAD_USER_INPUT", `A filter may hold at most ${maxFilterConditions} conditions.`);
    }
  }

  private list(column: Column, operator: "in" | "nin", values: unknown[]): SQL {
    if (values.length > maxFilterValues) {
      throw new ApiError("BAD_USER_INPUT", `A list in a filter may hold at most ${maxFilterValues} values.`);
    }
    const bound = values.filter((value) => value !== null).map((value) => driverValue(column, value));
    const array = this.bindAs(this.name(bound), column, bound);
    return operator === "in"
      ? sql`${column} = any(${array})`
      : sql`(${column} <> all(${array}) or ${column} is null)`;
  }

  private bind(column: Column, value: unknown): SQL {
    const bound = driverValue(column, value);
    return this.bindAs(this.name(bound), column, bound);
  }

  private name(value: unknown): string {
    const name = `${this.prefix}f${Object.keys(this.values).length}`;
    this.values[name] = value;
    return name;
  }

  private join(word: "and" | "or", parts: (SQL | undefined)[]): SQL | undefined {
    const present = parts.filter((part) => part !== undefined);
    if (present.length === 0) return undefined;
    return sql`(${sql.join(present, sql.raw(` ${word} `))})`;
  }
}

const operators: Record<string, (column: Column, value: SQL) => SQL> = {
  eq: (column, value) => sql`${column} = ${value}`,
  neq: (column, value) => sql`${column} is distinct from ${value}`,
  lt: (column, value) => sql`${column} < ${value}`,
  lte: (column, value) => sql`${column} <= ${value}`,
  gt: (column, value) => sql`${column} > ${value}`,
  gte: (column, value) => sql`${column} >= ${value}`,
  contains: (column, value) => sql`position(${value} in ${column}) > 0`,
  containsIgnoreCase: (column, value) => sql`position(lower(${value}) in lower(${column})) > 0`,
  startsWith: (column, value) => sql`starts_with(${column}, ${value})`,
  startsWithIgnoreCase: (column, value) => sql`starts_with(lower(${column}), lower(${value}))`,
  endsWith: (column, value) => sql`right(${column}, length(${value})) = ${value}`,
  eqIgnoreCase: (column, value) => sql`lower(${column}) = lower(${value})`,
};

function nullComparison(column: Column, operator: string): SQL {
  if (operator === "eq") return sql`${column} is null`;
  if (operator === "neq") return sql`${column} is not null`;
  throw new ApiError("BAD_USER_INPUT", `The operator ${operator} takes no null; use isNull.`);
}

/** Ids become bare uuids; an id of another kind or a malformed one can match nothing and is refused. */
function driverValue(column: Column, value: unknown): unknown {
  if (typeof value === "string" && !isStorable(value)) {
    throw new ApiError("BAD_USER_INPUT", "A filter value holds a NUL or a lone surrogate.");
  }
  if (typeof value === "string" && value.length > maxFilterText) {
    throw new ApiError("BAD_USER_INPUT", `A text in a filter may hold at most ${maxFilterText} characters.`);
  }
  if (column.getSQLType() !== "uuid") return column.mapToDriverValue(value);
  const uuid = column.mapToDriverValue(value) as string;
  if (column.mapFromDriverValue(uuid) !== value || !uuidPattern.test(uuid)) {
    throw new ApiError("BAD_ID", "A filter holds an id that is none of this type.");
  }
  return uuid;
}

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
