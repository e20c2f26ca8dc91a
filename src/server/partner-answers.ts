import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLFormattedError,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isInputType,
  Kind,
  type OperationDefinitionNode,
  TypeInfo,
  typeFromAST,
  type ValueNode,
  visit,
  visitWithTypeInfo,
} from "graphql";
import type { Pseudonyms } from "../platform/access/pseudonyms.js";
import { ApiError } from "../platform/errors.js";
import { findLeaves } from "./answer-walk.js";
import { plannedAnswer } from "./executor/execute.js";

interface Asked {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>>;
  context: unknown;
}

/**
 * Answers a partner's query by the resolvers: pseudonyms are opened in the document and its variables before it runs, and ids
 * and cursors are sealed in the answer after it. Throws BAD_CURSOR.
 */
export async function answerPartner(asked: Asked, pseudonyms: Pseudonyms): Promise<ExecutionResult> {
  const { schema, context } = asked;
  const { document, variables } = opened(asked, pseudonyms);
  const name = asked.operation.name?.value;
  const operation = document.definitions.find(
    (one): one is OperationDefinitionNode =>
      one.kind === Kind.OPERATION_DEFINITION && one.name?.value === name,
  );
  if (!operation) throw new Error("the operation went away");
  const answer = await plannedAnswer({ schema, document, operation, variables, context });
  const result: ExecutionResult = answer
    ? { data: answer.data }
    : await execute({
        schema,
        document,
        operationName: name ?? null,
        variableValues: variables,
        contextValue: context,
      });
  sealAnswer({ ...asked, document, operation, variables }, result.data, pseudonyms);
  return result;
}

const anyId = /\b[a-z]+_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi;

/** An error as a partner is told it: whatever was read or opened, ids in its words are the partner's own. */
export function sealedError(shown: GraphQLFormattedError, { seal }: Pseudonyms): GraphQLFormattedError {
  return JSON.parse(JSON.stringify(shown).replace(anyId, (id) => seal(id.toLowerCase())));
}

type Seal = keyof Pick<Pseudonyms, "seal" | "sealText">;

function sealAnswer(answered: Asked, data: unknown, pseudonyms: Pseudonyms): void {
  findLeaves<Seal>(
    answered,
    data,
    ({ name: typeName }, { name, type }) => {
      if (getNamedType(type).name === "ID") return "seal";
      const isCursor =
        typeName === "PageInfo" ? name.endsWith("Cursor") : typeName.endsWith("Edge") && name === "cursor";
      return isCursor ? "sealText" : null;
    },
    ({ mark, holder, key }) => {
      const value = holder[key];
      if (Array.isArray(value)) holder[key] = value.map((one) => pseudonyms[mark](String(one)));
      else if (value !== null) holder[key] = pseudonyms[mark](String(value));
    },
  );
}

const cursorArguments: ReadonlySet<string> = new Set(["after", "before"]);

/** The document and the variables with ids and cursors as the database knows them. */
function opened({ schema, document, operation, variables }: Asked, pseudonyms: Pseudonyms) {
  const types = new TypeInfo(schema);
  const cursors = new Set<string>();
  const isId = () => getNamedType(types.getInputType())?.name === "ID";
  const openCursor = (value: ValueNode): ValueNode => {
    if (value.kind === Kind.VARIABLE) cursors.add(value.name.value);
    return value.kind === Kind.STRING ? { ...value, value: cursorOf(value.value, pseudonyms) } : value;
  };
  const withLiterals: DocumentNode = visit(
    document,
    visitWithTypeInfo(types, {
      Argument(node) {
        if (!cursorArguments.has(node.name.value)) return undefined;
        const value = openCursor(node.value);
        return value === node.value ? undefined : { ...node, value };
      },
      StringValue: (node) => (isId() ? { ...node, value: pseudonyms.open(node.value) } : undefined),
    }),
  );
  // A variable's default is known to be a cursor only when its use has been seen.
  const rewritten: DocumentNode = visit(withLiterals, {
    VariableDefinition(node) {
      const { defaultValue } = node;
      if (!defaultValue || defaultValue.kind !== Kind.STRING || !cursors.has(node.variable.name.value))
        return undefined;
      return { ...node, defaultValue: { ...defaultValue, value: cursorOf(defaultValue.value, pseudonyms) } };
    },
  });
  const own: Record<string, unknown> = { ...variables };
  for (const { variable, type: node } of operation.variableDefinitions ?? []) {
    const name = variable.name.value;
    const type = typeFromAST(schema, node as never);
    if (cursors.has(name) && typeof own[name] === "string") own[name] = cursorOf(own[name], pseudonyms);
    else if (isInputType(type)) own[name] = openedValue(type, own[name], pseudonyms);
    if (own[name] === undefined) delete own[name];
  }
  return { document: rewritten, variables: own };
}

function openedValue(of: GraphQLInputType, value: unknown, pseudonyms: Pseudonyms): unknown {
  if (Array.isArray(value)) return value.map((one) => openedValue(of, one, pseudonyms));
  const type = getNamedType(of);
  if (type.name === "ID") return typeof value === "string" ? pseudonyms.open(value) : value;
  if (!isInputObjectType(type) || typeof value !== "object" || value === null) return value;
  const fields = type.getFields();
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      return [name, field ? openedValue(field.type, inner, pseudonyms) : inner];
    }),
  );
}

function cursorOf(sealed: string, pseudonyms: Pseudonyms): string {
  const cursor = pseudonyms.openText(sealed);
  if (cursor === null)
    throw new ApiError("BAD_CURSOR", "This cursor was not made by this list in this order.");
  return cursor;
}
