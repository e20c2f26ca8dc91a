import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Incoming } from "../../../src/platform/database/incoming.js";

/** A message as a server sends it: its type, its length, and what it says. */
function message(content: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write("D");
  header.writeUInt32BE(4 + content.length, 1);
  return Buffer.concat([header, content]);
}

/** What is handed on when a server's bytes come in pieces. Each piece is written where there is room for it. */
function handedOn(sent: Buffer, pieces: readonly number[]): Buffer[] {
  const handed: Buffer[] = [];
  const incoming = new Incoming((messages) => handed.push(Buffer.from(messages)));
  let from = 0;
  for (let i = 0; from < sent.length; i++) {
    const room = incoming.room();
    expect(room.length).toBeGreaterThan(0);
    const count = Math.min(pieces[i % pieces.length] ?? 1, room.length, sent.length - from);
    sent.copy(room, 0, from, from + count);
    incoming.take(count);
    from += count;
  }
  return handed;
}

test("only whole messages are handed on, in order and without a byte changed, however they were cut", () => {
  const lengths = fc.oneof(fc.nat(40), fc.nat(2_000), fc.constantFrom(0, 262_139, 262_140, 400_000));
  const pieces = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 300_000 })), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(fc.array(lengths, { minLength: 1, maxLength: 6 }), pieces, (sizes, cuts) => {
      // Small cuts of long messages take for ever and tell nothing new.
      fc.pre(Math.max(...sizes) < 3_000 || Math.max(...cuts) > 1_000);
      const messages = sizes.map((size, i) => message(Buffer.alloc(size, i + 1)));
      const handed = handedOn(Buffer.concat(messages), cuts);
      const whole = endsOf(messages);
      expect(endsOf(handed).every((end) => whole.includes(end))).toBe(true);
      expect(Buffer.concat(handed).equals(Buffer.concat(messages))).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("who says that a gigabyte is coming gets no more room than what came", () => {
  const incoming = new Incoming(() => {
    throw new Error("nothing is whole");
  });
  const notPostgres = Buffer.from("HTTP/1.1 400 Bad Request");
  notPostgres.copy(incoming.room());
  incoming.take(notPostgres.length);
  expect(incoming.room().length).toBeLessThan(300_000);
});

/** Where each ends when they follow each other. */
function endsOf(buffers: readonly Buffer[]): number[] {
  let end = 0;
  return buffers.map(({ length }) => (end += length));
}
