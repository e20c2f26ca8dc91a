import { WebSocket } from "ws";
import type { TestApp } from "./app.js";

// biome-ignore lint/suspicious/noExplicitAny: messages of the protocol, looked at by the tests
type Message = any;

/** A bare socket that speaks graphql-transport-ws; messages are awaited, never missed. */
export async function connectSocket(
  app: Pick<TestApp, "url" | "key">,
  payload: object | null = { authorization: `Bearer ${app.key}` },
  headers: Record<string, string> = {},
) {
  const socket = new WebSocket(`${app.url.replace("http", "ws")}/graphql`, "graphql-transport-ws", {
    headers,
  });
  const messages: Message[] = [];
  const waiting: ((message: Message) => void)[] = [];
  socket.on("message", (data) => {
    const message = JSON.parse(String(data));
    const waiter = waiting.shift();
    if (waiter) waiter(message);
    else messages.push(message);
  });
  let reason = "";
  const closed = new Promise<number>((resolve) =>
    socket.on("close", (code, said) => {
      reason = String(said);
      resolve(code);
    }),
  );
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const send = (message: object) => socket.send(JSON.stringify(message));
  const next = () =>
    new Promise<Message>((resolve) => {
      const message = messages.shift();
      if (message) resolve(message);
      else waiting.push(resolve);
    });
  if (payload) send({ type: "connection_init", payload });
  return {
    socket,
    send,
    next,
    closed,
    /** What the server said when it closed the socket. */
    get reason() {
      return reason;
    },
    /** Messages that have come and were not awaited. */
    messages,
  };
}
