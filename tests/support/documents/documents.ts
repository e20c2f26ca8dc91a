import fc from "fast-check";
import {
  type GraphQLAbstractType,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
  isUnionType,
  type OperationTypeNode,
} from "graphql";
import { publicField } from "../../../src/platform/access/scopes.js";
import { ArgumentWriter } from "./argument-writer.js";
import { Choices, choiceRange } from "./choices.js";
import type { World } from "./world.js";

export interface GeneratedDocument {
  query: string;
  variables: Record<string, unknown>;
}

export interface DocumentOptions {
  schema: GraphQLSchema;
  world: World;
  /** Fields as `Type.field` that only few documents select. */
  rare: ReadonlySet<string>;
  /** Only what these scopes may read; null: everything. */
  scopes: ReadonlySet<string> | null;
  /** What kind of operation; a query where nothing is said. */
  operation?: `${OperationTypeNode}`;
  /** Fields as `Type.field` that no document selects. */
  without?: (type: string, field: GraphQLField<unknown, unknown>) => boolean;
  /** Whether arguments that are objects stand in variables as a whole. */
  wholeVariables?: boolean;
}

/** Decisions of one document: the widest ones take about 300. */
const maxChoices = 600;
/** What two requests are told differently, because the first has changed it. */
const ofTheMoment: ReadonlySet<string> = new Set(["Query.rateLimit"]);

/** Valid queries over the whole schema, and what fills their variables; a few ask for what is refused. */
export function documents(options: DocumentOptions): fc.Arbitrary<GeneratedDocument> {
  const numbers = fc.array(fc.nat(choiceRange - 1), { maxLength: maxChoices, size: "max" });
  return fc.noBias(numbers).map((list) => documentBy(new Choices(list), options));
}

/** The document of these decisions. */
export function documentBy(choices: Choices, options: DocumentOptions): GeneratedDocument {
  return new Writer(options, choices).document();
}

type Composite = GraphQLCompositeType;

/** What one object of the answer selects already: a key may come again only for the same field with the same arguments. */
class Scope {
  readonly fields = new Map<string, { field: string; args: string; inner: Scope | null }>();

  /** Selections that meet on an interface keep to one type: fields of one name may differ in type on others. */
  constructor(readonly concrete: GraphQLObjectType) {}
}

/** Below the server's bounds on aliases, directives and depth. */
const maxAliases = 28;
const maxDirectives = 28;
const maxDepth = 9;
/** Fields of one document. */
const maxFields = 45;
const strangeAliases = ["__proto__", "constructor", "toString", "_", "then", "data"];

class Writer {
  private readonly fragments: { name: string; type: string; text: string; scope: Scope }[] = [];
  private readonly allowsRare: boolean;
  private readonly args: ArgumentWriter;
  private aliases = 0;
  private directives = 0;
  private fields = 0;

  constructor(
    private readonly options: DocumentOptions,
    private readonly choices: Choices,
  ) {
    this.allowsRare = choices.chance(0.12);
    this.args = new ArgumentWriter(choices, options.world, options.wholeVariables);
  }

  document(): GeneratedDocument {
    const { schema, operation = "query" } = this.options;
    const root = schema.getRootType(operation as OperationTypeNode) as GraphQLObjectType;
    const scope = new Scope(root);
    // A subscription has one field.
    const selection = operation === "subscription" ? this.only(root, scope) : this.selection(root, scope, 0);
    const fragments = this.fragments.map(({ name, type, text }) => `\nfragment ${name} on ${type} ${text}`);
    const body = selection + fragments.join("");
    const { definitions, variables } = this.args.usedIn(body);
    return {
      query: `${operation}${definitions.length ? ` Q(${definitions.join(", ")})` : ""} ${body}`,
      variables,
    };
  }

  private only(root: GraphQLObjectType, scope: Scope): string {
    const field = this.field(root, 0);
    return `{ ${(field && this.fieldText(field, scope, 0)) ?? "__typename"} }`;
  }

  /** `type` may be an interface of the object that answers. */
  private selection(type: Composite, scope: Scope, depth: number): string {
    if (depth > 0 && this.choices.chance(0.05)) return "{ __typename }";
    const wanted = 1 + this.choices.below(depth === 0 ? 3 : 5);
    const parts: string[] = [];
    for (let i = 0; i < wanted; i++) {
      const part = this.part(type, scope, depth);
      if (part) parts.push(part);
    }
    return `{ ${parts.length ? parts.join(" ") : "__typename"} }`;
  }

  private part(type: Composite, scope: Scope, depth: number): string | null {
    if (this.choices.chance(0.06)) return `${this.typenameKey()}__typename${this.directive()}`;
    if (depth < maxDepth && (isUnionType(type) || this.choices.chance(0.15)))
      return this.fragment(type, scope, depth);
    const field = this.field(type, depth);
    return field && this.fieldText(field, scope, depth);
  }

  private typenameKey(): string {
    if (this.aliases >= maxAliases || !this.choices.chance(0.4)) return "";
    this.aliases++;
    return `t${this.aliases}: `;
  }

