import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  isNonNullType,
} from "graphql";
import type { Choices } from "./choices.js";
import { InputValues, plain, type Value } from "./input-values.js";
import type { World } from "./world.js";

const badCursors = ["", "x", "bnVsbA", "W10", "WyJpZC0iLDFd", "WyJpZC0iLG51bGxd", "😀", "a".repeat(9_000)];
/** Pages inside others are small: what a document may answer is bounded. */
const rootSizes = [2, 1, 3, 5, 10, 100];
const nestedSizes = [2, 1, 3, 5];
/** How often an argument is what the API refuses. */
const refusedShare = 0.008;

/** What objects have of themselves. */
const strangeNames = ["constructor", "__proto__", "toString"];

/** Writes the arguments of fields, and declares the variables that they use. */
export class ArgumentWriter {
  private readonly definitions: string[] = [];
  private readonly isStrange: boolean;
  private readonly variables: Record<string, unknown> = Object.create(null);
  private readonly values: InputValues;

  constructor(
    private readonly choices: Choices,
    private readonly world: World,
    /** Whether an argument that is an object stands in a variable as a whole. */
    private readonly wholeVariables = false,
  ) {
    this.isStrange = choices.chance(0.2);
    this.values = new InputValues(choices, world, (type, value) =>
      wholeVariables ? value.text : this.variable(type, value),
    );
  }

  /** The variables that a text uses, declared and filled; values that were written over leave unused ones behind. */
  usedIn(text: string): { definitions: string[]; variables: Record<string, unknown> } {
    const isUsed = (name: string) => new RegExp(`\\$${name}\\b`).test(text);
    const used = Object.entries(this.variables).filter(([name]) => isUsed(name));
    const definitions = this.definitions.filter((_, i) => isUsed(this.nameOf(i)));
    return { definitions, variables: Object.fromEntries(used) };
  }

  /** The arguments of a field with their brackets; empty where none is given. */
  of(field: GraphQLField<unknown, unknown>, depth: number): string {
    const args = field.args.some(({ name }) => name === "before")
      ? this.ofPage(field, depth)
      : field.name === "customerByIdentity" && this.world.identities.length
        ? this.identity(field)
        : field.args.flatMap((arg) => this.plainArgument(field, arg));
    return args.length ? `(${args.join(", ")})` : "";
  }

  directive(): string {
    const name = this.choices.chance(0.5) ? "skip" : "include";
    const keeps = !this.choices.chance(0.3);
    const condition = name === "skip" ? !keeps : keeps;
    if (this.choices.chance(0.5)) return ` @${name}(if: ${condition})`;
    const variable = this.name();
    if (this.choices.chance(0.1)) {
      this.definitions.push(`$${variable}: Boolean = ${condition}`);
      if (this.choices.chance(0.3)) this.variables[variable] = null;
    } else if (this.choices.chance(0.3)) {
      this.definitions.push(`$${variable}: Boolean! = ${condition}`);
    } else {
      this.definitions.push(`$${variable}: Boolean!`);
      this.variables[variable] = condition;
    }
    return ` @${name}(if: $${variable})`;
  }

  private plainArgument(field: GraphQLField<unknown, unknown>, arg: GraphQLArgument): string[] {
    const { choices, world } = this;
    if (!isNonNullType(arg.type) && choices.chance(0.4)) return [];
    const about = field.name.startsWith("node") ? choices.oneOf(Object.keys(world.ids)) : "Customer";
    const node = field.name === "topCustomers" || field.name === "purchaseSummary" ? "Purchase" : about;
    if (arg.name === "first") return [`first: ${this.given(arg.type, plain(choices.oneOf(rootSizes)))}`];
    return [`${arg.name}: ${this.given(arg.type, this.values.value(arg.type, arg.name, node))}`];
  }

  /** An identity that somebody holds; now and then one whose kind and value do not belong together. */
  private identity(field: GraphQLField<unknown, unknown>): string[] {
    const { kind, value } = this.choices.oneOf(this.world.identities);
    const other = this.choices.chance(0.1) ? this.choices.oneOf(this.world.identities).kind : kind;
    return field.args.map((arg) => {
      const known: Value = arg.name === "kind" ? { text: other, json: other } : plain(value);
      return `${arg.name}: ${this.given(arg.type, known)}`;
    });
  }

