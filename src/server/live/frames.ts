import type { LiveResult } from "./answers.js";

const textFrame = 0x81; // final, opcode 1
const shortLength = 126;
const longLength = 127;

/**
 * `next` messages of graphql-transport-ws as WebSocket frames (RFC 6455, 5.2: final, unmasked), all in one buffer: one write
 * for a burst. `head` is the message up to the payload.
 */
export function nextFrames(head: Buffer, results: readonly LiveResult[]): Buffer {
  let total = 0;
  for (const { payload } of results) {
    const length = head.length + payload.length + 1;
    total += headerLength(length) + length;
  }
  const frames = Buffer.allocUnsafe(total);
  let at = 0;
  for (const { payload } of results) {
    at = writeHeader(frames, at, head.length + payload.length + 1);
    frames.set(head, at);
    at += head.length;
    frames.set(payload, at);
    at += payload.length;
    frames[at++] = 0x7d; // }
  }
  return frames;
}

/** The message of an operation up to its payload. */
export function nextHead(id: string): Buffer {
  return Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
}

function headerLength(length: number): number {
  return length < shortLength ? 2 : length < 65_536 ? 4 : 10;
}

function writeHeader(frames: Buffer, at: number, length: number): number {
  frames[at] = textFrame;
  if (length < shortLength) {
    frames[at + 1] = length;
    return at + 2;
  }
  if (length < 65_536) {
    frames[at + 1] = shortLength;
    return frames.writeUInt16BE(length, at + 2);
  }
  frames[at + 1] = longLength;
  return frames.writeBigUInt64BE(BigInt(length), at + 2);
}
