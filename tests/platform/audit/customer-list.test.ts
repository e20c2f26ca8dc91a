import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { customerList, idsIn } from "../../../src/platform/audit/customer-list.js";

const bare = (uuid: string) => uuid.replaceAll("-", "");

describe("the customers of an entry", () => {
  test("are each there once, in the order they came, with their last 14 bits; however their ids are written", () => {
    const ids = fc.array(fc.uuid(), { maxLength: 30 });
    const repeats = fc.array(fc.nat(), { maxLength: 5 });
    fc.assert(
      fc.property(ids, repeats, (given, again) => {
        // given one text with many bare ids, and texts of single ones with hyphens, some of them again
        const repeated = given.length ? again.map((place) => given[place % given.length] as string) : [];
        const distinct = [...new Set(given)];

        // when
        const list = customerList([given.map(bare).join(""), ...repeated]);

        // then
        expect(idsIn(list.ids)).toEqual(distinct);
        expect(list.buckets).toEqual([
          ...new Set(distinct.map((id) => Number.parseInt(id.slice(-4), 16) % 16_384)),
        ]);
      }),
    );
  });

  test("are told apart where they share a bucket", () => {
    const [a, b] = ["019a0000-0000-7000-8000-00000000abcd", "019a0000-0000-7000-8000-10000000abcd"];
    expect(customerList([a, b, a])).toEqual({ ids: Buffer.from(bare(a + b), "hex"), buckets: [11_213] });
  });
});