  private ofPage(field: GraphQLField<unknown, unknown>, depth: number): string[] {
    const { choices } = this;
    const connection = getNamedType(field.type).name;
    const args = new Map<string, string>();
    const give = (name: string, value: Value) => {
      const arg = field.args.find((candidate) => candidate.name === name);
      if (arg) args.set(name, this.given(arg.type, value));
    };
    const places = this.world.cursors[connection] ?? [];
    const place = places.length && choices.chance(0.35) ? choices.oneOf(places) : null;
    const backward = choices.chance(0.35);
    if (depth > 0 || backward || choices.chance(0.9))
      give(backward ? "last" : "first", plain(choices.oneOf(depth === 0 ? rootSizes : nestedSizes)));
    if (place) {
      if (place.sort) args.set("sort", place.sort);
      give(backward ? "before" : "after", plain(choices.oneOf(place.cursors)));
      if (choices.chance(0.2)) give(backward ? "after" : "before", plain(choices.oneOf(place.cursors)));
    } else if (choices.chance(0.35)) this.give(field, "sort", connection, args);
    if (choices.chance(0.4)) this.give(field, "where", connection, args);
    this.spoil(give, connection);
    return [...args].map(([name, text]) => `${name}: ${text}`);
  }

  private give(
    field: GraphQLField<unknown, unknown>,
    name: string,
    connection: string,
    args: Map<string, string>,
  ) {
    const arg = field.args.find((candidate) => candidate.name === name);
    if (!arg) return;
    const value = this.values.value(arg.type, name, connection.replace("Connection", ""));
    args.set(name, this.given(arg.type, value));
  }

  /** What lists refuse, now and then. */
  private spoil(give: (name: string, value: Value) => void, connection: string): void {
    const { choices } = this;
    if (choices.chance(refusedShare)) give("first", plain(choices.oneOf([0, 101, -1])));
    if (choices.chance(refusedShare)) give("last", plain(choices.oneOf([1, 0, 101])));
    if (choices.chance(refusedShare)) give("after", plain(choices.oneOf(badCursors)));
    const foreign = (this.world.cursors[connection] ?? []).flatMap(({ cursors }) => cursors.slice(0, 2));
    if (foreign.length && choices.chance(refusedShare)) give("before", plain(choices.oneOf(foreign)));
    for (const name of ["first", "after", "last", "before", "sort", "where"])
      if (choices.chance(0.01)) give(name, plain(null));
  }

  /** A value in its place: as it is, or as a variable. */
  private given(type: GraphQLInputType, value: Value): string {
    const usesVariables = this.usesVariables(value.text);
    const isWhole = this.wholeVariables && value.text.startsWith("{");
    if (isWhole || (!usesVariables && this.choices.chance(0.3))) return this.variable(type, value);
    return value.text;
  }

  private variable(type: GraphQLInputType, value: Value): string {
    const { choices } = this;
    if (this.usesVariables(value.text)) return value.text;
    const name = this.name();
    const nullable = isNonNullType(type) ? String(type.ofType) : String(type);
    if (isNonNullType(type) && !choices.chance(0.2)) {
      this.definitions.push(`$${name}: ${type}`);
      this.variables[name] = value.json;
      return `$${name}`;
    }
    if (choices.chance(0.3) || isNonNullType(type)) {
      const text = value.json === null ? (isNonNullType(type) ? null : "null") : value.text;
      this.definitions.push(text === null ? `$${name}: ${type}` : `$${name}: ${nullable} = ${text}`);
      if (choices.chance(0.2)) this.variables[name] = value.json;
      else if (choices.chance(0.05)) this.variables[name] = null;
      return `$${name}`;
    }
    this.definitions.push(`$${name}: ${nullable}`);
    if (!choices.chance(0.1)) this.variables[name] = choices.chance(0.05) ? null : value.json;
    return `$${name}`;
  }

  private usesVariables(text: string): boolean {
    return this.definitions.some((_, i) => text.includes(`$${this.nameOf(i)}`));
  }

  private name(): string {
    return this.nameOf(this.definitions.length);
  }

  private nameOf(index: number): string {
    return (this.isStrange && strangeNames[index]) || `v${index + 1}`;
  }
}
