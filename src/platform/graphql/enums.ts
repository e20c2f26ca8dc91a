import { registerEnumType } from "type-graphql";

/** A GraphQL enum whose values are exactly those of a Postgres enum, each with its description. */
export function graphqlEnum<V extends string>(name: string, description: string, values: Record<V, string>) {
  const names = Object.keys(values) as V[];
  const object = Object.fromEntries(names.map((value) => [value, value])) as { [K in V]: K };
  registerEnumType(object, {
    name,
    description,
    valuesConfig: Object.fromEntries(names.map((value) => [value, { description: values[value] }])) as never,
  });
  return object;
}
