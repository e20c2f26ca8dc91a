import {
  type FieldNode,
  type GraphQLField,
  getArgumentValues,
  isNonNullType,
  Kind,
  type ValueNode,
} from "graphql";

export type ReadArguments = (variables: Readonly<Record<string, unknown>>) => Record<string, unknown>;

/**
 * Reads the arguments of one field as graphql-js does, with what the document says of them worked out once. Throws what
 * graphql-js throws.
 */
export function argumentsReader(field: GraphQLField<unknown, unknown>, node: FieldNode): ReadArguments {
  const given = new Map((node.arguments ?? []).map((argument) => [argument.name.value, argument.value]));
  const byVariable = field.args.map((argument) => {
    const value = given.get(argument.name);
    return { argument, variable: value?.kind === Kind.VARIABLE ? value.name.value : null, absent: !value };
  });
  // Literals, and variables inside of them, are left to graphql-js.
  if (byVariable.some(({ variable, absent }) => variable === null && !absent))
    return (variables) => getArgumentValues(field, node, variables);
  return (variables) => {
    const values: Record<string, unknown> = {};
    for (const { argument, variable } of byVariable) {
      if (variable !== null && Object.hasOwn(variables, variable)) {
        const value = variables[variable];
        if (value == null && isNonNullType(argument.type)) return getArgumentValues(field, node, variables);
        values[argument.name] = value;
      } else if (argument.defaultValue !== undefined) values[argument.name] = argument.defaultValue;
      else if (isNonNullType(argument.type)) return getArgumentValues(field, node, variables);
    }
    return values;
  };
}

/** Whether arguments mean the same in every request. Texts may not: a duration is counted from now. */
export function isFixed({ arguments: given = [] }: FieldNode): boolean {
  return given.every(({ value }) => isFixedValue(value));
}

function isFixedValue(value: ValueNode): boolean {
  if (value.kind === Kind.LIST) return value.values.every(isFixedValue);
  if (value.kind === Kind.OBJECT) return value.fields.every((field) => isFixedValue(field.value));
  return value.kind !== Kind.VARIABLE && value.kind !== Kind.STRING;
}
