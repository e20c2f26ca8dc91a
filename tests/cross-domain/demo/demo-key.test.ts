import { readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { demoKey } from "../../../src/cross-domain/demo/demo-key.js";
import { createTemporaryFolder } from "../../support/temporary-folder.js";

let temporary: ReturnType<typeof createTemporaryFolder>;
beforeEach(() => {
  temporary = createTemporaryFolder();
});
afterEach(() => temporary.remove());

const config = (more: object = {}) => ({
  adminKey: null,
  host: "127.0.0.1",
  dataFolder: path.join(temporary.folder, "data"),
  ...more,
});

test("a key is made once, and only its owner can read the file", () => {
  const first = demoKey(config());
  expect(first.key).toMatch(/^demo-[\w-]{24}$/);
  expect(demoKey(config())).toEqual(first);
  expect(readFileSync(first.file as string, "utf8").trim()).toBe(first.key);
  expect(statSync(first.file as string).mode & 0o777).toBe(0o600);
});

test("ADMIN_API_KEY goes first, and nothing is written", () => {
  const adminKey = "chosen-by-the-operator";
  expect(demoKey(config({ adminKey, host: "0.0.0.0" }))).toEqual({ key: adminKey, file: null });
  expect(statSync(path.join(temporary.folder, "data"), { throwIfNoEntry: false })).toBeUndefined();
});

test.each(["0.0.0.0", "::", "192.168.1.20", "demo.example.com", "127.evil.example.com"])(
  "on %s, which others reach, the demo's own key is refused",
  (host) => {
    expect(() => demoKey(config({ host }))).toThrow("set ADMIN_API_KEY");
  },
);

test("a damaged key file is told, not used", () => {
  const { file } = demoKey(config());
  writeFileSync(file as string, "short\n");
  expect(() => demoKey(config())).toThrow("holds no key");
});
