import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  Kind,
  type OperationTypeNode,
  parse,
  print,
  visit,
} from "graphql";
import type { TestApp } from "./app.js";
import { isClosedToPartners, type Reader } from "./documents/answer-check.js";
import type { Choices } from "./documents/choices.js";
import { documentBy, type GeneratedDocument } from "./documents/documents.js";
import { broken, withOddVariables } from "./documents/odd.js";
import type { World } from "./documents/world.js";

/** Who sends requests, and what there is to ask for under the names that they know. */
export interface Sender extends Reader {
  key: string | null;
  world: World;
}

/** Fields that few requests select: what they do cannot be undone, or takes long. */
const rare = new Set(["Mutation.eraseCustomer", "Mutation.sendTestWebhook"]);
/** Longer addresses do not fit into the head of a request. */
const maxAddress = 8_000;
/** Few, so that several requests meet under one. */
const idempotencyKeys = 4;

/** One request, and what of it is known. */
export interface Sent {
  kind: `${OperationTypeNode}`;
  body: GeneratedDocument;
  by: "POST" | "GET" | "events";
  headers: Record<string, string>;
}

/** Any request at all of this sender: mostly valid, with values that are not, and now and then a broken text. */
export function requestBy(choices: Choices, spoiling: Choices, schema: GraphQLSchema, sender: Sender): Sent {
  const kind = choices.chance(0.3) ? "mutation" : choices.chance(0.06) ? "subscription" : "query";
  const [isOpen, isTyped, isBroken] = [choices.chance(0.8), choices.chance(0.5), choices.chance(0.08)];
  const by =
    kind === "subscription" || choices.chance(0.08) ? "events" : choices.chance(0.05) ? "GET" : "POST";
  const idempotent =
    kind === "mutation" && choices.chance(0.15) ? `k${choices.below(idempotencyKeys)}` : null;
  const document = documentBy(choices, {
    schema,
    world: sender.world,
    rare,
    // Mostly what the caller may ask, so that there is an answer to look at.
    scopes: isOpen ? sender.scopes : null,
    operation: kind,
    wholeVariables: kind === "mutation" || choices.chance(0.5),
    ...(isOpen && sender.partner && { without: closedToPartners(schema) }),
  });
  const typed = isTyped && kind !== "subscription" ? withTypeNames(document) : document;
  const body = withOddVariables(spoiling, isBroken ? broken(spoiling, typed) : typed);
  return { kind, body, by, headers: idempotent ? { "idempotency-key": idempotent } : {} };
}

function closedToPartners(schema: GraphQLSchema) {
  return (typeName: string, field: GraphQLField<unknown, unknown>) => {
    const type = schema.getType(typeName) as GraphQLObjectType;
    return isClosedToPartners({ type, field });
  };
}

/** The same with `__typename` in every selection, by which each object of the answer says what it is. */
function withTypeNames({ query, variables }: GeneratedDocument): GeneratedDocument {
  const typeName = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: "__typename" } } as const;
  const document = visit(parse(query), {
    SelectionSet: { leave: (set) => ({ ...set, selections: [typeName, ...set.selections] }) },
  });
  return { query: print(document), variables };
}

/** What came back. */
export interface Told {
  status: number;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: an answer of any shape
  bodies: any[];
}

export async function send(
  app: TestApp,
  { kind, body, by, headers }: Sent,
  key: string | null,
): Promise<Told> {
  const leaving = new AbortController();
  const common = { ...(key && { authorization: `Bearer ${key}` }), ...headers };
  const address = new URLSearchParams({ query: body.query, variables: JSON.stringify(body.variables) });
  const isGet = by === "GET" && kind === "query" && `${address}`.length < maxAddress;
  const response = isGet
    ? await fetch(`${app.url}/graphql?${address}`, { headers: common })
    : await fetch(`${app.url}/graphql`, {
        method: "POST",
        headers: {
          ...common,
          "content-type": "application/json",
          ...(by === "events" && { accept: "text/event-stream" }),
        },
        body: JSON.stringify(body),
        signal: leaving.signal,
      });
  const { status } = response;
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    const text = await response.text();
    return { status, text, bodies: [JSON.parse(text)] };
  }
  const text = await beginningOf(response);
  leaving.abort();
  return {
    status,
    text,
    // Lines of events end with a line feed; U+2028, which a pattern takes for an end too, may stand in a text.
    bodies: text
      .split("\n")
      .flatMap((line) => (line.startsWith("data: {") ? [JSON.parse(line.slice(6))] : [])),
  };
}

/** A stream up to its first event, its end, or the sign of life that says that nothing comes. */
async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    const event = text.indexOf("event: ");
    if (event >= 0 ? text.indexOf("\n\n", event) > 0 : text.split(":\n\n").length > 2) break;
  }
  return text;
}
