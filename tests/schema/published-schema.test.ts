import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "@jest/globals";
import {
  buildASTSchema,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
  parse,
} from "graphql";
import { publishedSchema } from "../../src/emit-schema.js";
import { publicField, scopes } from "../../src/platform/access/scopes.js";
import { builtSchema } from "../../src/server/build-schema.js";
import { declareAccess } from "../../src/server/declared-access.js";

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await builtSchema();
});

const types = () =>
  Object.values(schema.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
  );

test("schema/api.graphql is what the code serves; `npm run schema:emit` writes it", async () => {
  expect(readFileSync("schema/api.graphql", "utf8")).toBe(await publishedSchema());
});

test("every type, field, argument and enum value is described", () => {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const silent: string[] = [];
  const say = (name: string, description: string | null | undefined) => {
    if (!description?.trim()) silent.push(name);
  };
  for (const type of types()) {
    if (!roots.includes(type as never)) say(type.name, type.description);
    if (isEnumType(type))
      for (const value of type.getValues()) say(`${type.name}.${value.name}`, value.description);
    if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        say(`${type.name}.${field.name}`, field.description);
        if ("args" in field)
          for (const arg of field.args) say(`${type.name}.${field.name}(${arg.name})`, arg.description);
      }
    }
  }
  expect(silent).toEqual([]);
});

const rootsOf = () =>
  [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter(
    (root) => root != null,
  );

/** What the declarations of the code say; the rest of the tests go by it. */
const needOf = ({ extensions: { scope } }: { extensions: Readonly<Record<string, unknown>> }) =>
  scope === publicField
    ? "Open to every caller."
    : (scopes as readonly unknown[]).includes(scope)
      ? `Needs the scope \`${scope}\`.`
      : null;

test("every root field declares the scope it needs, or that every key may use it", () => {
  const undeclared = rootsOf().flatMap((root) =>
    Object.values(root.getFields())
      .filter((field) => needOf(field) === null)
      .map((field) => `${root.name}.${field.name}`),
  );
  expect(undeclared).toEqual([]);
});

test("a schema with a root field that declares nothing is not served", () => {
  const careless = buildASTSchema(parse("type Query { secrets: String }"));
  expect(() => declareAccess(careless)).toThrow("no scope is declared for Query.secrets");
});

test("descriptions of root fields, guarded types and guarded fields end with what they need", () => {
  const wrong: string[] = [];
  let told = 0;
  const look = (name: string, declared: { description?: string | null; extensions: object }) => {
    const need = needOf(declared as never);
    if (need) told++;
    const count = declared.description?.match(/Needs the scope|Open to every caller/g)?.length ?? 0;
    if (need ? count !== 1 || !declared.description?.endsWith(`. ${need}`) : count) wrong.push(name);
  };
  for (const type of types()) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    if (!rootsOf().includes(type as never)) look(type.name, type as never);
    for (const field of Object.values(type.getFields())) look(`${type.name}.${field.name}`, field as never);
  }
  expect(wrong).toEqual([]);
  expect(told).toBeGreaterThan(70);
});

/** Types that hold no customer's data by themselves; what they lead to is guarded on its own. */
const open =
  /^(Query|Mutation|Subscription|PageInfo|ItemError|UserError|Money|\w+(Connection|Edge|Payload|Result))$/;

test("every object type that can hold a customer's data declares a scope", () => {
  const undeclared = types()
    .filter((type) => isObjectType(type) && !open.test(type.name) && !type.extensions.scope)
    .map((type) => type.name);
  expect(undeclared).toEqual([]);
});

/** What an object of a type without a scope of its own may say: where it stands, and what became of an operation. */
const openLeaves: Record<string, RegExp> = {
  Connection: /^totalCount$/,
  Edge: /^cursor$/,
  Result: /^(index|outcome)$/,
  Payload: /^key$/,
  Error: /^(code|field|message)$/,
  PageInfo: /./,
  Money: /./,
};

test("every edge is guarded: what has no scope of its own leads to what has one, and says nothing itself", () => {
  const roots = rootsOf().map((root) => root.name);
  const unguarded: string[] = [];
  for (const type of types()) {
    if (!isObjectType(type) || roots.includes(type.name) || type.extensions.scope) continue;
    const leaves =
      openLeaves[/(Connection|Edge|Result|Payload|Error|PageInfo|Money)$/.exec(type.name)?.[0] ?? ""];
    for (const field of Object.values(type.getFields())) {
      if (field.extensions.scope || isCompositeType(getNamedType(field.type))) continue;
      if (!leaves?.test(field.name)) unguarded.push(`${type.name}.${field.name}`);
    }
  }
  expect(unguarded).toEqual([]);
});

test("what an interface shows is kept back where the rows are read: there is no other way to it than these", () => {
  const unguarded = types()
    .filter((type) => (isInterfaceType(type) || isUnionType(type)) && !type.extensions.scope)
    .map((type) => type.name);
  expect(unguarded.toSorted()).toEqual(["EventSubject", "Node", "TimelineEntry"]);
});
