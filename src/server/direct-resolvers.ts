import { type GraphQLFieldResolver, type GraphQLSchema, isObjectType } from "graphql";
import { getMetadataStorage } from "type-graphql";

type Storage = ReturnType<typeof getMetadataStorage>;
type Handler = Storage["queries"][number] | Storage["fieldResolvers"][number];
type Parameter = NonNullable<Handler["params"]>[number];
type Resolve = GraphQLFieldResolver<unknown, unknown, Record<string, unknown>>;
type Read = (...given: Parameters<Resolve>) => unknown;

/**
 * Lets the resolvers of queries be called as they stand. type-graphql's wrapper sorts their parameters and copies their
 * arguments into instances of the input classes at every call, for every row; nothing of ours asks for an instance. Those
 * with a middleware, or a parameter of another kind, keep the wrapper. Mutations and subscriptions keep it too.
 */
export function callDirectly(schema: GraphQLSchema): void {
  const { queries, fieldResolvers, objectTypes } = getMetadataStorage();
  const instances = new Map<unknown, object>();
  const replace = (typeName: string | undefined, handler: Handler) => {
    const type = typeName && schema.getType(typeName);
    const field = isObjectType(type) ? type.getFields()[handler.schemaName] : undefined;
    const readers = readersOf(handler);
    if (!field?.resolve || !readers) return;
    const { target } = handler;
    const instance = instances.get(target) ?? new (target as new () => object)();
    instances.set(target, instance);
    field.resolve = direct(instance, handler.methodName, readers);
  };
  const nameOf = new Map(objectTypes.map(({ target, name }) => [target, name]));
  for (const handler of queries) replace(schema.getQueryType()?.name, handler);
  for (const handler of fieldResolvers)
    if (handler.kind === "external" && handler.getObjectType)
      replace(nameOf.get(handler.getObjectType()), handler);
}

function direct(instance: object, methodName: string, readers: readonly Read[]): Resolve {
  const method = (instance as Record<string, (...given: unknown[]) => unknown>)[methodName];
  if (!method) throw new Error(`there is no resolver ${methodName}`);
  return (root, args, context, info) => {
    const given = new Array<unknown>(readers.length);
    for (let i = 0; i < readers.length; i++) given[i] = readers[i]?.(root, args, context, info);
    return method.apply(instance, given);
  };
}

/** How each parameter is found, in their order; null where only type-graphql knows. */
function readersOf({ params = [], middlewares = [], roles }: Handler): readonly Read[] | null {
  if (middlewares.length > 0 || roles) return null;
  const inOrder = params.toSorted((a, b) => a.index - b.index);
  const readers = inOrder.map(readerOf);
  return readers.every((read, i) => read && inOrder[i]?.index === i) ? (readers as Read[]) : null;
}

function readerOf(parameter: Parameter): Read | null {
  switch (parameter.kind) {
    case "root":
      return parameter.getType || parameter.propertyName ? null : (root) => root;
    case "context":
      return parameter.propertyName ? null : (_, __, context) => context;
    case "info":
      return (_, __, ___, info) => info;
    case "args":
      return (_, args) => args;
    case "arg": {
      const { name } = parameter;
      return (_, args) => args[name];
    }
    default:
      return null;
  }
}
