import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  type OperationDefinitionNode,
  parse,
} from "graphql";
import { createContext, type RequestContext } from "../../../src/context.js";
import { feedSource } from "../../../src/cross-domain/live/live-source.js";
import { LiveSubscription } from "../../../src/cross-domain/live/live-subscription.js";
import type { Caller } from "../../../src/platform/access/caller.js";
import { createLogger } from "../../../src/platform/log.js";
import type { LiveResult } from "../../../src/server/live/answers.js";
import { Hub } from "../../../src/server/live/hub.js";
import { startTestApp, type TestApp } from "../../support/app.js";
import { givenKey, recordContacts } from "../../support/live.js";
import { connectSocket } from "../../support/socket.js";
import { until } from "../../support/until.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

const ALL = `subscription ($after: Cursor) {
  interactionRecorded(after: $after) { cursor interaction { summary customer { id displayName } } } }`;

const subscribed = async (key: string, variables: object = {}) => {
  const connection = await connectSocket(app, { authorization: `Bearer ${key}` });
  await connection.next();
  connection.send({ id: "1", type: "subscribe", payload: { query: ALL, variables } });
  const summary = async () => (await connection.next()).payload.data.interactionRecorded.interaction.summary;
  return { ...connection, summary };
};

/** Reads of contacts that an event costs when it is delivered to all of these, beyond those of the mutation itself. */
async function costOf(subscribers: { summary(): Promise<string> }[], summary: string): Promise<number> {
  app.statements.length = 0;
  await recordContacts(app, [summary]);
  expect(await Promise.all(subscribers.map((subscriber) => subscriber.summary()))).toEqual(
    subscribers.map(() => summary),
  );
  return readsOfContacts() - readsOfMutation;
}
const readsOfContacts = () =>
  app.statements.filter((text) => /^select/i.test(text) && text.includes('from "interactions"')).length;
const readsOfMutation = 1;

test("however many subscribe to the same, an event is read once; another access class is read for itself", async () => {
  const [start] = await recordContacts(app, ["start"]);
  const after = start.cursor;
  // What no variable of the operation is called is no part of what they ask.
  const many = await Promise.all(
    Array.from({ length: 20 }, (_, unasked) => subscribed(app.key, { after, unasked })),
  );
  await costOf(many, "settled");
  expect(await costOf(many, "shared")).toBe(1);

  const { key } = await givenKey(app, ["interactions:read", "customers:read", "pii:read"]);
  const other = await subscribed(key, { after });
  for (const expected of ["settled", "shared"]) expect(await other.summary()).toBe(expected);
  expect(await costOf([...many, other], "apart")).toBe(2);
  for (const { socket } of [...many, other]) socket.close();
});

test("a filter is asked about once per event, however many subscribe with it", async () => {
  const [start] = await recordContacts(app, ["start"]);
  const query = `subscription ($after: Cursor, $where: InteractionFilter) {
    interactionRecorded(after: $after, where: $where) { interaction { summary } } }`;
  const many = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const connection = await connectSocket(app);
      await connection.next();
      const variables = { after: start.cursor, where: { summary: { eq: "wanted" } } };
      connection.send({ id: "1", type: "subscribe", payload: { query, variables } });
      return connection;
    }),
  );
  await recordContacts(app, ["wanted"]);
  await Promise.all(many.map(({ next }) => next()));
  app.statements.length = 0;
  await recordContacts(app, ["unwanted", "wanted"]);
  await Promise.all(many.map(({ next }) => next()));
  // The filter was asked about both events at once, and the one it let through was read: once each.
  expect(readsOfContacts() - readsOfMutation).toBe(2);
  for (const { socket } of many) socket.close();
  await until(
    () => app.app.live.followerCount,
    (now) => now === 0,
  );
});

