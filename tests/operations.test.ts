import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, expect, test } from "@jest/globals";
import { type GraphQLSchema, parse, validate } from "graphql";
import { builtSchema } from "../src/server/build-schema.js";
import { starter } from "../src/server/starter.js";

/** Documents that front-end teams, integrators and partners run: the schema keeps accepting them as they stand. */
const folder = "tests/operations";

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await builtSchema();
});

test.each(readdirSync(folder))("the schema accepts %s as it stands", (file) => {
  const document = parse(readFileSync(`${folder}/${file}`, "utf8"));
  expect(validate(schema, document).map((error) => error.message)).toEqual([]);
});

test("what GraphiQL shows first is a document that the schema accepts", () => {
  expect(validate(schema, parse(starter)).map((error) => error.message)).toEqual([]);
});
