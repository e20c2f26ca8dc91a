import { expect, test } from "@jest/globals";
import { askedTogether } from "../../../src/platform/access/asked-together.js";
import { admin, type Caller } from "../../../src/platform/access/caller.js";

function given() {
  const looks: { presented: string | null; answer(caller: Caller | null): void; fail(error: Error): void }[] =
    [];
  const ask = askedTogether(
    (presented) =>
      new Promise((answer, fail) => {
        looks.push({ presented, answer, fail });
      }),
  );
  return { ask, looks };
}
/** Whatever was settled has been passed on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("who asks while a key is looked up shares one look that begins afterwards", async () => {
  const { ask, looks } = given();
  const first = ask("key");
  const late = Array.from({ length: 1_000 }, () => ask("key"));
  expect(looks).toHaveLength(1);
  looks[0]?.answer(admin);
  expect(await first).toBe(admin);
  await settled();
  expect(looks).toHaveLength(2);
  looks[1]?.answer(null); // revoked meanwhile
  expect(new Set(await Promise.all(late))).toEqual(new Set([null]));
  await settled();
  void ask("key");
  expect(looks).toHaveLength(3);
});

test("keys do not wait for each other, and a look that fails does not end the next one", async () => {
  const { ask, looks } = given();
  const [first, second] = [ask("one"), ask("one")];
  const other = ask("two");
  expect(looks.map(({ presented }) => presented)).toEqual(["one", "two"]);
  looks[1]?.answer(admin);
  expect(await other).toBe(admin);
  looks[0]?.fail(new Error("away"));
  await expect(first).rejects.toThrow("away");
  await settled();
  looks[2]?.answer(admin);
  expect(await second).toBe(admin);
});
