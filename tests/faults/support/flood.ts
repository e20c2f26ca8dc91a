/** A client gone wild, in a process of its own: SOCKETS sockets with one key, or SUBSCRIPTIONS on one. Prints what became of them. */
import { WebSocket } from "ws";

const { URL: url = "", KEY: key = "", SOCKETS, SUBSCRIPTIONS } = process.env;
/** Sockets that are being opened at once. */
const atOnce = 100;
const query = "subscription { events { cursor } }";

interface Became {
  /** Let in, and still open when all had been tried. */
  held: number;
  /** How many sockets were closed, by code. */
  closed: Record<string, number>;
}

const open = new Set<WebSocket>();
const became: Became = { held: 0, closed: {} };

/** Resolves when the server has let the socket in, or closed it. */
function enter(onAck: (socket: WebSocket) => void): Promise<void> {
  const socket = new WebSocket(url.replace("http", "ws"), "graphql-transport-ws");
  return new Promise((resolve) => {
    socket.on("open", () => {
      open.add(socket);
      socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${key}` } }));
    });
    socket.on("message", (data) => {
      if (JSON.parse(String(data)).type !== "connection_ack") return;
      onAck(socket);
      resolve();
    });
    socket.on("error", () => {}); // a close follows
    socket.on("close", (code) => {
      open.delete(socket);
      became.closed[code] = (became.closed[code] ?? 0) + 1;
      resolve();
    });
  });
}

function subscribe(socket: WebSocket, id: number): void {
  socket.send(JSON.stringify({ id: String(id), type: "subscribe", payload: { query } }));
}

if (SUBSCRIPTIONS) {
  await enter((socket) => {
    for (let id = 0; id < Number(SUBSCRIPTIONS); id++) subscribe(socket, id);
  });
  for (const socket of open) await new Promise((resolve) => socket.once("close", resolve));
} else {
  let left = Number(SOCKETS);
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await enter((socket) => subscribe(socket, 1));
    }),
  );
}
became.held = open.size;
console.log(`became ${JSON.stringify(became)}`);
process.once("SIGTERM", () => process.exit());
setInterval(() => {}, 60_000);