test("who resumes far behind has everything in order, and joins those at the head", async () => {
  const [start] = await recordContacts(app, ["behind"]);
  const live = await subscribed(app.key, { after: start.cursor });
  const summaries = Array.from({ length: 400 }, (_, index) => `number ${index}`);
  for (let from = 0; from < 400; from += 100) await recordContacts(app, summaries.slice(from, from + 100));
  const late = await subscribed(app.key, { after: start.cursor });
  for (const subscriber of [live, late]) {
    const seen: string[] = [];
    while (seen.length < 400) seen.push(await subscriber.summary());
    expect(seen).toEqual(summaries);
  }
  await costOf([live, late], "together again");
  expect(await costOf([live, late], "at the head")).toBe(1);
  live.socket.close();
  late.socket.close();
});

/** A schema whose answer depends on who asks, behind a hub of its own. */
function givenHub(resolve: (event: unknown, args: unknown, context: RequestContext) => unknown) {
  const subscribe = async (_: unknown, __: unknown, { feed }: RequestContext) =>
    new LiveSubscription(await feedSource(feed), null);
  const who = { type: GraphQLString, subscribe, resolve };
  const query = new GraphQLObjectType({ name: "Query", fields: { nothing: { type: GraphQLString } } });
  const subscription = new GraphQLObjectType({ name: "Subscription", fields: { who } });
  const schema = new GraphQLSchema({ query, subscription });
  const executions: string[] = [];
  const hub = new Hub({
    schema,
    logger: createLogger("silent"),
    contextOf({ caller }, requestId, audience) {
      executions.push(caller.keyId);
      return createContext(app.services, caller, requestId, audience);
    },
  });
  const document = parse("subscription { who }");
  const operation = document.definitions[0] as OperationDefinitionNode;
  const follow = async (keyId: string) => {
    const caller = { keyId, scopes: new Set() } as unknown as Caller;
    let deliver: (text: string) => void;
    const delivered = new Promise<string>((settle) => {
      deliver = settle;
    });
    const following = await hub.follow(
      { document, operation, variables: {}, caller, cost: 1 },
      {
        send: ([result]: readonly LiveResult[]) => deliver(String(result?.payload)),
        room: () => null,
        end: (fault) => deliver(String(fault)),
      },
      new AbortController().signal,
    );
    if (!("leave" in following)) throw new Error("refused");
    return { delivered, leave: () => following.leave() };
  };
  return { follow, executions };
}

test("an answer that reads what belongs to one caller is never shared, without anybody having said so", async () => {
  const { follow } = givenHub((_event, _args, { caller }) => caller.keyId);
  const [ann, bob] = [await follow("key_ann"), await follow("key_bob")];
  await recordContacts(app, ["whose"]);
  expect(JSON.parse(await ann.delivered)).toEqual({ data: { who: "key_ann" } });
  expect(JSON.parse(await bob.delivered)).toEqual({ data: { who: "key_bob" } });
  ann.leave();
  bob.leave();
});

test.each<[string, (context: RequestContext) => unknown]>([
  ["the request", ({ requestId }) => requestId],
  ["all of the caller", ({ caller }) => JSON.stringify({ ...caller })],
  ["all of the context", (context) => Object.keys(context).length],
  [
    "something nobody has declared",
    (context) => (context as unknown as { session?: string }).session ?? "none",
  ],
])("an answer that reads %s is not shared", async (_name, read) => {
  const { follow, executions } = givenHub((_event, _args, context) => read(context));
  const [ann, bob] = [await follow("key_ann"), await follow("key_bob")];
  await recordContacts(app, ["whose"]);
  await Promise.all([ann.delivered, bob.delivered]);
  expect(executions.filter((keyId) => keyId === "key_bob").length).toBeGreaterThan(1);
  ann.leave();
  bob.leave();
});

test("what every caller of a class may share is shared", async () => {
  const { follow, executions } = givenHub((_event, _args, { caller }) => caller.scopes.size);
  const [ann, bob] = [await follow("key_ann"), await follow("key_bob")];
  await recordContacts(app, ["ours"]);
  expect([await ann.delivered, await bob.delivered]).toEqual(Array(2).fill('{"data":{"who":"0"}}'));
  // Each asked once where to begin; one opened the shared source and executed the event.
  expect(executions).toEqual(["key_ann", "key_ann", "key_bob", "key_ann"]);
  ann.leave();
  bob.leave();
});
