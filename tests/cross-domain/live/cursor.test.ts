import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  decodeCursor,
  encodeCustomerCursor,
  encodeFeedCursor,
} from "../../../src/cross-domain/live/cursor.js";
import { toId } from "../../../src/platform/ids.js";

const epoch = "0193a2b4-0000-7000-8000-000000000001";
const customerId = toId("customer", "0193a2b4-0000-7000-8000-00000000000a");
const number = fc.maxSafeNat();

describe("cursors", () => {
  test("a customer cursor comes back as it was encoded", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), number, (someEpoch, uuid, seq) => {
        const id = toId("customer", uuid);
        expect(decodeCursor(encodeCustomerCursor(someEpoch, id, seq))).toEqual({
          kind: "customer",
          epoch: someEpoch,
          customerId: id,
          seq,
        });
      }),
    );
  });

  test("a feed cursor comes back as it was encoded", () => {
    fc.assert(
      fc.property(fc.uuid(), number, (someEpoch, pos) => {
        expect(decodeCursor(encodeFeedCursor(someEpoch, pos))).toEqual({
          kind: "feed",
          epoch: someEpoch,
          pos,
        });
      }),
    );
  });

  test("the format is the published one", () => {
    expect(Buffer.from(encodeCustomerCursor(epoch, customerId, 7), "base64url").toString()).toBe(
      `c1:${epoch}:0193a2b4-0000-7000-8000-00000000000a:7;`,
    );
    expect(Buffer.from(encodeFeedCursor(epoch, 7), "base64url").toString()).toBe(`f1:${epoch}:7;`);
  });

  test("no text makes decoding throw, and only an encoded cursor decodes", () => {
    const almost = fc
      .tuple(fc.constantFrom("c1", "f1", "f2"), fc.uuid(), fc.string({ maxLength: 60 }))
      .map(([tag, uuid, rest]) => Buffer.from(`${tag}:${uuid}:${rest};`).toString("base64url"));
    const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.base64String(), almost);
    fc.assert(
      fc.property(text, (candidate) => {
        const cursor = decodeCursor(candidate);
        if (cursor === null) return;
        const again =
          cursor.kind === "feed"
            ? encodeFeedCursor(cursor.epoch, cursor.pos)
            : encodeCustomerCursor(cursor.epoch, cursor.customerId, cursor.seq);
        expect(again).toBe(candidate);
      }),
      { numRuns: 2_000 },
    );
  });

  test("every truncation of a cursor is refused", () => {
    const cursor = encodeCustomerCursor(epoch, customerId, 123456);
    for (let length = 0; length < cursor.length; length++)
      expect(decodeCursor(cursor.slice(0, length))).toBeNull();
  });

  test.each([
    ["padded", `${encodeFeedCursor(epoch, 12)}=`],
    ["with a line end", `${encodeFeedCursor(epoch, 12)}\n`],
    ["with leading zeros", Buffer.from(`f1:${epoch}:012;`).toString("base64url")],
    ["negative", Buffer.from(`f1:${epoch}:-1;`).toString("base64url")],
    ["beyond exact numbers", Buffer.from(`f1:${epoch}:9007199254740992;`).toString("base64url")],
    [
      "in capitals",
      Buffer.from(`f1:${epoch.toUpperCase().replace("0193A2B4", "0193ABCD")}:1;`).toString("base64url"),
    ],
    ["in the bytes of another alphabet", Buffer.from(`f1:${epoch}:\u0661;`).toString("base64url")],
    ["a megabyte long", "a".repeat(1_000_000)],
  ])("a cursor %s is refused", (_, text) => {
    expect(decodeCursor(text)).toBeNull();
  });
});
