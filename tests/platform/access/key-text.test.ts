import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { accessClassOf, type Caller } from "../../../src/platform/access/caller.js";
import { idOfKeyText, newKeyText, readKeyText } from "../../../src/platform/access/key-text.js";
import { newId, toId } from "../../../src/platform/ids.js";

test("a key tells its id, and no two keys of one id are alike", () => {
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      const id = toId("apiKey", uuid);
      const [one, other] = [newKeyText(id), newKeyText(id)];
      expect(one).toMatch(/^c360_live_[0-9A-Za-z]{22}_[0-9A-Za-z]{36}$/);
      expect(one).not.toBe(other);
      expect(readKeyText(one)).toBe(id);
      expect(idOfKeyText(one.slice(0, "c360_live_".length + 22))).toBe(id);
    }),
  );
});

test("a key with one letter wrong, missing, added or swapped is none: no database is needed to tell", () => {
  const key = newKeyText(newId("apiKey"));
  for (let i = 0; i < key.length; i++) {
    const letter = key[i] === "x" ? "y" : "x";
    for (const mistyped of [
      key.slice(0, i) + letter + key.slice(i + 1),
      key.slice(0, i) + key.slice(i + 1),
      key.slice(0, i) + letter + key.slice(i),
    ])
      expect([mistyped, readKeyText(mistyped)]).toEqual([mistyped, null]);
    const swapped = `${key.slice(0, i)}${key[i + 1] ?? ""}${key[i]}${key.slice(i + 2)}`;
    if (swapped !== key) expect([swapped, readKeyText(swapped)]).toEqual([swapped, null]);
  }
});

test("a number that is no id is none", () => {
  expect(idOfKeyText(`c360_live_${"z".repeat(22)}`)).toBeNull();
});

test("a key of before checksums tells its id too", () => {
  const former = `c360_live_01939c5e7d3a7cc29d1f0c6a3a1b2c3d_${"a".repeat(40)}`;
  const id = "key_01939c5e-7d3a-7cc2-9d1f-0c6a3a1b2c3d";
  expect([readKeyText(former), idOfKeyText(former)]).toEqual([id, id]);
});

test("callers of the same scopes and partner are of one class, whichever key they hold", () => {
  const caller = (more: Partial<Caller>): Caller => ({ keyId: newId("apiKey"), scopes: new Set(), ...more });
  const one = caller({ scopes: new Set(["tickets:read", "events:read"]), role: "AGENT" });
  const same = caller({ scopes: new Set(["events:read", "tickets:read"]), expiresAtMs: 1 });
  expect(accessClassOf(one)).toBe("events:read tickets:read|");
  expect(accessClassOf(same)).toBe(accessClassOf(one));
  expect(accessClassOf(caller({ scopes: one.scopes, partner: "acme" }))).toBe(
    "events:read tickets:read|acme",
  );
});
