import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "@jest/globals";
import { type GraphQLSchema, parse, validate, visit } from "graphql";
import { webhookRoots } from "../../../src/cross-domain/webhooks/wanted.js";
import { builtSchema } from "../../../src/server/build-schema.js";

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await builtSchema();
});

test("every live field can shape a webhook, and each of its arguments but the cursor is followed", () => {
  const fields = Object.values(schema.getSubscriptionType()?.getFields() ?? {});
  const offered = fields.map(({ name, args }) => [name, args.map((arg) => arg.name).toSorted()]);
  // A new argument of a live field has to be followed in `webhookRoots` too.
  expect(Object.fromEntries(offered)).toEqual({
    customerChanged: ["after", "id", "types"],
    events: ["after", "types"],
    interactionRecorded: ["after", "where"],
    ticketChanged: ["after", "where"],
  });
  expect(Object.keys(webhookRoots).toSorted()).toEqual(fields.map(({ name }) => name).toSorted());
});

test("what docs/webhooks.md shows is accepted as it stands, and so is the document inside of it", () => {
  const [, example = ""] = /```graphql\n(.*?)```/s.exec(readFileSync("docs/webhooks.md", "utf8")) ?? [];
  const mutation = parse(example);
  const documents = [mutation];
  visit(mutation, {
    ObjectField: ({ name, value }) => {
      if (name.value === "document" && value.kind === "StringValue") documents.push(parse(value.value));
    },
  });
  expect(documents).toHaveLength(2);
  expect(documents.flatMap((document) => validate(schema, document))).toEqual([]);
});
