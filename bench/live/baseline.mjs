import { createServer } from "node:http";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import { answerOrders } from "./channel.mjs";
import { wallClock } from "./clock.mjs";
import { contact, customers, profile } from "./contacts.mjs";

// Plain graphql-ws as its guide shows it: graphql-js executes every event for every subscriber. No database, no keys, no
// scalars of its own: an event is an object in memory, and publishing one only hands it over.

const schema = buildSchema(`
  type Subscription { interactionRecorded: InteractionRecorded! }
  type InteractionRecorded { cursor: String! interaction: Interaction! }
  type Interaction {
    id: ID! channel: Channel! direction: Direction! kind: String! occurredAt: String!
    customer: Customer! summary: String
  }
  type Channel { code: String! }
  enum Direction { INBOUND OUTBOUND }
  enum Stage { LEAD CUSTOMER }
  type Customer { id: ID! displayName: String stage: Stage! locale: String }
  type Query { nothing: String }
`);

const streams = new Set();
schema.getSubscriptionType().getFields().interactionRecorded.subscribe = () => {
  const stream = new Stream();
  streams.add(stream);
  return stream;
};

/** The events of one subscriber: those that nobody has asked for yet, or whoever waits for the next. */
class Stream {
  events = [];
  waiting = [];

  push(event) {
    const waiter = this.waiting.shift();
    if (waiter) waiter({ value: event, done: false });
    else this.events.push(event);
  }
  next() {
    if (this.events.length > 0) return Promise.resolve({ value: this.events.shift(), done: false });
    return new Promise((resolve) => this.waiting.push(resolve));
  }
  return() {
    streams.delete(this);
    for (const waiter of this.waiting.splice(0)) waiter({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  }
  throw(error) {
    void this.return();
    return Promise.reject(error);
  }
  [Symbol.asyncIterator]() {
    return this;
  }
}

answerOrders({
  /** Answers when each event was handed over. */
  publish({ numbers }) {
    const now = wallClock();
    return numbers.map((number) => {
      const at = now();
      const event = { interactionRecorded: recorded(number) };
      for (const stream of streams) stream.push(event);
      return at;
    });
  },
});

/** As long as ours: uuids with a prefix, a cursor in base64url. */
function recorded(number) {
  const { channel, direction, kind, summary } = contact(number);
  const { displayName, locale, stage } = profile(number % customers);
  const tail = String(number).padStart(12, "0");
  return {
    cursor: Buffer.from(`f1:0193a000-0000-7000-8000-000000000360:${String(number).padStart(3)};`).toString(
      "base64url",
    ),
    interaction: {
      id: `int_0193a000-0000-7000-8000-${tail}`,
      channel: { code: channel },
      direction,
      kind,
      occurredAt: "2026-11-21T09:30:00.123000Z",
      customer: { id: `cus_0193a000-0000-7000-8000-${tail}`, displayName, stage, locale },
      summary,
    },
  };
}

const http = createServer();
/** Off: with a queue of seconds it would take its own delay in reading pongs for dead clients, and cut them. */
const keepAliveMs = 0;
useServer({ schema }, new WebSocketServer({ server: http, path: "/graphql" }), keepAliveMs);
http.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("ready"));
process.on("SIGTERM", () => process.exit());
