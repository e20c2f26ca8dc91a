import { type Client, createClient } from "graphql-ws";
import { WebSocket } from "ws";

/** One node, as clients know it. */
export interface Node {
  url: string;
  key: string;
}

export interface SeenEvent {
  id: string;
  type: string;
  customerId: string;
  subjectId: string | null;
  seq: number;
  cursor: string;
}

const FEED = `subscription ($after: Cursor, $types: [EventType!]) {
  events(after: $after, types: $types) { cursor events { id cursor type customerId subjectId seq } } }`;
const CUSTOMER = `subscription ($id: ID!, $after: Cursor) { customerChanged(id: $id, after: $after) { cursor type seq } }`;
const CONTACTS =
  "subscription ($after: Cursor) { interactionRecorded(after: $after) { cursor interaction { id } } }";
const RECORD = `mutation ($input: RecordInteractionsInput!) { recordInteractions(input: $input) {
  results { outcome cursor interaction { id customer { id } } } } }`;

export interface Recorded {
  outcome: string;
  cursor: string;
  interaction: { id: string; customer: { id: string } };
}

/** One contact for each named customer, in one batch. Throws when the answer carries an error. */
export async function record(node: Node, batch: string, customers: readonly string[]): Promise<Recorded[]> {
  const interactions = customers.map((customer, index) => ({
    sourceRef: `${batch}-${index}`,
    customer: { sourceRef: customer },
    channel: "chat",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "message",
    occurredAt: "2026-11-21T09:30:00Z",
  }));
  const { data } = await ask(node, RECORD, { input: { source: "test", interactions } });
  return data.recordInteractions.results;
}

// biome-ignore lint/suspicious/noExplicitAny: an answer's shape follows from its document
export async function ask(node: Node, query: string, variables: object = {}): Promise<any> {
  const response = await fetch(`${node.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${node.key}` },
    body: JSON.stringify({ query, variables }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const answer = (await response.json()) as any;
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer;
}

/** A figure of the node's /metrics. */
export async function figure(node: Node, name: string): Promise<number> {
  const response = await fetch(`${node.url}/metrics`, { headers: { authorization: `Bearer ${node.key}` } });
  const line = (await response.text()).split("\n").find((text) => text.startsWith(`customer360_${name} `));
  return Number(line?.split(" ")[1]);
}

export interface Subscriber {
  feed(after: string | null, types?: string[]): AsyncIterableIterator<SeenEvent>;
  customer(id: string, after: string | null): AsyncIterableIterator<{ type: string; seq: number }>;
  contacts(after: string | null): AsyncIterableIterator<{ cursor: string }>;
  close(): Promise<void>;
}

/** A WebSocket client of one node, which does not reconnect by itself. */
export function subscriberOf({ url, key }: Node): Subscriber {
  const client: Client = createClient({
    url: `${url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${key}` },
    retryAttempts: 0,
  });
  async function* results(query: string, variables: object) {
    for await (const { data, errors } of client.iterate({ query, variables: { ...variables } })) {
      if (errors) throw errors;
      // biome-ignore lint/suspicious/noExplicitAny: as above
      yield data as any;
    }
  }
  return {
    async *feed(after, types) {
      for await (const { events } of results(FEED, { after, types: types ?? null })) yield* events.events;
    },
    async *customer(id, after) {
      for await (const { customerChanged } of results(CUSTOMER, { id, after })) yield customerChanged;
    },
    async *contacts(after) {
      for await (const { interactionRecorded } of results(CONTACTS, { after })) yield interactionRecorded;
    },
    close: async () => client.dispose(),
  };
}

/** The next `count` of a stream. */
export async function next<T>(stream: AsyncIterator<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const { value, done } = await stream.next();
    if (done) throw new Error(`the stream ended after ${taken.length} of ${count}`);
    taken.push(value);
  }
  return taken;
}

export const nameOf = ({ customerId, seq }: { customerId: string; seq: number }) => `${customerId}:${seq}`;

/** Throws unless each customer's numbers are 1, 2, 3 … in the order given. */
export function requireContiguous(events: readonly SeenEvent[]): void {
  const last = new Map<string, number>();
  for (const { customerId, seq } of events) {
    if (seq !== (last.get(customerId) ?? 0) + 1)
      throw new Error(`${customerId}: ${seq} follows ${last.get(customerId)}`);
    last.set(customerId, seq);
  }
}
