const opcodes = { text: 1, close: 8, ping: 9, pong: 10 };
const firstTextByte = 0x80 | opcodes.text;
const nothing = Buffer.alloc(0);

/**
 * Takes a server's bytes apart into WebSocket frames (RFC 6455), as few or as many as came at once. Whole frames are looked at
 * where they lie; only what was cut off is copied. The server may neither compress nor split messages.
 * @param {{ text(bytes: Buffer, from: number, to: number): void, ping(payload: Buffer): void, close(code: number, reason: string): void }} on
 * @returns {(bytes: Buffer) => void}
 */
export function frameReader(on) {
  let rest = nothing;
  return (bytes) => {
    const all = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
    let at = 0;
    for (;;) {
      if (all.length - at < 2) break;
      const first = all[at];
      const short = all[at + 1];
      let from = at + 2;
      let length = short;
      if (short === 126) {
        from += 2;
        if (all.length < from) break;
        length = all.readUInt16BE(at + 2);
      } else if (short === 127) {
        from += 8;
        if (all.length < from) break;
        length = Number(all.readBigUInt64BE(at + 2));
      } else if (short > 127) throw new Error("a server must not mask its frames");
      const to = from + length;
      if (all.length < to) break;
      if (first === firstTextByte) on.text(all, from, to);
      else control(first, all.subarray(from, to), on);
      at = to;
    }
    rest = at === all.length ? nothing : Buffer.from(all.subarray(at));
  };
}

function control(first, payload, on) {
  if (first === (0x80 | opcodes.ping)) on.ping(Buffer.from(payload));
  else if (first === (0x80 | opcodes.close))
    on.close(payload.length > 1 ? payload.readUInt16BE(0) : 1005, payload.toString("utf8", 2));
  else throw new Error(`a frame that begins with 0x${first.toString(16)}: compressed, split or not text`);
}

export const textFrame = (text) => frame(opcodes.text, Buffer.from(text));
export const pongFrame = (payload) => frame(opcodes.pong, payload);

/** A client's frame, masked with zeros: the server does its work, the client has none. */
function frame(opcode, payload) {
  const long = payload.length > 125;
  const head = Buffer.alloc(long ? 8 : 6);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (long ? 126 : payload.length);
  if (long) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
