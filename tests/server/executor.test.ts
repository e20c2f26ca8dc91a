import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  buildSchema,
  type ExecutionArgs,
  execute,
  type GraphQLScalarType,
  getOperationAST,
  OverlappingFieldsCanBeMergedRule,
  PossibleFragmentSpreadsRule,
  parse,
  validate,
} from "graphql";
import { executePlanned, plannedAnswer } from "../../src/server/executor/execute.js";

/** A schema with every sort of type and every way in which a resolver can go wrong. */
const schema = buildSchema(`
  scalar Odd
  enum Colour { RED BLUE }
  interface Named { name: String }
  type Person implements Named { ${fieldsOf("Person")} }
  type Firm implements Named { ${fieldsOf("Firm")} turnover: Float }
  union Party = Person | Firm
  input Where { text: String, not: Where, in: [Int!] }
  type Query { ${fieldsOf("Query")} }
`);

function fieldsOf(self: string): string {
  return `
    name: String later: String! id: ID int: Int sure: Int! flag: Boolean colour: Colour odd: Odd
    broken: String rejected: String brokenSure: String! none: String missing: String! errorValue: String
    badInt: Int badColour: Colour badOdd: Odd badList: [String]
    texts: [String!] holes: [String] holesSure: [String!] promises: [Int]
    echo(a: Int = 3, b: String, where: Where, odd: Odd): String
    self: ${self} selfSure: ${self}! selves: [${self}!]! selvesLater: [${self}]
    named: Named party: Party parties: [Party] stranger: Named
    path: String`;
}

const refuse = (): never => {
  throw new Error("refused");
};
/** Sources: each value or resolver of the fields above, whatever the type. */
const source: Record<string, unknown> = {
  __typename: "Person",
  name: 'Zoë "q" \u2028',
  later: async () => "later",
  id: 17,
  int: 4,
  sure: () => 5,
  flag: false,
  colour: "RED",
  odd: 3,
  broken: refuse,
  rejected: () => Promise.reject(new Error("rejected")),
  brokenSure: refuse,
  none: null,
  missing: null,
  errorValue: new Error("as a value"),
  badInt: 1.5,
  badColour: "GREEN",
  badOdd: 2,
  badList: "no list",
  texts: ["a", "b"],
  holes: ["a", null],
  holesSure: ["a", null],
  promises: () => [1, Promise.resolve(2), Promise.reject(new Error("in a list"))],
  echo: (args: object) => JSON.stringify(args),
  turnover: 1.5,
  path: (_: unknown, __: unknown, info: { path: { key: string } }) => info.path.key,
  stranger: { __typename: "Stranger" },
};
source.self = () => source;
source.selfSure = async () => source;
source.selves = [source, source];
source.selvesLater = async () => [source, null, source];
source.named = source;
source.party = () => ({ ...source, __typename: "Firm" });
source.parties = [source, { ...source, __typename: "Firm" }, null];

Object.assign(schema.getType("Odd") as GraphQLScalarType, {
  serialize: (value: unknown) => (Number(value) % 2 ? value : refuse()),
  parseValue: (value: unknown) => (Number(value) % 2 ? value : refuse()),
});

for (const name of ["Named", "Party"])
  Object.assign(schema.getType(name) as object, {
    resolveType: (value: { __typename: string }) => value.__typename,
  });

const safe = ["name", "later", "id", "int", "sure", "flag", "colour", "odd", "none", "texts", "holes"];
const faulty = [
  ...[
    "broken",
    "rejected",
    "brokenSure",
    "missing",
    "errorValue",
    "badInt",
    "badColour",
    "badOdd",
    "badList",
  ],
  ...["holesSure", "promises", "path"],
];
const argumentsOfEcho = [
  "",
  "(a: 1)",
  '(b: "x")',
  "(a: $n)",
  "(b: $text)",
  '(where: { not: { text: "y", in: [1, 2] } })',
  "(where: { in: $list })",
  "(odd: 3)",
  "(odd: $odd)",
];

function documentOf(leaves: readonly string[]): fc.Arbitrary<string> {
  const condition = fc.constantFrom(
    "",
    "",
    "",
    " @skip(if: $yes)",
    " @include(if: $yes)",
    " @include(if: $no)",
  );
  const alias = fc.constantFrom("", "", "x: ", "y: ", "__proto__: ");
  const { selection } = fc.letrec<{ selection: string; field: string }>((tie) => ({
    selection: fc
      .array(tie("field"), { minLength: 1, maxLength: 5 })
      .map((fields) => `{ ${fields.join(" ")} }`),
    field: fc.oneof(
      { maxDepth: 3, depthIdentifier: "fields" },
      fc.tuple(alias, fc.constantFrom("__typename", ...leaves), condition).map((parts) => parts.join("")),
      fc.tuple(alias, fc.constantFrom(...argumentsOfEcho)).map(([name, given]) => `${name}echo${given}`),
      fc
        .tuple(
          alias,
          fc.constantFrom("self", "selfSure", "selves", "selvesLater"),
          condition,
          tie("selection"),
        )
        .map(([name, field, when, inner]) => `${name}${field}${when} ${inner}`),
      fc.constantFrom("named { name __typename }", "...F", "... @skip(if: $yes) { id int }"),
      fc
        .tuple(fc.constantFrom("party", "parties"), tie("selection"))
        .map(([field, inner]) => `${field} { __typename ... on Person ${inner} ... on Firm { turnover } }`),
    ),
  }));
  return selection.map(
    (body) =>
      `query ($n: Int, $text: String = "t", $list: [Int!], $odd: Odd, $yes: Boolean!, $no: Boolean = true) ${body}
       fragment F on Query { int self { name } }`,
  );
}

