import {
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isObjectType,
} from "graphql";
import type { TestApp } from "../app.js";

/** What there is to ask for: ids, cursors and values of the data, as answers of the resolvers gave them. */
export interface World {
  /** By the name of the type. */
  ids: Record<string, string[]>;
  /** By the name of the field that holds them. */
  values: Record<string, unknown[]>;
  identities: { kind: string; value: string }[];
  /** By the name of the connection, with the `sort` that made them. */
  cursors: Record<string, { sort: string | null; cursors: string[] }[]>;
}

const idNames: Record<string, string> = {
  customerId: "Customer",
  ticketId: "Ticket",
  purchaseId: "Purchase",
};

/** The type whose ids a filter field or an argument of this name takes; undefined: of the rows themselves. */
export function nodeTypeOf(name: string): string | undefined {
  return idNames[name];
}

/** Rows looked at per list: enough for variety. */
const sampleSize = 60;

const nested = `{ customers(first: ${sampleSize}) { nodes {
  identities { kind value }
  profiles { source { code } }
  consentHistory { edges { cursor node { id } } }
  conversations { edges { cursor node { id } } }
  loyalty { ledger { edges { cursor node { id points reason kind expiresAt occurredAt recordedAt } } } }
  tickets(first: 3) { nodes { events(first: 5) { edges { cursor node { id } } } } }
} } }`;

// biome-ignore lint/suspicious/noExplicitAny: the shape of an answer follows from its document
type Json = any;

export async function worldOf(
  schema: GraphQLSchema,
  app: TestApp,
  customerIds: string[] = [],
): Promise<World> {
  const world: World = { ids: { Customer: [...customerIds] }, values: {}, identities: [], cursors: {} };
  const query = schema.getQueryType()?.getFields() ?? {};
  for (const field of Object.values(query)) {
    const type = getNamedType(field.type);
    if (!type.name.endsWith("Connection") || !isObjectType(type)) continue;
    const sorts = sortsOf(schema, field.name);
    for (const sort of [null, ...sorts]) {
      const nodes = await sample(schema, app, field.name, sort, world);
      for (const node of nodes) notice(node, world);
      world.ids[type.name.replace("Connection", "")] = nodes.map((node: Json) => node.id);
    }
  }
  world.ids.Customer = [...new Set([...customerIds, ...(world.ids.Customer ?? [])])];
  const { data } = await app.execute(nested);
  for (const customer of data.customers.nodes) noticeNested(customer, world);
  return world;
}

/** The sorts that cursors are taken of. */
function sortsOf(schema: GraphQLSchema, list: string): string[] {
  const args = schema.getQueryType()?.getFields()[list]?.args ?? [];
  const input = args.flatMap(({ name, type }) => (name === "sort" ? [getNamedType(type)] : []))[0];
  const field = isInputObjectType(input) ? getNamedType(input.getFields().field?.type) : undefined;
  const names = isEnumType(field) ? field.getValues().map(({ name }) => name) : [];
  return [
    ...names.map((name) => `[{field: ${name}}]`),
    ...names.map((name) => `[{field: ${name}, order: DESC, nulls: FIRST}]`),
    ...names
      .slice(1)
      .map((name, i) => `[{field: ${name}, order: ASC, nulls: FIRST}, {field: ${names[i]}, order: DESC}]`),
  ];
}

async function sample(schema: GraphQLSchema, app: TestApp, list: string, sort: string | null, world: World) {
  const connection = getNamedType(schema.getQueryType()?.getFields()[list]?.type as never) as unknown as {
    name: string;
  };
  const type = schema.getType(connection.name.replace("Connection", ""));
  if (!isObjectType(type)) throw new Error(`${list} has no nodes`);
  const leaves = Object.values(type.getFields()).filter((field) => isLeafType(getNamedType(field.type)));
  const codes = ["channel", "source"]
    .filter((name) => name in type.getFields())
    .map((name) => `${name} { code }`);
  const selection = [...leaves.map(({ name }) => name), ...codes].join(" ");
  const sorted = sort ? `, sort: ${sort}` : "";
  const { data, errors } = await app.execute(
    `{ ${list}(first: ${sampleSize}${sorted}) { edges { cursor node { ${selection} } } } }`,
  );
  if (errors) throw new Error(errors[0].message);
  const { edges } = data[list];
  world.cursors[connection.name] ??= [];
  if (edges.length)
    world.cursors[connection.name]?.push({ sort, cursors: edges.map((edge: Json) => edge.cursor) });
  return edges.map((edge: Json) => edge.node);
}

/** Keeps the values of a row under the names of its fields. */
function notice(node: Json, world: World): void {
  for (const [name, value] of Object.entries(node)) {
    const plain = value !== null && typeof value === "object" && "code" in value ? value.code : value;
    if (plain === null || typeof plain === "object" || plain === "") continue;
    world.values[name] ??= [];
    if (!world.values[name].includes(plain)) world.values[name].push(plain);
  }
}

function noticeNested(customer: Json, world: World): void {
  for (const { kind, value } of customer.identities) world.identities.push({ kind, value });
  const pages: [string, Json][] = [
    ["ConsentConnection", customer.consentHistory],
    ["ConversationConnection", customer.conversations],
    ["LoyaltyEntryConnection", customer.loyalty?.ledger],
    ...customer.tickets.nodes.map(
      (ticket: Json) => ["TicketEventConnection", ticket.events] as [string, Json],
    ),
  ];
  for (const [connection, page] of pages) {
    if (!page?.edges.length) continue;
    const type = connection.replace("Connection", "");
    world.ids[type] = [...(world.ids[type] ?? []), ...page.edges.map((edge: Json) => edge.node.id)];
    world.cursors[connection] ??= [];
    world.cursors[connection].push({ sort: null, cursors: page.edges.map((edge: Json) => edge.cursor) });
    for (const { node } of page.edges) notice(node, world);
  }
}
