import { WebSocket } from "ws";
import type { Delivery } from "./history.js";

export interface SocketSubscriberOptions {
  name: string;
  url: string;
  key: string;
  /** Selection on an `interaction`. What its field `shown` answers is recorded. */
  selection: string;
  after: string;
  maySee?: readonly string[];
}

// biome-ignore lint/suspicious/noExplicitAny: answers of a document that the test chooses
type Message = any;

/** Whoever follows contacts on a bare socket: it can stop reading, and never comes back by itself. */
export class SocketSubscriber {
  readonly type = "INTERACTION_RECORDED";
  readonly deliveries: Delivery[] = [];
  readonly closes: { code: number; reason: string; at: number }[] = [];
  lostAccessAt: number | null = null;
  /** The cursor received last. */
  cursor: string;
  #socket: WebSocket | undefined;
  #closed: Promise<void> = Promise.resolve();
  #connection = 0;
  readonly #watchers = new Set<() => void>();

  constructor(private readonly options: SocketSubscriberOptions) {
    this.cursor = options.after;
  }

  get name(): string {
    return this.options.name;
  }

  get after(): string {
    return this.options.after;
  }

  get maySee(): readonly string[] | undefined {
    return this.options.maySee;
  }

  /** Connects and subscribes after the cursor; resolves when the server has let it in, or closed the socket. */
  async open(after = this.cursor): Promise<void> {
    const { url, key, selection } = this.options;
    const socket = new WebSocket(url.replace("http", "ws"), "graphql-transport-ws");
    const connection = ++this.#connection;
    const query = `subscription ($after: Cursor) {
      interactionRecorded(after: $after) { cursor interaction { id ${selection} } } }`;
    const send = (message: object) => socket.send(JSON.stringify(message));
    this.#socket = socket;
    socket.on("open", () => send({ type: "connection_init", payload: { authorization: `Bearer ${key}` } }));
    this.#closed = new Promise((resolve) =>
      socket.on("close", (code, reason) => {
        this.closes.push({ code, reason: String(reason), at: Date.now() });
        resolve();
      }),
    );
    const letIn = new Promise<void>((resolve) =>
      socket.on("message", (data) => {
        const message = JSON.parse(String(data));
        if (message.type === "next") return this.#note(message.payload, connection);
        if (message.type !== "connection_ack") return;
        send({ id: "1", type: "subscribe", payload: { query, variables: { after } } });
        resolve();
      }),
    );
    await Promise.race([letIn, this.#closed]);
  }

  #note(payload: Message, connection: number): void {
    if (payload.errors) throw new Error(`${this.name}: ${JSON.stringify(payload.errors)}`);
    const { cursor, interaction } = payload.data.interactionRecorded;
    this.cursor = cursor;
    const shown = JSON.stringify(interaction.shown);
    this.deliveries.push({
      customerId: "",
      seq: 0,
      subjectId: interaction.id,
      connection,
      at: Date.now(),
      shown,
    });
    for (const look of this.#watchers) look();
  }

  /** Takes nothing more from the network, not even a ping; what the system buffers fills up. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Resolves when the socket is closed, by whomever. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** Resolves once what has come satisfies the condition. */
  got(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  async leave(): Promise<void> {
    this.#socket?.terminate();
    await this.#closed;
  }
}
