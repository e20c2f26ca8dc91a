import { setTimeout as pause } from "node:timers/promises";
import { type ConnectionOptions, connect, type NatsConnection } from "@nats-io/transport-node";
import type { Broker, BrokerReceiver } from "./broker.js";

/** How long one attempt to connect may take. */
const connectTimeoutMs = 2_000;
/** Between attempts: a restarted broker is found soon, a dead one costs nothing. */
const reconnectMs = 500;
/** Spread over this much more, so that nodes do not come back in step. */
const reconnectJitterMs = 250;
/** An idle broker is probed this often; two probes without an answer, and the connection counts as lost. */
const probeMs = 5_000;
const unansweredProbes = 2;
/** Sent and not yet seen by the broker: a slow one costs this much memory, then it is passed over. */
const maxUnconfirmedBytes = 8 * 1024 * 1024;

export interface NatsOptions {
  /** A fault; the connection is tried again for ever. Once per loss. */
  onFault(error: unknown): void;
}

/** Core NATS, at servers like `nats://user:secret@host:4222`, separated by commas. Returns at once, connected or not. */
export function connectNats(url: string, { onFault }: NatsOptions): Broker {
  const receivers: [subject: string, receiver: BrokerReceiver][] = [];
  const closing = new AbortController();
  let link: NatsConnection | undefined;
  let connected = false;
  let unconfirmedBytes = 0;
  let confirming = false;

  const listen = (to: NatsConnection, subject: string, { onMessage }: BrokerReceiver) =>
    to.subscribe(subject, { callback: (error, message) => void (error ?? onMessage(message.data)) });
  const announce = () => {
    connected = true;
    unconfirmedBytes = 0;
    for (const [, receiver] of receivers) receiver.onConnected();
  };
  /** At most one probe on its way; its answer means that the broker has read all that was sent before. */
  const confirm = async () => {
    if (confirming || !link) return;
    confirming = true;
    const sentBytes = unconfirmedBytes;
    await link.flush().catch(() => {});
    confirming = false;
    unconfirmedBytes = Math.max(0, unconfirmedBytes - sentBytes);
    if (unconfirmedBytes > 0 && connected) void confirm();
  };
  const watch = async (opened: NatsConnection) => {
    for await (const { type } of opened.status()) {
      if (link !== opened || closing.signal.aborted) return;
      if (type === "disconnect") connected = false;
      if (type === "reconnect") announce();
    }
  };
  const run = async () => {
    let reported = false;
    while (!closing.signal.aborted) {
      try {
        const opened = await connect(optionsOf(url));
        if (closing.signal.aborted) return await opened.close();
        reported = false;
        link = opened;
        for (const [subject, receiver] of receivers) listen(opened, subject, receiver);
        void watch(opened);
        announce();
        const error = await opened.closed();
        if (error) throw error;
      } catch (error) {
        if (!reported && !closing.signal.aborted) onFault(error);
        reported = true;
      }
      connected = false;
      link = undefined;
      await pause(reconnectMs + Math.random() * reconnectJitterMs, undefined, closing).catch(() => {});
    }
  };
  const running = run();

  return {
    get connected() {
      return connected;
    },
    get maxMessageBytes() {
      return connected ? (link?.info?.max_payload ?? 0) : 0;
    },
    publish(subject, message) {
      if (!connected || !link || link.isClosed() || message.length > this.maxMessageBytes) return false;
      if (unconfirmedBytes + message.length > maxUnconfirmedBytes) return false;
      link.publish(subject, message);
      unconfirmedBytes += message.length;
      void confirm();
      return true;
    },
    subscribe(subject, receiver) {
      receivers.push([subject, receiver]);
      if (!link) return;
      listen(link, subject, receiver);
      if (connected) receiver.onConnected();
    },
    async close() {
      connected = false;
      closing.abort();
      await link?.close().catch(() => {});
      await running;
    },
  };
}

/** Credentials leave the addresses: the library repeats those in its messages. */
function optionsOf(url: string): ConnectionOptions {
  const servers = url.split(",").map((server) => new URL(server));
  const { username, password } = servers.find((server) => server.username) ?? {};
  const [user, pass] = [username, password].map((text) => (text ? decodeURIComponent(text) : undefined));
  return {
    servers: servers.map(({ host }) => host),
    ...(user && (pass ? { user, pass } : { token: user })),
    ...(servers.some(({ protocol }) => protocol === "tls:") && { tls: {} }),
    name: "customer-360",
    noEcho: true,
    timeout: connectTimeoutMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectMs,
    reconnectJitter: reconnectJitterMs,
    pingInterval: probeMs,
    maxPingOut: unansweredProbes,
  };
}
