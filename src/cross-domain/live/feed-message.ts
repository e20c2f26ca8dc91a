import { createHmac, timingSafeEqual } from "node:crypto";
import type { LoggedRow } from "./live.queries.js";

/** What the nodes of one database share: which log they speak of, and the key that only they know. */
export interface Sealing {
  epoch: string;
  brokerKey: string;
}

const algorithm = "sha256";
const sealBytes = 32;
/** Of the JSON around the events. */
const frameBytes = 128;
/** Small enough to be read between two other things, large enough for a few hundred events. */
const preferredBytes = 256 * 1024;

/**
 * Stamped events as messages from node to node: a seal (HMAC-SHA-256) and JSON. As many messages as the size asks for;
 * an event that is too large for any is left out, and who misses it reads the log.
 */
export function sealedMessages(sealing: Sealing, rows: readonly LoggedRow[], maxBytes: number): Buffer[] {
  const room = Math.min(maxBytes, preferredBytes) - sealBytes - frameBytes;
  const messages: Buffer[] = [];
  let texts: string[] = [];
  let bytes = 0;
  const close = () => {
    if (texts.length > 0) messages.push(sealed(sealing, texts));
    texts = [];
    bytes = 0;
  };
  for (const { epoch: _, minPos: __, ...event } of rows) {
    const text = JSON.stringify(event);
    const length = Buffer.byteLength(text) + 1;
    if (bytes + length > room) close();
    if (length > room) continue;
    texts.push(text);
    bytes += length;
  }
  close();
  return messages;
}

/** The events of a message that a node of this log sealed, contiguous and in order; null for anything else. */
export function unsealed(sealing: Sealing, message: Uint8Array): LoggedRow[] | null {
  if (message.length <= sealBytes) return null;
  const body = message.subarray(sealBytes);
  if (!timingSafeEqual(message.subarray(0, sealBytes), sealOf(sealing, body))) return null;
  const { version, epoch, events } = JSON.parse(Buffer.from(body).toString("utf8"));
  if (version !== 1 || epoch !== sealing.epoch) return null;
  return events.map((event: object) => ({ ...event, epoch, minPos: 0 }));
}

function sealed(sealing: Sealing, events: readonly string[]): Buffer {
  const body = Buffer.from(`{"version":1,"epoch":"${sealing.epoch}","events":[${events.join(",")}]}`);
  return Buffer.concat([sealOf(sealing, body), body]);
}

function sealOf({ brokerKey }: Sealing, body: Uint8Array): Buffer {
  return createHmac(algorithm, brokerKey).update(body).digest();
}
