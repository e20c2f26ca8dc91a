import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "@jest/globals";
import {
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
} from "graphql";
import { publishedSchema } from "../../src/emit-schema.js";
import { publicField, scopes } from "../../src/platform/access/scopes.js";
import { builtSchema } from "../../src/server/build-schema.js";

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

test("every root field declares the scope it needs, or that every key may use it", () => {
  const undeclared: string[] = [];
  for (const root of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]) {
    for (const field of Object.values(root?.getFields() ?? {})) {
      const { scope } = field.extensions;
      if (scope !== publicField && !(scopes as readonly unknown[]).includes(scope))
        undeclared.push(`${root?.name}.${field.name}`);
    }
  }
  expect(undeclared).toEqual([]);
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

test("no scalar field of an open type leads past the guarded types", () => {
  for (const type of types()) {
    if (!isObjectType(type) || !/(Connection|Edge)$/.test(type.name)) continue;
    for (const field of Object.values(type.getFields())) {
      const leaf = isScalarType(getNamedType(field.type));
      expect(leaf ? ["cursor", "totalCount"] : ["node", "nodes", "edges", "pageInfo"]).toContain(field.name);
    }
  }
});