  private field(type: Composite, depth: number): GraphQLField<unknown, unknown> | null {
    if (isUnionType(type)) return null;
    const full = this.fields++ > maxFields;
    const open = Object.values(type.getFields()).filter((field) => {
      const inner = getNamedType(field.type);
      const rare = this.options.rare.has(`${type.name}.${field.name}`);
      if (rare && !this.allowsRare) return false;
      if (ofTheMoment.has(`${type.name}.${field.name}`)) return false;
      if (this.options.without?.(type.name, field)) return false;
      if (!isLeafType(inner) && (full || depth >= maxDepth)) return false;
      return this.mayRead(field) && this.mayRead(inner) && this.mayReadNodes(inner);
    });
    const rare = open.filter((field) => this.options.rare.has(`${type.name}.${field.name}`));
    if (rare.length && this.choices.chance(0.3)) return this.choices.oneOf(rare);
    const composite = open.filter((field) => !isLeafType(getNamedType(field.type)));
    if (composite.length && this.choices.chance(0.55)) return this.choices.oneOf(composite);
    return open.length ? this.choices.oneOf(open) : null;
  }

  private mayRead({ extensions }: { extensions: Readonly<Record<string, unknown>> }): boolean {
    const { scope } = extensions;
    const { scopes } = this.options;
    return !scopes || scope === undefined || scope === publicField || scopes.has(scope as string);
  }

  /** A page is as open as its rows, an interface as one of its types. */
  private mayReadNodes(type: unknown): boolean {
    if (isAbstractType(type)) return this.readableTypes(type).length > 0;
    const nodes = isObjectType(type) ? type.getFields().nodes : undefined;
    return !nodes || (this.mayRead(getNamedType(nodes.type)) && this.mayReadNodes(getNamedType(nodes.type)));
  }

  private fieldText(field: GraphQLField<unknown, unknown>, scope: Scope, depth: number): string | null {
    let key = field.name;
    let known = scope.fields.get(key);
    const clashes =
      known !== undefined && (known.field !== field.name || (known.args !== "" && !known.inner));
    if (clashes || this.choices.chance(0.15)) {
      if (this.aliases >= maxAliases) {
        if (clashes) return null;
      } else {
        this.aliases++;
        key = this.alias();
        known = scope.fields.get(key);
        if (known && known.field !== field.name) return null;
      }
    }
    if (known && !known.inner && this.choices.chance(0.8)) return null;
    const args = known ? known.args : this.args.of(field, depth);
    const inner = getNamedType(field.type);
    const prefix = key === field.name ? "" : `${key}: `;
    if (isLeafType(inner)) {
      scope.fields.set(key, { field: field.name, args, inner: null });
      return `${prefix}${field.name}${args}${this.directive()}`;
    }
    const reused = known ? undefined : this.reusable(inner);
    const innerScope = known?.inner ?? reused?.scope ?? new Scope(this.concreteOf(inner as Composite));
    scope.fields.set(key, { field: field.name, args, inner: innerScope });
    const directive = this.directive();
    const selection = reused
      ? `{ ...${reused.name} }`
      : this.selection(inner as Composite, innerScope, depth + 1);
    return `${prefix}${field.name}${args}${directive} ${selection}`;
  }

  /** A fragment that another object of this type uses already. */
  private reusable(type: unknown) {
    const fitting = this.fragments.filter(({ scope }) => scope.concrete === type);
    return fitting.length && this.choices.chance(0.3) ? this.choices.oneOf(fitting) : undefined;
  }

  private concreteOf(type: Composite): GraphQLObjectType {
    return isAbstractType(type) ? this.choices.oneOf(this.readableTypes(type)) : type;
  }

  private readableTypes(type: GraphQLAbstractType): GraphQLObjectType[] {
    return this.options.schema.getPossibleTypes(type).filter((possible) => this.mayRead(possible));
  }

  private alias(): string {
    if (this.choices.chance(0.1)) return `${"long_".repeat(16)}${this.aliases}`;
    return this.choices.chance(0.1) ? this.choices.oneOf(strangeAliases) : `a${this.aliases}`;
  }

  private fragment(type: Composite, scope: Scope, depth: number): string {
    const { concrete } = scope;
    const isRoot = ["Query", "Mutation", "Subscription"].includes(concrete.name);
    const conditions: (Composite | null)[] = isRoot
      ? [null, concrete]
      : [null, concrete, ...concrete.getInterfaces()];
    const condition = this.choices.oneOf(conditions);
    const inner = condition ?? type;
    if (condition === concrete && !isRoot && this.choices.chance(0.4)) {
      const name = `F${this.fragments.length + 1}_${depth}_${this.fields}`;
      const text = this.selection(inner, scope, depth + 1);
      this.fragments.push({ name, type: concrete.name, text, scope });
      const again = this.choices.chance(0.2) ? ` ...${name}` : "";
      return `...${name}${this.directive()}${again}`;
    }
    const directive = this.directive();
    const on = condition ? ` on ${condition.name}` : "";
    return `...${on}${directive} ${this.selection(inner, scope, depth + 1)}`;
  }

  private directive(): string {
    if (this.directives >= maxDirectives || !this.choices.chance(0.08)) return "";
    this.directives++;
    return this.args.directive();
  }
}
