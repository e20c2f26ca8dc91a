import net from "node:net";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import type { ConnectionOptions, SessionOptions } from "./connection.js";
import { Incoming } from "./incoming.js";

export interface SocketTarget {
  /** Over TLS bytes are not the server's messages yet. */
  ssl?: unknown;
  path?: string | false;
  host: string[];
  port: number[];
}

/** What the driver asks of us, or tells us. */
export interface DriverHooks {
  socket(target: SocketTarget): Promise<net.Socket>;
  onclose(): void;
}

const readSettings = {
  default_transaction_read_only: "on",
  // Statements are prepared and find rows by key: a plan of its own for each set of values doubles the cost of a read.
  plan_cache_mode: "force_generic_plan",
};

const writeSettings = {
  enable_seqscan: "off",
  // Nothing written sorts much. It is what an index takes in at once of what waits for it (schema/audit.ts).
  work_mem: "16MB",
};

type DriverOptions = postgres.Options<Record<string, postgres.PostgresType>>;

/**
 * What may be sent ahead of the socket: a batch's statements together. Beyond it the driver holds back the next statements
 * until all before are answered; Node's own bound is less than one of them.
 */
const SEND_AHEAD_BYTES = 4_194_304;
export const CONNECT_TIMEOUT_MS = 5_000;
/** Probes an idle peer over TCP, so that a vanished host is noticed while nothing is being asked. */
const KEEP_ALIVE_MS = 10_000;
/**
 * The same from the server's side, which would else keep the session of a vanished node for hours, with the row locks that
 * others wait for. Between two statements of a transaction we take milliseconds: one that pauses this long has lost its
 * client.
 */
const serverGivesUp = {
  idle_in_transaction_session_timeout: 3_000,
  tcp_keepalives_idle: 10,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 3,
};

/** A postgres.js client of one connection, whose parameters are text already and whose sockets we make. */
export function createDriverClient(
  to: ConnectionOptions,
  session: SessionOptions,
  hooks: DriverHooks,
): postgres.Sql {
  const options = {
    max: 1,
    idle_timeout: null,
    max_lifetime: null,
    connect_timeout: CONNECT_TIMEOUT_MS / 1_000,
    fetch_types: false, // the driver's own query for them ends in an unhandled rejection when the connection dies
    onnotice: () => {},
    onnotify: session.onNotify,
    connection: {
      application_name: "customer-360",
      TimeZone: "UTC",
      statement_timeout: session.statementTimeoutMs,
      ...serverGivesUp,
      jit: "off", // our statements are short: compiling one costs more than running it
      ...(session.readOnly ? readSettings : {}),
      ...(session.byKey ? writeSettings : {}),
    },
    ...hooks,
  } as unknown as DriverOptions;
  const client = "url" in to ? postgres(to.url, options) : postgres({ ...options, ...to } as DriverOptions);
  drizzle(client); // sets the parsers to what Drizzle's column types expect
  const { serializers } = client.options;
  for (const type of Object.keys(serializers)) delete serializers[Number(type)];
  return client;
}

/** `incoming` is what comes over the socket; null over TLS. */
export function connectSocket({
  ssl,
  path,
  host,
  port,
}: SocketTarget): Promise<{ socket: net.Socket; incoming: Incoming | null }> {
  return new Promise((resolve, reject) => {
    const target = path ? { path } : { host: host[0] ?? "localhost", port: port[0] ?? 5432 };
    const incoming = new Incoming((messages) => socket.emit("data", messages));
    const onread = { buffer: () => incoming.room(), callback: (count: number) => take(incoming, count) };
    const ahead: object = { writableHighWaterMark: SEND_AHEAD_BYTES }; // Node's own types do not name it
    const socket: net.Socket = net.connect({
      ...target,
      ...ahead,
      ...(!ssl && { onread }),
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      noDelay: true,
    });
    const giveUp = setTimeout(
      () => socket.destroy(new Error("connecting took too long")),
      CONNECT_TIMEOUT_MS,
    );
    const settle = (act: () => void) => {
      clearTimeout(giveUp);
      socket.off("error", onError);
      act();
    };
    const onError = (error: Error) => settle(() => reject(error));
    socket.once("error", onError);
    // The driver takes the server's name for the TLS handshake from `socket.host`.
    socket.once("connect", () =>
      settle(() =>
        resolve({ socket: Object.assign(socket, { host: host[0] }), incoming: ssl ? null : incoming }),
      ),
    );
  });
}

/** True: the socket goes on reading. */
function take(incoming: Incoming, count: number): true {
  incoming.take(count);
  return true;
}