const variables = fc.record(
  {
    n: fc.constantFrom(1, null, "no number", 1.5),
    text: fc.constantFrom("s", null, 4),
    list: fc.constantFrom([1], 2, [null], []),
    odd: fc.constantFrom(1, 2),
    yes: fc.constantFrom(true, false, null),
    no: fc.boolean(),
  },
  { requiredKeys: ["yes"] },
);

function argsOf(document: string, variableValues: Record<string, unknown> = {}): ExecutionArgs {
  return { schema, document: parse(document), variableValues, rootValue: source, contextValue: {} };
}

/** The generated documents are well typed; whether their fields can be merged is a matter of chance. */
function isValid(document: string): boolean {
  return (
    validate(schema, parse(document), [OverlappingFieldsCanBeMergedRule, PossibleFragmentSpreadsRule])
      .length === 0
  );
}

async function expectSame(args: ExecutionArgs): Promise<void> {
  const [planned, plain] = [await executePlanned(args), await execute(args)];
  expect(JSON.stringify(planned)).toBe(JSON.stringify(plain));
}

async function isPlanned({ document, variableValues, rootValue }: ExecutionArgs): Promise<boolean> {
  const operation = getOperationAST(document);
  if (!operation) return false;
  return (
    (await plannedAnswer({
      schema,
      document,
      operation,
      variables: variableValues,
      context: {},
      rootValue,
    })) !== null
  );
}

test("any document is answered byte for byte as graphql-js answers it, errors included", async () => {
  await fc.assert(
    fc.asyncProperty(documentOf([...safe, ...faulty]), variables, async (document, values) => {
      fc.pre(isValid(document));
      await expectSame(argsOf(document, values));
    }),
    { numRuns: 400 },
  );
});

test("documents without errors too, and again when they are known", async () => {
  await fc.assert(
    fc.asyncProperty(documentOf(safe), fc.boolean(), fc.boolean(), async (document, yes, no) => {
      fc.pre(isValid(document));
      const args = argsOf(document, { yes, no, n: 1, odd: 1, list: [1] });
      await expectSame(args);
      await expectSame({ ...args, variableValues: { yes: !yes, no, n: 2, odd: 3, list: [2] } });
      if (!document.includes("__proto__")) expect(await isPlanned(args)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test.each(faulty)("%s is told as graphql-js tells it", async (field) => {
  await expectSame(argsOf(`{ name ${field} self { ${field} } selves { selfSure { ${field} } } }`));
  expect(await isPlanned(argsOf(`{ ${field} }`))).toBe(false);
});

test.each(["stranger { name }", "named { ... on Firm { turnover } }", "party { ... on Person { missing } }"])(
  "%s is answered as graphql-js answers it",
  (field) => expectSame(argsOf(`{ name ${field} }`)),
);

test("a text among the arguments is read anew in each request: a duration is counted from now", async () => {
  let reads = 0;
  const own = buildSchema("scalar Since type Query { since(at: Since): Int }");
  Object.assign(own.getType("Since") as GraphQLScalarType, { parseLiteral: () => ++reads });
  const document = parse('{ since(at: "-P1D") }');
  const rootValue = { since: ({ at }: { at: number }) => at };
  for (const since of [1, 2])
    expect(await executePlanned({ schema: own, document, rootValue })).toEqual({ data: { since } });
});

test("a list of promises that breaks at one leaves none of the others unhandled", async () => {
  const broken: unknown[] = [];
  const note = (error: unknown) => broken.push(error);
  process.on("unhandledRejection", note);
  const own = buildSchema("type Query { all: [Int] late: [Int] sure: Int! }");
  const list = () => [new Error("first"), Promise.reject(new Error("second"))];
  const late = async () => {
    await null;
    return list();
  };
  for (const rootValue of [
    { all: list, late: () => null, sure: () => 1 },
    { all: () => null, late, sure: () => 1 },
    { all: () => null, late, sure: async () => null },
  ]) {
    const document = parse("{ sure all late }");
    const args = { schema: own, document, rootValue };
    expect(await executePlanned(args)).toEqual(await execute(args));
  }
  // Node tells of unhandled rejections before it turns to the next phase of its loop.
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(broken).toEqual([]);
});

test("fragments that multiply are not planned beyond a bound", async () => {
  const levels = Array.from(
    { length: 12 },
    (_, i) => `fragment F${i} on Query { a: self { ...F${i + 1} } b: self { ...F${i + 1} } }`,
  );
  const args = argsOf(`{ ...F0 } ${levels.join(" ")} fragment F12 on Query { name }`);
  expect(await isPlanned(args)).toBe(false);
  await expectSame(args);
});
