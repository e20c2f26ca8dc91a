import {
  type DocumentNode,
  extendSchema,
  type GraphQLObjectType,
  type GraphQLSchema,
  type GraphQLUnionType,
  graphql,
  isInterfaceType,
  type ObjectTypeDefinitionNode,
  parse,
  print,
  printSchema,
  visit,
} from "graphql";
import type { RequestContext } from "../context.js";
import { readReferences } from "../cross-domain/nodes/references.js";
import type { UnderPurpose } from "../platform/access/purpose.js";
import { publicField } from "../platform/access/scopes.js";
import { typeNameOf } from "../platform/graphql/node.js";

/**
 * The schema as a subgraph of an Apollo Federation v2 supergraph: every node is an entity by its id, a customer also by an
 * identity. What a gateway asks goes the way of every other query: the same checks, loaders and errors.
 */
export async function asSubgraph(schema: GraphQLSchema): Promise<GraphQLSchema> {
  const entities = entitiesOf(schema);
  const sdl = await subgraphSdl(schema, entities);
  const extended = extendSchema(schema, machinery(entities));
  extended.extensions = schema.extensions;
  const { _service, _entities } = (extended.getQueryType() as GraphQLObjectType).getFields();
  const { identities, identity } = (extended.getType("Customer") as GraphQLObjectType).getFields();
  const all = identities?.resolve;
  if (!_service || !_entities || !identity || !all) throw new Error("the schema was not extended");
  _service.extensions = { scope: publicField, underPurpose: "open" satisfies UnderPurpose };
  _service.resolve = () => ({ sdl });
  _entities.extensions = { scope: publicField, underPurpose: "consenting" satisfies UnderPurpose };
  _entities.resolve = (_, { representations }, context: RequestContext) =>
    readReferences(context, representations);
  identity.resolve = async (...given) => ((await all(...given)) as unknown[])[0] ?? null;
  (extended.getType("_Entity") as GraphQLUnionType).resolveType = (row) => typeNameOf(row as { id: string });
  return extended;
}

function entitiesOf(schema: GraphQLSchema): string[] {
  const node = schema.getType("Node");
  if (!isInterfaceType(node)) throw new Error("there is no Node");
  return schema.getPossibleTypes(node).map(({ name }) => name);
}

const identityField = `extend type Customer {
  """The first of \`identities\`: what names the customer to other services; null for who has none."""
  identity: Identity
}`;

function machinery(entities: readonly string[]): DocumentNode {
  return parse(`${identityField}
    """What another service knows of an entity: its __typename and the fields of one key."""
    scalar _Any
    """Everything that other services can refer to."""
    union _Entity = ${entities.join(" | ")}
    """This service, for whoever composes it with others."""
    type _Service {
      """The schema with its keys."""
      sdl: String!
    }
    extend type Query {
      """The entities that a gateway refers to; null in the place of one that is not there."""
      _entities(
        """What the gateway knows of them."""
        representations: [_Any!]!
      ): [_Entity]!
      """The schema of this service."""
      _service: _Service!
    }`);
}

/** The schema in the words of Federation, checked by its own library. */
async function subgraphSdl(schema: GraphQLSchema, entities: readonly string[]): Promise<string> {
  // Only where it is asked for: the library takes a tenth of a second to load.
  const { buildSubgraphSchema } = await import("@apollo/subgraph");
  const directives = new Map(entities.map((name) => [name, '@key(fields: "id")']));
  directives.set("Customer", '@key(fields: "id") @key(fields: "identity { kind value }")');
  directives.set("PageInfo", "@shareable");
  const typeDefs = parse(`${withDirectives(schema, directives)}
    ${identityField}
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])`);
  const { data, errors } = await graphql({
    schema: buildSubgraphSchema(typeDefs),
    source: "{ _service { sdl } }",
  });
  if (errors?.[0]) throw errors[0];
  return (data as { _service: { sdl: string } })._service.sdl;
}

/** The schema as text, with directives on the definitions of some types. */
function withDirectives(schema: GraphQLSchema, directives: ReadonlyMap<string, string>): string {
  return print(
    visit(parse(printSchema(schema)), {
      ObjectTypeDefinition(type) {
        const [example] = parse(`type T ${directives.get(type.name.value) ?? ""}`).definitions;
        return { ...type, directives: (example as ObjectTypeDefinitionNode).directives };
      },
    }),
  );
}
