import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startTestApp, type TestApp } from "./support/app.js";
import { startProgram } from "./support/program.js";
import { type ServerProxy, startProxy } from "./support/proxy.js";

let app: TestApp;
let proxy: ServerProxy;
let url: string;
beforeAll(async () => {
  app = await startTestApp();
  const { host, user, password = "", database } = app.connection as Record<string, string>;
  proxy = await startProxy(host as string);
  url = `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}/${database}`;
});
afterAll(async () => {
  await proxy.close();
  await app.stop();
});

/** `npm run keys` on the database of a running server. */
async function keys(...parameters: string[]) {
  const program = startProgram("src/keys.ts", { DATABASE_URL: url }, parameters);
  const code = await program.ended;
  return { code, output: program.output() };
}

const statusFor = async (key: string) =>
  (await app.execute("{ tickets { totalCount } }", {}, { key })).status;
const keyIn = (output: string) => /c360_live_[0-9A-Za-z]{22}_[0-9A-Za-z]{36}/.exec(output)?.[0] as string;

test("a key is made, listed, rotated and revoked from the terminal, and the server follows", async () => {
  const more = ["--purpose", "marketing", "--expires", "2099-01-01T00:00:00Z"];
  const made = await keys("create", "night desk", "--role", "analyst", ...more);
  expect(made.code).toBe(0);
  const first = keyIn(made.output);
  expect(await statusFor(first)).toBe(200);

  const { output: list } = await keys("list");
  const [head, row, ...others] = list.trim().split("\n");
  expect([head?.split(/ {2,}/), others]).toEqual([
    ["ID", "NAME", "STARTS WITH", "STATUS", "ROLE", "PARTNER", "PURPOSE", "EXPIRES", "LAST USED", "SCOPES"],
    [],
  ]);
  const [id, ...cells] = row?.split(/ {2,}/) ?? [];
  expect(cells.slice(0, 7)).toEqual([
    "night desk",
    first.slice(0, 32),
    "ACTIVE",
    "ANALYST",
    "-",
    "marketing",
    "2099-01-01T00:00",
  ]);
  expect(list).not.toContain(first);

  const rotated = await keys("rotate", id as string, "--overlap-hours", "1");
  expect([await statusFor(first), await statusFor(keyIn(rotated.output))]).toEqual([200, 200]);
  const revoked = await keys("revoke", first.slice(0, 32));
  expect([revoked.code, revoked.output]).toEqual([0, expect.stringContaining("REVOKED")]);
  while ((await statusFor(first)) !== 401);
  expect((await keys("list")).output.trim().split("\n")).toHaveLength(1);
  expect((await keys("list", "--all")).output).toContain("REVOKED");
}, 60_000);

test("a key has the budget that it was made with", async () => {
  const budget = ["--budget-points", "70", "--restored-per-second", "7"];
  const made = await keys("create", "report", "--role", "analyst", ...budget);
  const document = "{ rateLimit { maximum restoreRate } }";
  const { data } = await app.execute(document, {}, { key: keyIn(made.output) });
  expect(data.rateLimit).toEqual({ maximum: 70, restoreRate: 7 });
}, 60_000);

test.each([
  ["an unknown role", ["create", "x", "--role", "king"], "Allowed choices are agent, analyst"],
  [
    "a budget of nothing",
    ["create", "x", "--role", "analyst", "--restored-per-second", "0"],
    "INVALID_NUMBER: restoredPerSecond must be a whole number from 1 to 200000000.",
  ],
  ["an unknown purpose", ["create", "x", "--purpose", "profit"], "Allowed choices are service, marketing"],
  ["no role and no scope", ["create", "x"], "NO_SCOPES: scopes must not be empty without a role."],
])("%s is refused in a line, with exit code 2", async (_name, parameters, words) => {
  const { code, output } = await keys(...parameters);
  expect([code, output.includes(words), /^\s+at /m.test(output)]).toEqual([2, true, false]);
});

test("help says what the roles may do, and ends well", async () => {
  const { code, output } = await keys("--help");
  expect([code, output]).toEqual([0, expect.stringContaining("admin       everything")]);
});

test("help of create says what budget a key can be given", async () => {
  const { code, output } = await keys("create", "--help");
  expect([code, output]).toEqual([0, expect.stringContaining("--budget-points <points>")]);
  expect(output).toContain("--restored-per-second <points>");
});
