import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { unannouncedBreaks } from "./schema-changes.js";

const read = (file: string) => readFileSync(file, "utf8");

/** `npm run schema:baseline` takes the schema of a release as the promise for the next one. */
test("nothing that clients were promised is broken, unless the changelog says so under Breaking", async () => {
  const [before, after] = [read("schema/api.baseline.graphql"), read("schema/api.graphql")];
  expect(await unannouncedBreaks(before, after, read("CHANGELOG.md"))).toEqual([]);
});

const before = `
  type Query { ticket(id: ID!): Ticket  tickets(state: State): [Ticket!]! }
  type Ticket { id: ID!  number: String!  note: String }
  enum State { OPEN CLOSED }`;
const changelog = (
  breaking: string,
) => `# Changelog\n\n## 0.2.0\n\n### API\n- \`Ticket.number\` is new.\n${breaking}
## 0.1.0\n\n### Breaking\n- \`Ticket.note\` went.\n`;

test.each([
  ["a field that goes", ["note: String", ""], "Ticket.note"],
  ["a field that may become null", ["number: String!", "number: String"], "Ticket.number"],
  ["an argument that becomes required", ["state: State)", "state: State!)"], "Query.tickets.state"],
  ["a value that goes", [" CLOSED", ""], "State.CLOSED"],
])("%s breaks clients: refused until it is announced", async (_name, [old, now], path) => {
  const after = before.replace(old as string, now as string);
  const breaks = await unannouncedBreaks(before, after, changelog(""));
  expect(breaks).toEqual([expect.stringContaining(`${path}: `)]);
  expect(await unannouncedBreaks(before, after, changelog(`\n### Breaking\n- \`${path}\`: why.\n`))).toEqual(
    [],
  );
});

test("what only adds or deprecates passes by itself", async () => {
  const after = before
    .replace("note: String", 'note: String @deprecated(reason: "Use events.")  title: String')
    .replace("CLOSED", "CLOSED ON_HOLD");
  expect(await unannouncedBreaks(before, after, changelog(""))).toEqual([]);
});
