import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import {
  base64url,
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import type { Caller } from "../../../src/platform/access/caller.js";
import { roles } from "../../../src/platform/access/roles.js";
import { createTokenReader } from "../../../src/platform/access/tokens.js";
import { startTestApp, type TestApp } from "../../support/app.js";

/** An issuer of tokens: a real server with its keys, which can be rotated and taken away. */
const issuer = "https://login.example.com";
const audience = "customer-360";
interface Pair {
  kid: string;
  publicKey: CryptoKey;
  privateKey: CryptoKey;
}
let server: Server;
let jwksUrl: string;
let published: Pair[];
let answerWith: number;
let asked: number;
let first: Pair;
let second: Pair;

beforeAll(async () => {
  [first, second] = await Promise.all([newPair("first"), newPair("second")]);
  server = createServer(async (_, response) => {
    asked++;
    const keys = await Promise.all(
      published.map(async ({ kid, publicKey }) => ({ ...(await exportJWK(publicKey)), kid, use: "sig" })),
    );
    response.writeHead(answerWith).end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  published = [first];
  answerWith = 200;
  asked = 0;
});

async function newPair(kid: string): Promise<Pair> {
  return { kid, ...(await generateKeyPair("RS256", { extractable: true })) };
}

const nowSeconds = () => Math.floor(Date.now() / 1000);

interface Token {
  by?: Pair;
  kid?: string;
  claims?: JWTPayload;
}

function signed({ by = first, kid = by.kid, claims = {} }: Token = {}): Promise<string> {
  const all = { iss: issuer, aud: audience, sub: "user-1", exp: nowSeconds() + 600, ...claims };
  return new SignJWT(all).setProtectedHeader({ alg: "RS256", kid }).sign(by.privateKey);
}

function reader(faults: unknown[] = []) {
  return createTokenReader(
    { jwksUrl, issuer, audience, roleClaim: "roles" },
    { cooldownMs: 0, onFault: (fault) => faults.push(fault) },
  );
}

test("a token tells who asks, what they may do and when that ends; not who they are", async () => {
  const exp = nowSeconds() + 600;
  const claims = {
    exp,
    sub: "jane@example.com",
    scope: "tickets:read openid nonsense",
    scp: ["events:read"],
  };
  const caller = (await reader()(await signed({ claims }))) as Caller;
  expect({ ...caller, scopes: [...caller.scopes] }).toEqual({
    keyId: expect.stringMatching(/^token:[\w-]{22}$/),
    scopes: ["tickets:read", "events:read"],
    role: null,
    partner: null,
    expiresAtMs: (exp + 30) * 1000,
  });
  expect(JSON.stringify(caller)).not.toContain("jane");
});

test.each([
  ["a role in a list", { roles: ["offline_access", "analyst"] }, [...roles.ANALYST]],
  ["a role as a text", { roles: "agent" }, [...roles.AGENT]],
  ["a partner's role with the partner", { roles: "PARTNER", partner: "acme" }, [...roles.PARTNER]],
  ["a partner's role without one", { roles: "PARTNER" }, []],
  [
    "a role and a scope",
    { roles: "PARTNER", partner: "acme", scp: ["tickets:read"] },
    [...roles.PARTNER, "tickets:read"],
  ],
  ["claims of other types", { roles: 7, scope: {}, scp: [1] }, []],
])("%s gives its scopes", async (_name, claims, scopes) => {
  const caller = await reader()(await signed({ claims }));
  expect([...(caller?.scopes ?? ["no caller"])]).toEqual(scopes);
});

const refused: [string, number, () => Promise<string>][] = [
  [
    "without a signature",
    0,
    async () =>
      new UnsecuredJWT({ sub: "u" }).setIssuer(issuer).setAudience(audience).setExpirationTime("1h").encode(),
  ],
  [
    "signed by the published key taken as a secret",
    0,
    async () =>
      new SignJWT({ iss: issuer, aud: audience, sub: "u", exp: nowSeconds() + 600 })
        .setProtectedHeader({ alg: "HS256", kid: "first" })
        .sign(new TextEncoder().encode(await exportSPKI(first.publicKey))),
  ],
  ["for another audience", 1, () => signed({ claims: { aud: "another" } })],
  ["of another issuer", 0, () => signed({ claims: { iss: "https://evil.example" } })],
  ["that has expired", 0, () => signed({ claims: { exp: nowSeconds() - 31 } })],
  ["that never expires", 0, () => signed({ claims: { exp: undefined } })],
  ["that speaks of nobody", 1, () => signed({ claims: { sub: undefined } })],
  ["that is not valid yet", 1, () => signed({ claims: { nbf: nowSeconds() + 60 } })],
  ["signed by another key under a known name", 1, () => signed({ by: second, kid: "first" })],
  ["signed by an unknown key", 2, () => signed({ by: second })],
  ["whose claims were changed", 1, async () => tampered(await signed())],
  ["that is garbage", 0, async () => "a.b.c"],
];

test.each(refused)("a token %s is refused; the issuer is asked %d times", async (_name, times, token) => {
  expect([await reader()(await token()), asked]).toEqual([null, times]);
});

function tampered(token: string): string {
  const [head, body, signature] = token.split(".") as [string, string, string];
  const claims = JSON.parse(new TextDecoder().decode(base64url.decode(body)));
  return [head, base64url.encode(JSON.stringify({ ...claims, roles: "ADMIN" })), signature].join(".");
}

test("a clock that is a little off refuses nobody", async () => {
  const claims = { exp: nowSeconds() - 20, nbf: nowSeconds() + 20 };
  expect(await reader()(await signed({ claims }))).not.toBeNull();
});

test("keys are read once, and again for a token of a key that the issuer has added", async () => {
  const read = reader();
  for (let i = 0; i < 3; i++) expect(await read(await signed())).not.toBeNull();
  expect(asked).toBe(1);
  published = [second];
  expect(await read(await signed({ by: second }))).not.toBeNull();
  expect(asked).toBe(2);
  expect(await read(await signed())).toBeNull(); // withdrawn meanwhile
});

test("while the issuer is away its last keys are taken; a token of another is neither good nor bad", async () => {
  const faults: unknown[] = [];
  const read = reader(faults);
  expect(await read(await signed())).not.toBeNull();
  answerWith = 500;
  await expect(read(await signed({ by: second }))).rejects.toMatchObject({
    extensions: { code: "UNAVAILABLE" },
  });
  expect(await read(await signed())).not.toBeNull();
  expect(faults).toHaveLength(1);
  answerWith = 200;
  published = [first, second];
  expect(await read(await signed({ by: second }))).not.toBeNull();
});

test("an issuer that never answered makes tokens UNAVAILABLE, not bad", async () => {
  answerWith = 503;
  await expect(reader()(await signed())).rejects.toMatchObject({ extensions: { code: "UNAVAILABLE" } });
});

test("a broken issuer is asked by one token, not by each", async () => {
  answerWith = 503;
  const read = createTokenReader({ jwksUrl, issuer, audience, roleClaim: "roles" }, { cooldownMs: 60_000 });
  for (let i = 0; i < 5; i++) await read(await signed()).catch(() => {});
  expect(asked).toBe(1);
});

test("a token opens both transports for as long as it is valid, and its scopes hold", async () => {
  const app: TestApp = await startTestApp({ tokens: { jwksUrl, issuer, audience, roleClaim: "roles" } });
  try {
    const key = await signed({ claims: { roles: ["analyst"] } });
    expect((await app.execute("{ tickets { totalCount } }", {}, { key })).data).toEqual({
      tickets: { totalCount: 0 },
    });
    const write = `mutation { recordFeedback(input: { source: "x", feedback: [] }) { results { index } } }`;
    const { status, errors } = await app.execute(write, {}, { key });
    expect([status, errors?.[0].extensions.code]).toEqual([403, "FORBIDDEN"]);
    const answer = await new Promise((resolve, reject) =>
      app
        .socket(key)
        .subscribe(
          { query: "{ tickets { totalCount } }" },
          { next: resolve, error: reject, complete: () => {} },
        ),
    );
    expect(answer).toMatchObject({ data: { tickets: { totalCount: 0 } } });
    const bad = await app.execute(
      "{ __typename }",
      {},
      { key: await signed({ claims: { aud: "another" } }) },
    );
    expect([bad.status, bad.errors?.[0].extensions.code]).toEqual([401, "UNAUTHENTICATED"]);

    const ending = await signed({ claims: { exp: nowSeconds() - 28, roles: ["analyst"] } }); // two seconds more by the skew
    const socket = app.socket(ending);
    const closed = new Promise((resolve) =>
      socket.on("closed", (event) => resolve((event as { code: number }).code)),
    );
    socket.subscribe(
      { query: "subscription { events { cursor } }" },
      { next() {}, error() {}, complete() {} },
    );
    expect(await closed).toBe(4403);
  } finally {
    await app.stop();
  }
});

test("without a configured issuer every token is refused", async () => {
  const app = await startTestApp();
  expect((await app.execute("{ __typename }", {}, { key: await signed() })).status).toBe(401);
  await app.stop();
});
