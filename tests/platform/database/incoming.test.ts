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
function handedOn(
  sent: Buffer,
  pieces: readonly number[],
  look: (messages: Buffer, incoming: Incoming) => void = () => {},
): Buffer[] {
  const handed: Buffer[] = [];
  const incoming = new Incoming((messages) => {
    handed.push(Buffer.from(messages));
    look(messages, incoming);
  });
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

test("rows behind one that was handed on go to its taker, however they were cut, and to nobody else's", () => {
  // given answers of some rows each, every row one text, every answer ended by a message that is no row
  const answers = fc.array(fc.nat(5), { minLength: 1, maxLength: 6 });
  const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(answers, pieces, (counts, cuts) => {
      const texts = counts.map((count, answer) =>
        Array.from({ length: count }, (_, row) => `${answer}.${row} زهرا`),
      );
      const sent = texts.flatMap((rows) => [...rows.map(rowOf), ended]);

      // when every second answer is followed
      const read: string[][] = [];
      const others: string[] = [];
      let current = 0;
      handedOn(Buffer.concat(sent), cuts, (messages, incoming) => {
        for (const message of messagesIn(messages)) {
          if (message.equals(ended)) current++;
          else if (current % 2) others.push(textIn(message));
          else {
            read.push([textIn(message)]);
            const rows = read.at(-1)!;
            const take = ([text]: unknown[]) => void rows.push(text as string);
            incoming.follow({ columns: [{ type: textType }], take });
          }
        }
      });

      // then
      expect(read).toEqual(texts.filter((rows, answer) => answer % 2 === 0 && rows.length > 0));
      expect(others).toEqual(texts.filter((_, answer) => answer % 2).flat());
    }),
    { numRuns: 300 },
  );
});

const textType = 25;
const ended = Buffer.from("C\0\0\0\x04");

/** A DataRow of one text. */
function rowOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(6);
  head.writeUInt16BE(1);
  head.writeUInt32BE(bytes.length, 2);
  return message(Buffer.concat([head, bytes]));
}

function textIn(row: Buffer): string {
  return row.toString("utf8", 11);
}

function messagesIn(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 1 + bytes.readUInt32BE(at + 1))
    messages.push(bytes.subarray(at, at + 1 + bytes.readUInt32BE(at + 1)));
  return messages;
}

/** Where each ends when they follow each other. */
function endsOf(buffers: readonly Buffer[]): number[] {
  let end = 0;
  return buffers.map(({ length }) => (end += length));
}
