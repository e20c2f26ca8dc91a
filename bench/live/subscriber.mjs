import net from "node:net";
import { markAfter, markBefore, markLength, subscription } from "./contacts.mjs";
import { frameReader, pongFrame, textFrame } from "./frames.mjs";

/** One for all sockets: what is read is looked at before the next read. Many frames of a burst fit. */
const readBuffer = Buffer.alloc(256 * 1024);
const nothing = Buffer.alloc(0);
const endOfHead = "\r\n\r\n";
/** Where a message has its operation's id: after `{"id":"`. */
const idAt = 7;
const idLength = 8;
/** From the end of a message to its event's number. */
const markEnd = markAfter.length;
const markStart = markEnd + markLength;
const [markByte] = Buffer.from(markBefore);

/**
 * Connects, introduces itself and subscribes; resolves when the server has taken the introduction. `deliver` hears of every
 * event's number and size, and of the first one's text; `fail` of anything else that a server may do.
 * @returns {Promise<{ close(): Promise<void> }>}
 */
export function subscribe(index, to, hear) {
  return new Promise((resolve, reject) => new Subscriber(index, to, { ...hear, resolve, reject }));
}

class Subscriber {
  #to;
  #hear;
  #id;
  #idHalves;
  #socket;
  #head = nothing;
  #read;
  #acknowledged = false;
  #parsedOne = false;
  #ended = false;

  constructor(index, to, hear) {
    this.#to = to;
    this.#hear = hear;
    this.#id = index.toString(36).padStart(idLength, "0"); // every subscriber's messages are others
    const bytes = Buffer.from(this.#id);
    this.#idHalves = [bytes.readUInt32LE(0), bytes.readUInt32LE(idLength / 2)];
    const callback = (length, buffer) => this.#take(buffer.subarray(0, length));
    this.#socket = net.connect({
      host: "127.0.0.1",
      port: to.port,
      noDelay: true,
      onread: { buffer: readBuffer, callback },
    });
    this.#socket.once("connect", () => this.#socket.write(upgradeOf(to.port)));
    this.#socket.once("error", (error) => this.#fail(error));
    this.#socket.once("close", () => this.#fail(new Error("the server closed a socket without a word")));
  }

  close() {
    this.#ended = true;
    return new Promise((gone) => {
      if (this.#socket.closed) gone();
      else this.#socket.once("close", gone).destroy();
    });
  }

  #fail(error) {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    if (this.#acknowledged) this.#hear.fail(error);
    else this.#hear.reject(error);
  }

  /** False when nothing more may be read. */
  #take(bytes) {
    try {
      if (this.#read) this.#read(bytes);
      else this.#takeHead(bytes);
    } catch (error) {
      this.#fail(error);
    }
    return !this.#ended;
  }

  #takeHead(bytes) {
    this.#head = Buffer.concat([this.#head, bytes]);
    const end = this.#head.indexOf(endOfHead);
    if (end < 0) return;
    const [status] = this.#head.toString("latin1", 0, end).split("\r\n");
    if (!status.startsWith("HTTP/1.1 101 ")) throw new Error(`the server did not upgrade: ${status}`);
    this.#read = frameReader({
      text: (all, from, to) => this.#text(all, from, to),
      ping: (payload) => this.#socket.write(pongFrame(payload)),
      close: (code, reason) => this.#fail(new Error(`the server closed a socket: ${code} ${reason}`)),
    });
    this.#send({ type: "connection_init", payload: { authorization: this.#to.authorization } });
    this.#read(this.#head.subarray(end + endOfHead.length));
  }

  /** The first event is parsed as a whole; of later ones that are laid out as usual only the id and the number are read. */
  #text(bytes, from, to) {
    const usual =
      this.#parsedOne &&
      bytes[to - markStart - 1] === markByte &&
      bytes.readUInt32LE(from + idAt) === this.#idHalves[0] &&
      bytes.readUInt32LE(from + idAt + idLength / 2) === this.#idHalves[1];
    if (usual) this.#hear.deliver(numberIn(bytes, to - markStart, to - markEnd), to - from);
    else this.#message(bytes.toString("utf8", from, to), to - from);
  }

  #message(json, length) {
    const { type, id, payload } = JSON.parse(json);
    if (type === "connection_ack") {
      this.#acknowledged = true;
      this.#send({ id: this.#id, type: "subscribe", payload: { query: subscription } });
      this.#hear.resolve(this);
    } else if (type === "next" && id === this.#id && payload.data && !payload.errors) {
      this.#parsedOne = true;
      const { summary } = payload.data.interactionRecorded.interaction;
      this.#hear.deliver(Number(summary.split(markBefore)[1]), length, json);
    } else if (type === "ping") this.#send({ type: "pong" });
    else if (type !== "pong") throw new Error(`the server said ${json.slice(0, 300)}`);
  }

  #send(message) {
    this.#socket.write(textFrame(JSON.stringify(message)));
  }
}

function numberIn(bytes, from, to) {
  let number = 0;
  for (let at = from; at < to; at++) number = number * 10 + bytes[at] - 48;
  return number;
}

function upgradeOf(port) {
  const lines = [
    "GET /graphql HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol: graphql-transport-ws",
  ];
  return lines.join("\r\n") + endOfHead;
}
