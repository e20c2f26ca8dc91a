import {
  coerceInputValue,
  type GraphQLInputType,
  type GraphQLSchema,
  isInputType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
  type ValueNode,
  valueFromAST,
} from "graphql";

interface Variable {
  name: string;
  type: GraphQLInputType;
  defaultValue: ValueNode | undefined;
}

const known = new WeakMap<OperationDefinitionNode, readonly Variable[]>();

/** The coerced variables of a validated operation as graphql-js makes them; null where it would tell an error. */
export function coerceVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> | null {
  let variables = known.get(operation);
  if (!variables) {
    variables = variablesOf(schema, operation);
    known.set(operation, variables);
  }
  // Without a prototype, as graphql-js makes it: a variable may be called like a method of objects, or `__proto__`.
  const coerced: Record<string, unknown> = Object.create(null);
  let refused = false;
  const refuse = () => {
    refused = true;
  };
  for (const { name, type, defaultValue } of variables) {
    if (!Object.hasOwn(given, name)) {
      if (defaultValue) coerced[name] = valueFromAST(defaultValue, type);
      else if (isNonNullType(type)) return null;
      continue;
    }
    const value = given[name];
    if (value === null && isNonNullType(type)) return null;
    coerced[name] = coerceInputValue(value, type, refuse);
  }
  return refused ? null : coerced;
}

function variablesOf(schema: GraphQLSchema, operation: OperationDefinitionNode): Variable[] {
  return (operation.variableDefinitions ?? []).map(({ variable, type: typeNode, defaultValue }) => {
    const type = typeFromAST(schema, typeNode as never);
    if (!isInputType(type)) throw new Error("a validated operation has variables of input types");
    return { name: variable.name.value, type, defaultValue };
  });
}
