import { conversionErrors, converterOf } from "./convert.js";
import { RowError } from "./import-error.js";
import type { Fields, Format, Mapping, Scalar, Single, Test, Value, When } from "./mapping.js";

/** The values of one row, in the order of the file's columns: texts, or what the JSON holds. */
export type RowValues = readonly unknown[];

/** A mapping made ready for the columns of one file. Its functions throw RowError. */
export interface CompiledMapping {
  /** The item of a row; of a group's first row, without its list. */
  item(values: RowValues): unknown;
  /** What makes rows one item; null where every row is one. */
  group: {
    window: number;
    /** The field that holds the list. */
    list: string;
    key(values: RowValues): string;
    element(values: RowValues): unknown;
  } | null;
}

type Get = (values: RowValues) => unknown;

/** Columns that the mapping names, each once. */
export function columnsOf(mapping: Mapping): string[] {
  const named = new Set<string>();
  compileMapping(mapping, (column) => {
    named.add(column);
    return 0;
  });
  return [...named];
}

/** `indexOf` tells where a column's value stands in a row. */
export function compileMapping(mapping: Mapping, indexOf: (column: string) => number): CompiledMapping {
  const compiler = new Compiler(mapping.format, indexOf);
  const { groupBy, fields } = mapping;
  if (!fields) return { item: (values) => values[0], group: null };
  const list = Object.entries(fields).find(([, value]) => eachOf(value));
  const { [list?.[0] ?? ""]: _, ...own } = fields;
  const item = compiler.object(own, "");
  const read = (values: RowValues) => item(values) ?? {};
  if (!groupBy || !list) return { item: read, group: null };
  const key = indexOf(groupBy.column);
  return {
    item: read,
    group: {
      window: groupBy.window,
      list: list[0],
      key: (values) => String(values[key] ?? ""),
      element: compiler.object(eachOf(list[1])!, `${list[0]}.`),
    },
  };
}

function eachOf(value: Value): Fields | undefined {
  return Array.isArray(value) ? undefined : value.each;
}

class Compiler {
  private readonly empty: ReadonlySet<unknown>;

  constructor(
    private readonly format: Format,
    private readonly indexOf: (column: string) => number,
  ) {
    this.empty = new Set<unknown>([...format.empty, null, undefined]);
  }

  /** An object whose every value is empty is left out. */
  object(fields: Fields, path: string): (values: RowValues) => Record<string, unknown> | null {
    const members = Object.entries(fields).map(
      ([name, value]) => [name, this.value(value, path + name)] as const,
    );
    return (values) => {
      const object: Record<string, unknown> = {};
      let filled = false;
      for (const [name, get] of members) {
        const member = get(values);
        object[name] = member;
        if (member !== null) filled = true;
      }
      return filled ? object : null;
    };
  }

  private value(value: Value, path: string): Get {
    const ways = [value].flat().map((way) => ({ holds: this.when(way.when), get: this.way(way, path) }));
    const [only] = ways;
    if (ways.length === 1 && !only!.holds) return only!.get;
    return (values) => {
      for (const { holds, get } of ways) if (!holds || holds(values)) return get(values);
      return null;
    };
  }

  private way(way: Single, path: string): Get {
    if (way.from !== undefined) return way.map ? this.mapped(way, path) : this.column(way, path);
    if (way.template !== undefined) return this.template(way.template);
    if (way.fields) return this.object(way.fields, `${path}.`);
    if (way.list) {
      const members = way.list.map((member, index) => this.value(member, `${path}.${index}`));
      return (values) => members.map((get) => get(values)).filter((member) => member !== null);
    }
    const constant = way.const ?? null;
    return () => constant;
  }

  private column(way: Single, path: string): Get {
    const index = this.indexOf(way.from!);
    const { empty } = this;
    if (!way.as) return (values) => (empty.has(values[index]) ? null : safe(values[index], way, path));
    const convert = converterOf(way, this.format);
    const [code, message] = conversionErrors[way.as];
    return (values) => {
      const found = values[index];
      if (empty.has(found)) return null;
      const converted = typeof found === "object" ? undefined : convert(String(safe(found, way, path)));
      if (converted === undefined) throw new RowError(code, path, `The value of ${way.from} ${message}.`);
      return converted;
    };
  }

  private mapped(way: Single, path: string): Get {
    const index = this.indexOf(way.from!);
    const table = new Map<string, Scalar>(Object.entries(way.map!));
    return (values) => {
      const found = values[index];
      const target = table.get(String(found ?? ""));
      if (target !== undefined) return target;
      if (this.empty.has(found)) return null;
      if (way.otherwise !== undefined) return way.otherwise;
      throw new RowError("UNMAPPED_VALUE", path, `The mapping does not list this value of ${way.from}.`);
    };
  }

  /** "{number}-{revision}"; empty when any of its columns is. */
  private template(template: string): Get {
    const parts = template.split(/\{([^{}]+)\}/);
    const places = parts.map((part, i) => (i % 2 ? this.indexOf(part) : part));
    return (values) => {
      let text = "";
      for (const place of places) {
        if (typeof place === "string") text += place;
        else if (this.empty.has(values[place])) return null;
        else text += values[place];
      }
      return text;
    };
  }

  private when(when: When | undefined): ((values: RowValues) => boolean) | undefined {
    if (!when) return undefined;
    const groups = when.map((tests) =>
      Object.entries(tests).map(([column, test]) => {
        const index = this.indexOf(column);
        const passes = this.test(test);
        return (values: RowValues) => passes(values[index]);
      }),
    );
    return (values) => groups.some((tests) => tests.every((passes) => passes(values)));
  }

  private test(test: Test): (value: unknown) => boolean {
    if ("empty" in test) return (value) => this.empty.has(value) === test.empty;
    if ("startsWith" in test)
      return (value) => typeof value === "string" && value.startsWith(test.startsWith);
    const accepted = new Set(("in" in test ? test.in : [test.equals]).map((one) => String(one ?? "")));
    return (value) => accepted.has(String(value ?? ""));
  }
}

/** JSON readers round whole numbers beyond 2^53: better refused than changed. */
function safe(value: unknown, { from }: Single, path: string): unknown {
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new RowError("INVALID_NUMBER", path, `${from} is too large for a JSON number; write it as a text.`);
  return value;
}
