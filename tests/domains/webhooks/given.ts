import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "@jest/globals";
import type { TestApp } from "../../support/app.js";
import { until } from "../../support/until.js";

export interface Received {
  headers: IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a payload's shape is what each test is about
  body: any;
}

type Answer = (response: ServerResponse, received: Received, request: IncomingMessage) => void;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Is done when the test that runs has ended, however it ends. */
export function atEndOfTest(end: () => unknown): void {
  ends.push(end);
}

/** A receiver of webhooks on loopback, for one test. Requests are awaited, never missed; it says 204 unless told otherwise. */
export async function startReceiver(answer: Answer = status(204)) {
  const received: Received[] = [];
  let taken = 0;
  const receiver = { answer };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const one = { headers: request.headers, text, body: JSON.parse(text) };
    received.push(one);
    receiver.answer(response, one, request);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEndOfTest(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(receiver, {
    received,
    port,
    url: `http://127.0.0.1:${port}/hook`,
    /** The next request that was not taken yet; throws when none comes. */
    async next(): Promise<Received> {
      const come = await until(
        () => received[taken],
        (one) => one !== undefined,
      );
      taken++;
      return come as Received;
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
