import { beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "../../../src/platform/access/caller.js";
import { rememberCallers } from "../../../src/platform/access/remembered-callers.js";

const caller: Caller = { keyId: "admin", scopes: new Set() };
let now: number;
let asked: (string | null)[];
let answer: () => Promise<Caller | null>;
let identify: ReturnType<typeof rememberCallers>;
beforeEach(() => {
  now = 1_000_000;
  asked = [];
  answer = async () => caller;
  identify = rememberCallers(
    (key) => {
      asked.push(key);
      return answer();
    },
    () => now,
  );
});

const keyOf = (id: string, secret = "s") => `c360_live_${id.padStart(32, "0")}_${secret.padEnd(40, "x")}`;
const a = keyOf("a");
const b = keyOf("b");

test("a good key is asked about once in a second, and again when the second is over", async () => {
  expect(await identify(a)).toBe(caller);
  now += 999;
  expect(await identify(a)).toBe(caller);
  expect(asked).toEqual([a]);
  now += 1;
  answer = async () => null; // revoked meanwhile
  expect(await identify(a)).toBeNull();
  expect(asked).toEqual([a, a]);
});

test("requests that come together ask once; another key is another question", async () => {
  expect(await Promise.all([identify(a), identify(a), identify(b)])).toEqual([caller, caller, caller]);
  expect(asked).toEqual([a, b]);
});

test("a key that is not good is never remembered, nor is a fault", async () => {
  answer = async () => null;
  expect(await identify(a)).toBeNull();
  answer = () => Promise.reject(new Error("away"));
  await expect(identify(a)).rejects.toThrow("away");
  answer = async () => caller;
  expect(await identify(a)).toBe(caller);
  expect(asked).toEqual([a, a, a]);
});

test("a clock that is set back makes no key good for longer", async () => {
  await identify(a);
  now -= 60_000;
  await identify(a);
  expect(asked).toEqual([a, a]);
});

test("another secret under a remembered id is another question", async () => {
  await identify(a);
  const guessed = keyOf("a", "guessed");
  answer = async () => null;
  expect(await identify(guessed)).toBeNull();
  expect(asked).toEqual([a, guessed]);
});

test("what is no key of ours is not remembered: nobody, or the admin", async () => {
  answer = async () => null;
  expect(await identify(null)).toBeNull();
  expect(await identify("a")).toBeNull();
  expect(await identify("a")).toBeNull();
  expect(asked).toEqual([null, "a", "a"]);
});
