import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestApp } from "../../support/app.js";

export interface Received {
  headers: IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a payload's shape is what each test is about
  body: any;
}

type Answer = (response: ServerResponse, received: Received, request: IncomingMessage) => void;

/** A receiver of webhooks on loopback. Requests are awaited, never missed; it says 204 unless told otherwise. */
export async function startReceiver(answer: Answer = status(204)) {
  const received: Received[] = [];
  const waiting: ((received: Received) => void)[] = [];
  let taken = 0;
  const receiver = { answer };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const one = { headers: request.headers, text, body: JSON.parse(text) };
    received.push(one);
    receiver.answer(response, one, request);
    for (const resume of waiting.splice(0)) resume(one);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return Object.assign(receiver, {
    received,
    port,
    url: `http://127.0.0.1:${port}/hook`,
    /** The next request that was not taken yet. */
    async next(): Promise<Received> {
      while (received.length <= taken) await new Promise<Received>((resolve) => waiting.push(resolve));
      return received[taken++] as Received;
    },
    async close() {
      server.close();
      server.closeAllConnections();
    },
  });
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>;

export function status(code: number, headers: Record<string, string> = {}): Answer {
  return (response) => response.writeHead(code, headers).end();
}

const webhookFields =
  "id url description document types status statusReason failuresInRow keyId pendingDeliveryCount";

/** Makes a webhook; throws unless that is taken. */
export async function givenWebhook(app: TestApp, input: object, key: string = app.key) {
  const { data, errors } = await app.execute(
    `mutation ($input: CreateWebhookInput!) {
      createWebhook(input: $input) { secret webhook { ${webhookFields} } userErrors { code field message } } }`,
    { input },
    { key },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  if (data.createWebhook.userErrors.length > 0)
    throw new Error(JSON.stringify(data.createWebhook.userErrors));
  return { ...data.createWebhook.webhook, secret: data.createWebhook.secret } as {
    id: string;
    secret: string;
    status: string;
  };
}

export async function webhookNow(app: TestApp, id: string, key: string = app.key) {
  const { data } = await app.execute(
    `query ($id: ID!) { webhook(id: $id) { ${webhookFields} } }`,
    { id },
    { key },
  );
  return data.webhook;
}

/** The log of a webhook, the oldest first. */
export async function deliveriesOf(app: TestApp, id: string, where: object | null = null) {
  const { data, errors } = await app.execute(
    `query ($id: ID!, $where: WebhookDeliveryFilter) { webhook(id: $id) { deliveries(last: 100, where: $where) { totalCount nodes {
      id webhookId eventId eventType status attempts nextAttemptAt lastStatusCode lastError lastDurationMs deliveredAt } } } }`,
    { id, where },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return data.webhook.deliveries.nodes.toReversed();
}

/** When a wait has failed. Far longer than anything takes, and shorter than the test may. */
const waitMs = 15_000;
const pauseMs = 10;

/** Asks until the answer is right: what it waits for happens in the background, and nobody is told. */
export async function until<T>(ask: () => Promise<T>, right: (answer: T) => boolean): Promise<T> {
  const end = performance.now() + waitMs;
  for (;;) {
    const answer = await ask();
    if (right(answer)) return answer;
    if (performance.now() > end) throw new Error(`still ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

let number = 0;

/** Records a contact, which is an event, and tells their ids. A new customer comes with an event of their own. */
export async function recordContact(app: TestApp, more: object = {}) {
  const interaction = {
    sourceRef: `hook-${++number}`,
    customer: { sourceRef: "hook-customer" },
    channel: "chat",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "message",
    occurredAt: "2026-11-21T09:30:00Z",
    summary: "Where is my order?",
    ...more,
  };
  const { data, errors } = await app.execute(
    `mutation ($input: RecordInteractionsInput!) {
      recordInteractions(input: $input) { results { outcome error { code message } interaction { id customer { id } } } } }`,
    { input: { source: "crm", interactions: [interaction] } },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  const [result] = data.recordInteractions.results;
  if (result.outcome !== "RECORDED") throw new Error(JSON.stringify(result));
  return {
    interactionId: result.interaction.id as string,
    customerId: result.interaction.customer.id as string,
  };
}
