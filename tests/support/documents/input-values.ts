import {
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from "graphql";
import type { Choices } from "./choices.js";
import { nodeTypeOf, type World } from "./world.js";

/** A value as it stands in a document, and as it goes into the variables. */
export interface Value {
  text: string;
  json: unknown;
}

/** Puts a value of an input type into a variable instead; answers how the document names it. */
export type AsVariable = (type: GraphQLInputType, value: Value) => string;

const maxFilterDepth = 3;
/** How often a field that may be left out is recorded. */
const recordedShare = 0.35;
const missingUuid = "00000000-0000-7000-8000-000000000000";
const badIds = ["", "nonsense", `xyz_${missingUuid}`, `prf_${missingUuid}`, "cus_0"];
export const texts = [
  "a",
  "",
  "%",
  "_",
  "O'Hara",
  '"',
  "\\",
  "\\\\",
  "'; drop table customers; --",
  "{}",
  "{a,b}",
  "NULL",
  "\n",
  "سلام",
  "علی",
  "مُحَمَّد",
  "😀",
  "\u2028",
  "\u0001",
  "ß",
  "İ",
  "$1",
];
const times = [
  "-P30D",
  "P1D",
  "-PT5M",
  "-P10Y",
  "2026-01-01T00:00:00Z",
  "2026-02-11T08:00:00.000102Z",
  "2011-01-01T00:00:00+03:30",
  "0001-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999999Z",
];
const instants = times.filter((time) => !time.includes("P"));
const decimals = ["0", "0.10", "0.1", "10", "-3.5", "1000000.001", "99999999999999999999"];
const integers = [0, 1, 2, 3, 5, 10, -1, 100, 2_147_483_647, -2_147_483_648];

/** Makes values of input types: what the data holds, what it does not, and what is refused. */
export class InputValues {
  constructor(
    private readonly choices: Choices,
    private readonly world: World,
    private readonly asVariable: AsVariable,
  ) {}

  /** `name` is that of the argument or field that it is for, `node` the type of the rows that it filters. */
  value(type: GraphQLInputType, name: string, node: string, depth = 0): Value {
    const { choices } = this;
    if (isNonNullType(type)) return this.value(type.ofType, name, node, depth);
    if (isListType(type)) return this.list(type.ofType, name, node, depth);
    if (isEnumType(type)) {
      const { name: text } = choices.oneOf(type.getValues());
      return { text, json: text };
    }
    if (isInputObjectType(type)) return this.object(type, name, node, depth);
    if (type.name === "JSONObject") return this.attributes();
    return plain(this.scalar(type.toString(), name, node));
  }

  private list(item: GraphQLInputType, name: string, node: string, depth: number): Value {
    const count = 1 + this.choices.below(3) - (this.choices.chance(0.05) ? 1 : 0);
    const values = Array.from({ length: count }, () => this.value(item, name, node, depth));
    return { text: `[${values.map(({ text }) => text).join(", ")}]`, json: values.map(({ json }) => json) };
  }

  private object(type: GraphQLInputObjectType, name: string, node: string, depth: number): Value {
    const fields = Object.values(type.getFields());
    const required = fields.filter((field) => isNonNullType(field.type) && field.defaultValue === undefined);
    const optional = fields.filter(
      (field) => !required.includes(field) && (depth < maxFilterDepth || !isGroup(field.name)),
    );
    const isComparator = type.name.endsWith("Comparator");
    const extra = Array.from({ length: (required.length ? 0 : 1) + (this.choices.chance(0.3) ? 1 : 0) }, () =>
      this.choices.oneOf(optional),
    );
    // What is recorded has many fields that belong together; a filter has few.
    const isRecord = /(Input|Reference)$/.test(type.name);
    const more = isRecord ? optional.filter(() => this.choices.chance(recordedShare)) : [];
    const chosen = [...new Set([...required, ...(optional.length ? extra : []), ...more])];
    const entries = chosen.map((field) => {
      const about = isComparator ? name : field.name;
      return [field.name, this.member(field, about, node, isGroup(field.name) ? depth + 1 : depth)] as const;
    });
    return {
      text: `{${entries.map(([key, { text }]) => `${key}: ${text}`).join(", ")}}`,
      json: Object.fromEntries(entries.map(([key, { json }]) => [key, json])),
    };
  }

  private member(field: GraphQLInputField, about: string, node: string, depth: number): Value {
    if (!isNonNullType(field.type) && this.choices.chance(0.04)) return plain(null);
    const value = this.value(field.type, about, node, depth);
    return this.choices.chance(0.15) ? { ...value, text: this.asVariable(field.type, value) } : value;
  }

  private attributes(): Value {
    const [note, count] = [this.text([]), this.choices.below(10)];
    return {
      text: `{note: ${JSON.stringify(note)}, more: [${count}, {}]}`,
      json: { note, more: [count, {}] },
    };
  }

  private scalar(type: string, name: string, node: string): unknown {
    const { choices, world } = this;
    const known = world.values[name] ?? [];
    switch (type) {
      case "Boolean":
        return choices.below(2) === 0;
      case "Int":
      case "SafeInt":
      case "Float":
        return known.length && choices.chance(0.5) ? choices.oneOf(known) : choices.oneOf(integers);
      case "ID":
        return this.id(name, node);
      case "CurrencyCode":
        return choices.oneOf(world.values.currency?.length ? world.values.currency : ["EUR"]);
      case "Decimal":
        return known.length && choices.chance(0.5) ? choices.oneOf(known) : choices.oneOf(decimals);
      case "DateTime":
        return known.length && choices.chance(0.5) ? choices.oneOf(known) : choices.oneOf(instants);
      case "DateTimeOrDuration":
        return known.length && choices.chance(0.5) ? choices.oneOf(known) : choices.oneOf(times);
      default:
        return this.text(known as string[]);
    }
  }

  private text(known: readonly string[]): string {
    if (!known.length || this.choices.chance(0.25)) return this.choices.oneOf(texts);
    const whole = this.choices.oneOf(known);
    return this.choices.chance(0.3) ? [...whole].slice(0, 1 + this.choices.below(4)).join("") : whole;
  }

  private id(name: string, node: string): string {
    const { choices, world } = this;
    if (choices.chance(0.02)) return choices.oneOf(badIds);
    const fitting = world.ids[nodeTypeOf(name) ?? node] ?? [];
    const known = fitting.length ? fitting : (world.ids.Customer ?? []);
    const [first = `cus_${missingUuid}`] = known;
    return choices.chance(0.15) ? first.slice(0, 4) + missingUuid : choices.oneOf(known);
  }
}

function isGroup(name: string): boolean {
  return name === "and" || name === "or" || name === "not";
}

export function plain(json: unknown): Value {
  return { text: JSON.stringify(json), json };
}
